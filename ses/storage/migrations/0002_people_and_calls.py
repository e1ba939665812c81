"""Who is behind a conversation, one person's names in several channels, calls of other systems, links between channels."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite

revision = "0002"
down_revision = "0001"

_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_TIME: sa.types.TypeEngine[float] = sa.Double().with_variant(sqlite.REAL(), "sqlite")
_ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_USER = {
    "sqlite": "CASE WHEN instr(session, ':') > 0 THEN substr(session, instr(session, ':') + 1) ELSE session END",
    "postgresql": "CASE WHEN strpos(session, ':') > 0 THEN split_part(session, ':', 2) ELSE session END",
}
"""Of a messenger's conversation: `USER`, in a group `CHAT:USER`."""
_PHONE = {
    "sqlite": "value >= x'222B' AND value < x'222C' AND length(value) < 20",
    "postgresql": r"value >= '\x222b'::bytea AND value < '\x222c'::bytea AND length(value) < 20",
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.add_column("sessions", sa.Column("user", _TEXT, nullable=False, server_default=""))
    for kind in ("telegram", "vk"):
        op.execute(
            f"UPDATE sessions SET \"user\" = '{kind}:' || {_USER[dialect]} WHERE connector LIKE '{kind}.%'"  # noqa: S608
        )
    op.create_table(
        "identities",
        sa.Column("identity", _TEXT, primary_key=True),
        sa.Column("person", _TEXT, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "calls",
        sa.Column("name", _TEXT, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("plan", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "links",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("session", _ROW, nullable=False),
        sa.Column("connector", _TEXT, nullable=False),
        sa.Column("expires", _TIME, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("identities_person", "identities", ["person"])
    op.create_index("calls_at", "calls", ["at"])
    op.create_index("links_session", "links", ["session"])
    op.create_index("links_expires", "links", ["expires"])
    op.execute('CREATE INDEX sessions_user ON sessions ("user") WHERE "user" <> \'\'')
    op.execute(f"CREATE INDEX user_values_phone ON user_values (robot, value) WHERE {_PHONE[dialect]}")
