"""The state of a conversation and of a turn: session, stack, scope, ports, trace, undo log, checkpoint."""
