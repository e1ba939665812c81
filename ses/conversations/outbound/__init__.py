"""What leaves a conversation: queues of the outbox, delivery to the channels, messages that never arrive."""
