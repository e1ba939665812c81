"""`auth`: who may use the API."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import field_validator, model_validator

from ses.config.fields import Many, Name, RobotId, Secret, Section

Scope = Literal["ask", "read", "send", "admin"]
"""`ask` talks to robots, `read` sees sessions, logs and metrics, `send` writes into conversations, `admin` does all of it and reloads."""

SHORTEST_KEY = 16


class Key(Section):
    """A key of the API, sent as `Authorization: Bearer KEY` or `X-API-Key: KEY`."""

    key: Secret
    scopes: Many[Scope]
    robots: Many[RobotId] = ()
    """The robots it may be used for; empty: all."""

    @field_validator("key", mode="after")
    @classmethod
    def _long_enough(cls, key: Secret) -> Secret:
        if len(key.get_secret_value()) < SHORTEST_KEY:
            raise ValueError(
                f"must have at least {SHORTEST_KEY} characters; `openssl rand -hex 32` makes a good one"
            )
        return key

    @field_validator("scopes", mode="after")
    @classmethod
    def _some_scope(cls, scopes: tuple[Scope, ...]) -> tuple[Scope, ...]:
        if not scopes:
            raise ValueError("must name what the key may do: `ask`, `read`, `send`, `admin`")
        return scopes


class Auth(Section):
    keys: dict[Name, Key]

    @model_validator(mode="after")
    def _keys_differ(self) -> Self:
        if not self.keys:
            raise ValueError(
                "has no key, so nobody could use the API; add one, or leave `auth` out for loopback only"
            )
        seen: dict[str, str] = {}
        for name, key in self.keys.items():
            first = seen.setdefault(key.key.get_secret_value(), name)
            if first != name:
                raise ValueError(f"the keys `{first}` and `{name}` are the same")
        return self
