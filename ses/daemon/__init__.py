"""The daemon: the one place where all parts are built, joined, started and stopped."""
