"""The language model in a dialogue: the step `llm`, tools, prompts, schemas, intents that it classifies."""
