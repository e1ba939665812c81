"""Mailboxes at work: the scheduler, one turn after the other, and the rows that a turn becomes."""
