"""What begins and ends by time: versions of robots, the end of sessions, retention."""
