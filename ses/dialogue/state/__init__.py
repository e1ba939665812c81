"""What a conversation and a turn under way are: session, stack, scope, ports, trace, undo log."""
