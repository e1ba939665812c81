"""What came in and whom it is for: dispatch, routing, scoring, presses, replies, built-in intents."""
