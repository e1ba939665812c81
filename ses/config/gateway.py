"""`gateway`: who may use the language model over `/v1`, and what is kept of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_serializer, field_validator, model_validator

from ses.config.chat import Chat
from ses.config.fields import About, Seconds, Secret, Section, without_password

OWN_DATABASE = "sqlite:///data/gateway.db"


def _table(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,54}(\.[A-Za-z_][A-Za-z0-9_]{0,54})?", name):
        raise ValueError("must be the name of a table, or schema.table: letters, digits and `_`")
    return name


Table = Annotated[str, AfterValidator(_table)]


class Database(Section):
    url: str = OWN_DATABASE
    """`sqlite:///FILE` (relative to the configuration file; four slashes: absolute) or `postgresql://…`."""

    @field_validator("url")
    @classmethod
    def _known_database(cls, url: str, info: ValidationInfo) -> str:
        if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
            base: Path = (info.context or {}).get("base", Path.cwd())
            return f"sqlite:///{base / url.removeprefix('sqlite:///')}"
        try:
            if urlsplit(url).scheme in ("postgresql", "postgres") and urlsplit(url).hostname:
                return url
        except ValueError:
            pass  # an address that cannot be split is refused below, like any other
        raise ValueError("must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE")

    @field_serializer("url", when_used="json")
    def _shown(self, url: str) -> str:
        return without_password(url)


class Users(Database):
    table: Table = "users"
    """Its tokens stand in `{table}_tokens`."""


class Journal(Database):
    retention: Annotated[int, Field(ge=1, le=36_500)] | None = None
    """Days that requests are kept; none: for ever."""
    spool: Annotated[int, Field(ge=1_048_576)] = 268_435_456
    """Bytes kept on disk while the database is down."""


class Wait(Section):
    """At the start `/v1` answers 503 until the engine is there."""

    attempts: Annotated[int, Field(ge=1, le=10_000)] = 5
    timeout: Seconds = 10
    """Seconds between two attempts."""


class Gateway(Section):
    token: Secret | None = None
    """One token for all."""
    users: Users | None = None
    """Each user has tokens of his own, and administrators manage users over the API."""
    journal: Journal | None = None
    max_n: Annotated[int, Field(ge=1, le=1000)] = 10
    """The largest `n` of a request."""
    body: Annotated[int, Field(ge=1024, le=1_073_741_824)] = 12_582_912
    """Bytes of a request's body."""
    wait: Wait | None = None
    chat: Chat = Chat()
    """The page at `/chat`."""
    migrate: bool = False
    """Bring the tables up to date at start, as `ses db upgrade` does. Embedded databases always are."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.token is not None and self.users is not None:
            raise About(
                "token", "there are `users` too; keep one of them, or nobody could say who comes in by which"
            )
        return self
