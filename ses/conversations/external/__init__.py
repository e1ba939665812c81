"""What other systems bring into conversations, and how a conversation goes on in another channel."""
