"""Files made before there were revisions; the earliest of them count attempts where later ones have suspicion.

Only SQLite has such. A new database never comes here: it is made as the tables are now, and stamped.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    columns = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("inbox")}
    if "attempts" in columns:
        op.drop_column("inbox", "attempts")
    if "suspicion" not in columns:
        op.add_column("inbox", sa.Column("suspicion", sa.Integer, nullable=False, server_default="0"))
    # Programs from before ask this number, and refuse the file from now on.
    op.execute("PRAGMA user_version = 2")
