"""Messages and events of other systems, whom they are for, and links by which a conversation goes on in another channel."""
