"""The command `ses`."""
