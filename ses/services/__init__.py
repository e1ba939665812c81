"""The six HTTP services and authors' own `http` calls: one client, a short module for each service."""
