"""After a death of the process: what was accepted and not answered, and what may have killed it."""
