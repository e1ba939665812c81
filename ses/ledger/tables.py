"""The tables of the ledger, as they are now. How they came to be so is told in `migrations/`."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

_NUMBER = BigInteger().with_variant(Integer, "sqlite")

_journal = MetaData()
settings = Table(
    "settings",
    _journal,
    Column("id", _NUMBER, primary_key=True),
    Column("started_at", DateTime, nullable=False),
    Column("version", String(40), nullable=False),
    Column("settings", Text, nullable=False),
)
"""One row a start: what the daemon ran with, secrets masked."""
journal = Table(
    "journal",
    _journal,
    Column("id", _NUMBER, primary_key=True),
    Column("user", String(64), nullable=False),
    Column("username", String(320)),
    Column("type", String(255), nullable=False),
    Column("request", Text),
    Column("request_dt", DateTime, nullable=False),
    Column("response", Text),
    Column("response_dt", DateTime, nullable=False),
    Column("status_code", Integer, nullable=False),
    Column("config_id", _NUMBER, ForeignKey("settings.id"), nullable=False),
)
"""Requests and their responses; times are UTC."""


class UserTables(NamedTuple):
    users: Table
    tokens: Table


def user_tables(name: str) -> UserTables:
    """`name`: of the table of users, or `schema.table`."""
    schema, _, name = name.rpartition(".")
    metadata = MetaData(schema=schema or None)
    users = Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True),
        Column("email", String(320), nullable=False, unique=True),
        Column("password", String(255), nullable=False),
        Column("privileged", Boolean, nullable=False),
        Column("disabled", Boolean, nullable=False),
        Column("expiration_date", Date, nullable=False),
        Column("created_at", DateTime, nullable=False),
    )
    tokens = Table(
        f"{name}_tokens",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("user_id", Integer, ForeignKey(users.c.id), nullable=False),
        Column("digest", String(64), nullable=False, unique=True),
        Column("shown", String(8), nullable=False),
        Column("own", Boolean, nullable=False),
        Column("created_at", DateTime, nullable=False),
    )
    return UserTables(users, tokens)
