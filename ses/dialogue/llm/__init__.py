"""The language model in a dialogue: the step `llm`, tools, prompts, schemas, intents told in words."""
