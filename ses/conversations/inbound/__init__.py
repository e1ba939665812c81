"""How an inbound comes in: rate limits, the disk, the mailbox of its conversation, the debounce of a burst."""
