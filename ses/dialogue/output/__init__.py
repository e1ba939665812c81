"""The robot's words: messages, questions, buttons, speech, messages injected by other systems."""
