"""The channels. Each folder has the same files; `contract.py` says what a connector gives and gets."""
