"""The daemon's HTTP side: the API and administration on one listener, what the world may see on the other."""
