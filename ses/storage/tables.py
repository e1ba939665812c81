"""The pipeline's tables, once for both kinds of database.

Only tests and the tools of developers import this: a new database is made from `tables.sql` of its backend, which is written
out of here (`python -m ses.storage.tables`), and an old one is carried forward by the revisions in `ses/storage/migrations`.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.types import TypeEngine

_ROW = BigInteger().with_variant(Integer(), "sqlite")
_TIME: TypeEngine[float] = Double().with_variant(sqlite.REAL(), "sqlite")
"""Seconds since 1970."""
_TEXT = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Compared byte by byte: names and ids have no language, and no update of the system's locales can spoil their indexes."""

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("name", _TEXT, primary_key=True),
    Column("value", _TEXT, nullable=False),
    sqlite_with_rowid=False,
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", _ROW, Identity(), primary_key=True),
    Column("connector", _TEXT, nullable=False),
    Column("session", _TEXT, nullable=False),
    Column("robot", _TEXT, nullable=False),
    Column("turn", Integer, nullable=False, server_default="0"),
    Column("seq", Integer, nullable=False, server_default="0"),
    Column("private", Boolean, nullable=False, server_default=text("false")),
    Column("created", _TIME, nullable=False),
    Column("touched", _TIME, nullable=False),
    Column("expires", _TIME, nullable=False),
    Column("pinned", _TEXT, nullable=False, server_default=""),
    Column("key_hash", LargeBinary),
    Column("state", LargeBinary),
    # Who is behind it, as the channel names him: `telegram:123`. Empty: nobody but the conversation itself.
    Column("user", _TEXT, nullable=False, server_default=""),
    UniqueConstraint("session", "connector"),
    # Each turn writes the row anew: room for that on its own page keeps the indexes out of it.
    postgresql_with={"fillfactor": "60"},
)

_somebody = sessions.c.user != text("''")
Index("sessions_user", sessions.c.user, sqlite_where=_somebody, postgresql_where=_somebody)

# The queue, the record by which second copies are known, and the visitor's side of the dialogue log.
inbox = Table(
    "inbox",
    metadata,
    Column("id", _ROW, Identity(), primary_key=True),
    Column("session", _ROW, nullable=False),
    Column("external_id", _TEXT, nullable=False),
    Column("at", _TIME, nullable=False),
    Column("turn", Integer),
    Column("suspicion", Integer, nullable=False, server_default="0"),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("session", "external_id"),
)
_waiting = inbox.c.turn.is_(None)
Index("inbox_pending", inbox.c.session, sqlite_where=_waiting, postgresql_where=_waiting)
Index("inbox_at", inbox.c.at)

# The delivery queue, what a widget replays, and the robot's side of the dialogue log.
outbox = Table(
    "outbox",
    metadata,
    Column("session", _ROW, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("turn", Integer, nullable=False),
    Column("at", _TIME, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("masked", LargeBinary),
    sqlite_with_rowid=False,
)
_to_deliver = outbox.c.state == text("0")
Index(
    "outbox_pending", outbox.c.session, outbox.c.seq, sqlite_where=_to_deliver, postgresql_where=_to_deliver
)
Index("outbox_at", outbox.c.at)

traces = Table(
    "traces",
    metadata,
    Column("session", _ROW, primary_key=True, autoincrement=False),
    Column("turn", Integer, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

user_values = Table(
    "user_values",
    metadata,
    Column("robot", _TEXT, primary_key=True),
    Column("user", _TEXT, primary_key=True),
    Column("name", _TEXT, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# Phones kept by user: whoever knows one may write to its person.
_phone = {
    "sqlite": text("value >= x'222B' AND value < x'222C' AND length(value) < 20"),
    "postgres": text("value >= '\\x222b'::bytea AND value < '\\x222c'::bytea AND length(value) < 20"),
}
Index(
    "user_values_phone",
    user_values.c.robot,
    user_values.c.value,
    sqlite_where=_phone["sqlite"],
    postgresql_where=_phone["postgres"],
)

# Names of one person in several channels. Who is known by one name only has no row.
identities = Table(
    "identities",
    metadata,
    Column("identity", _TEXT, primary_key=True),
    Column("person", _TEXT, nullable=False),
    Column("at", _TIME, nullable=False),
    Index("identities_person", "person"),
    sqlite_with_rowid=False,
)

# Calls of other systems that came under an id of theirs, so that a repeat gets the answer it got before.
calls = Table(
    "calls",
    metadata,
    Column("name", _TEXT, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("at", _TIME, nullable=False),
    Column("plan", LargeBinary, nullable=False),
    Column("answer", LargeBinary),
    Index("calls_at", "at"),
    sqlite_with_rowid=False,
)

# Links by which a conversation goes on in another channel; only the hash of what stands in them is kept.
links = Table(
    "links",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("session", _ROW, nullable=False),
    Column("connector", _TEXT, nullable=False),
    Column("expires", _TIME, nullable=False),
    Index("links_session", "session"),
    Index("links_expires", "expires"),
    sqlite_with_rowid=False,
)

versions = Table(
    "versions",
    metadata,
    Column("robot", _TEXT, primary_key=True),
    Column("version", _TEXT, primary_key=True),
    Column("at", _TIME, nullable=False),
    Column("archive", LargeBinary, nullable=False),
)

# Alembic's own, here because a new database is stamped without Alembic.
pipeline_version = Table(
    "pipeline_version", metadata, Column("version_num", _TEXT, primary_key=True), sqlite_with_rowid=False
)

DIALECTS: dict[str, Dialect] = {"sqlite": sqlite.dialect(), "postgres": postgresql.dialect()}  # type: ignore[no-untyped-call]


def as_sql(dialect: Dialect) -> str:
    """What makes the tables in an empty database."""
    statements: list[CreateTable | CreateIndex] = []
    for table in metadata.sorted_tables:
        statements.append(CreateTable(table))
        statements += [
            CreateIndex(index) for index in sorted(table.indexes, key=lambda index: index.name or "")
        ]
    compiled = (str(statement.compile(dialect=dialect)).strip() for statement in statements)
    lines = (line.rstrip() for sql in compiled for line in f"{sql};\n".splitlines())
    return (
        "-- Written by `python -m ses.storage.tables`; change ses/storage/tables.py.\n"
        + "\n".join(lines)
        + "\n"
    )


if __name__ == "__main__":
    for name, dialect in DIALECTS.items():
        (Path(__file__).parent / name / "tables.sql").write_text(as_sql(dialect))
