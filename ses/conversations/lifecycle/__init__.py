"""What begins and ends by time: versions of robots, expiry of sessions, retention."""
