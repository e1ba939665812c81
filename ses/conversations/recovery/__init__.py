"""After a death of the process: what was accepted and not answered, and the quarantine of poison candidates."""
