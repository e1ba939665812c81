"""What leaves a conversation: the outbox, delivery to the channels, and messages that never arrive."""
