"""How databases of older programs become those of this one: Alembic, run in a process of its own.

Every wing with tables has a `History`: revisions in a folder, a version table of its own. Several live side by side in one
database. A start reads the version table by plain SQL and comes here only when the revision is not its own.
"""
