"""Recordings: where they lie, and how they become what services and channels take."""
