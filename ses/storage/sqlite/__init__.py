"""The embedded store: SQLite in WAL mode, one writer thread, readers beside it."""
