"""Recognisers that need no network: words, patterns, examples, entities, compiled together for a whole robot."""
