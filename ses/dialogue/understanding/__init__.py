"""What an utterance says: its words, values, intents, and its answer to the open question."""
