"""One turn of a conversation: understanding, slots, steps. It does no I/O of its own: it awaits ports."""
