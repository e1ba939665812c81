"""The daemon's own HTTP API: `/ses/…` and `/api/v1/chat`."""
