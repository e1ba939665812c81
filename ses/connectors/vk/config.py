"""What one VK community is configured with, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

API = "https://api.vk.com"


@dataclass(frozen=True, slots=True)
class Settings:
    """One entry of `connectors.vk`."""

    name: str
    """As configured, without the kind: `shop`, not `vk.shop`."""
    robot: str
    group_id: int
    token: str = field(repr=False)
    mode: Literal["longpoll", "callback"] = "longpoll"
    confirmation: str = ""
    """The answer to VK's first call of the Callback API."""
    secret: str = field(default="", repr=False)
    """VK says it in each call of the Callback API."""
    whitelist: tuple[int | str, ...] = ()
    """Ids of users and chats that may talk to the robot; empty: all."""
    activators: tuple[str, ...] = ()
    """Words that wake the robot in group chats; empty: every message does."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Session variables every conversation of this connector starts with."""
    api: str = API
    """Where the API is: scheme, host and port."""


class Hidden(Protocol):
    def get_secret_value(self) -> str: ...


class Configured(Protocol):
    """`connectors.vk.{name}` as the configuration holds it."""

    @property
    def token(self) -> Hidden: ...
    @property
    def robot(self) -> str: ...
    @property
    def group_id(self) -> int: ...
    @property
    def whitelist(self) -> Sequence[int | str]: ...
    @property
    def activators(self) -> Sequence[str]: ...
    @property
    def variables(self) -> Mapping[str, Any]: ...
    @property
    def mode(self) -> Literal["longpoll", "callback"]: ...
    @property
    def confirmation(self) -> str | None: ...
    @property
    def secret(self) -> Hidden | None: ...
    @property
    def api(self) -> str: ...


def settings_of(name: str, settings: Configured) -> Settings:
    """The connector's settings as this package uses them."""
    return Settings(
        name=name,
        robot=settings.robot,
        group_id=settings.group_id,
        token=settings.token.get_secret_value(),
        mode=settings.mode,
        confirmation=settings.confirmation or "",
        secret=settings.secret.get_secret_value() if settings.secret is not None else "",
        whitelist=tuple(settings.whitelist),
        activators=tuple(settings.activators),
        variables=dict(settings.variables),
        api=settings.api.rstrip("/"),
    )
