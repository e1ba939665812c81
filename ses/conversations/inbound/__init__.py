"""How a message enters a conversation: limits, acceptance, mailboxes, messages answered together."""
