"""Slots: filling, assignment, correction, and going back for a revised value."""
