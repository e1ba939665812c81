"""Time and load, without I/O: rate limits, back-off, queues by key. Each mechanism is written here once."""
