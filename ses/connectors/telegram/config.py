"""What one Telegram bot is configured with, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

API = "https://api.telegram.org"


@dataclass(frozen=True, slots=True)
class Settings:
    """One entry of `connectors.telegram`."""

    name: str
    """As configured, without the kind: `shop`, not `telegram.shop`."""
    robot: str
    token: str = field(repr=False)
    mode: Literal["polling", "webhook"] = "polling"
    webhook_url: str = ""
    """The public address of this daemon as Telegram reaches it; without a path `/hook/telegram/NAME` is added."""
    secret_token: str = field(default="", repr=False)
    """Telegram says it in each call of the webhook."""
    poll: float = 3.0
    """Seconds a call to `getUpdates` waits for news."""
    whitelist: tuple[int | str, ...] = ()
    """Ids, or names, of users and chats that may talk to the robot; empty: all."""
    activators: tuple[str, ...] = ()
    """Words that wake the robot in groups; empty: every message does."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Session variables every conversation of this connector starts with."""
    api: str = API


class Timers(Protocol):
    @property
    def getUpdates(self) -> float: ...  # noqa: N802  the original's name


class Hidden(Protocol):
    def get_secret_value(self) -> str: ...


class Configured(Protocol):
    """`connectors.telegram.{name}` as the configuration holds it."""

    @property
    def token(self) -> Hidden: ...
    @property
    def robot(self) -> str: ...
    @property
    def variables(self) -> Mapping[str, Any]: ...
    @property
    def timers(self) -> Timers: ...
    @property
    def whitelist(self) -> Sequence[int | str]: ...
    @property
    def activators(self) -> Sequence[str]: ...
    @property
    def mode(self) -> Literal["polling", "webhook"]: ...
    @property
    def webhook_url(self) -> str | None: ...
    @property
    def secret_token(self) -> Hidden | None: ...
    @property
    def api(self) -> str: ...


def settings_of(name: str, settings: Configured) -> Settings:
    """The connector's settings as this package uses them."""
    return Settings(
        name=name,
        robot=settings.robot,
        token=settings.token.get_secret_value(),
        mode=settings.mode,
        webhook_url=webhook_address(settings.webhook_url or "", name),
        secret_token=settings.secret_token.get_secret_value() if settings.secret_token else "",
        poll=settings.timers.getUpdates,
        whitelist=tuple(settings.whitelist),
        activators=tuple(settings.activators),
        variables=dict(settings.variables),
        api=settings.api.rstrip("/"),
    )


def webhook_path(name: str) -> str:
    """Where Telegram's calls for that bot arrive on the public listener."""
    return f"/hook/telegram/{name}"


def webhook_address(url: str, name: str) -> str:
    """`webhook_url` with the path added that the daemon serves, unless a proxy's own path is given."""
    if not url or "/" in url.removeprefix("https://").removeprefix("http://").rstrip("/"):
        return url
    return url.rstrip("/") + webhook_path(name)
