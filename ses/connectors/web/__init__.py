"""The website widget's side of the daemon: websocket protocol `ses.v1`, scripts, media, uploads, demo page.

The protocol is described in `docs/widget.md`; `routes.py` gives the handlers the public listener mounts.
"""
