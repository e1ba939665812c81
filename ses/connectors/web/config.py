"""What one website connector is configured with, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Literal, Protocol

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Site:
    """One entry of `connectors.web`."""

    name: str
    """As configured, without the kind: `site`, not `web.site`."""
    robot: str
    token: str
    """Identifies the site; it gives no authority (it stands in the page)."""
    origins: frozenset[str]
    """Compared exactly with the browser's `Origin`: `https://shop.example`, no path, no trailing slash."""
    origin_required: bool = True
    """False lets programs in that send no `Origin`; no browser leaves it out."""
    title: str | Mapping[str, str] = ""
    """One text, or a text by language."""
    color: str = ""
    """`#rrggbb` for the header and the visitor's messages; empty: the widget's own."""
    type: Literal["chat", "assistant"] = "chat"
    """`assistant` fills the page instead of floating above it."""
    host: str = ""
    """Origin of the websocket, when it differs from the script's: `https://ws.example`."""
    microphone: bool = False
    transcription: bool = False
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Session variables every conversation of this connector starts with."""
    identity: SecretStr | None = None
    """With it the site's server signs who its visitors are; at least 32 bytes."""
    elsewhere: tuple[str, ...] = ()
    """Connectors in which a visitor may go on: `telegram.shop`."""


@dataclass(frozen=True, slots=True)
class WebLimits:
    """Bounds of one socket, from `limits`."""

    frame: int = 65536
    """Bytes of one incoming frame."""
    send_queue: int = 1 << 20
    """Bytes waiting for a reader before he is cut off (close 1013)."""
    messages: float = 60
    """`flood`: so many messages …"""
    per: float = 60.0
    """… in so many seconds are read from one socket, …"""
    burst: float = 20
    """… after so many at once. A faster socket is simply read later."""
    hello: float = 10.0
    """Seconds a new socket has for its `hello`."""
    heartbeat: float = 20.0
    """Seconds between PING frames; two unanswered: gone."""
    page: int = 8192
    """Bytes of JSON a page may say of itself in `hello`."""
    sockets: int = 256
    """Open sockets of one address; an address known only as the proxy's is not counted."""


@dataclass(frozen=True, slots=True)
class UploadRate:
    """How much all visitors of one address may send up in `per` seconds; an address known only as the proxy's is not
    counted."""

    files: int = 300
    bytes: int = 1 << 30
    per: float = 3600.0


@dataclass(frozen=True, slots=True)
class Listener:
    """What all websites share: settings of the public listener."""

    cors: Literal["daemon", "proxy"] = "daemon"
    """Who adds `Access-Control-Allow-Origin` to scripts: two such headers are refused by browsers."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Peers whose `X-Forwarded-For` counts."""
    uploads: UploadRate = UploadRate()


class IdentitySettings(Protocol):
    @property
    def secret(self) -> SecretStr: ...


class WebSettings(Protocol):
    """`connectors.web.{name}` as the configuration holds it."""

    @property
    def token(self) -> str: ...
    @property
    def robot(self) -> str: ...
    @property
    def origins(self) -> tuple[str, ...]: ...
    @property
    def origin_required(self) -> bool: ...
    @property
    def color(self) -> str | None: ...
    @property
    def title(self) -> str | dict[str, str] | None: ...
    @property
    def microphone(self) -> bool: ...
    @property
    def transcription(self) -> bool: ...
    @property
    def variables(self) -> Mapping[str, Any]: ...
    @property
    def host(self) -> str | None: ...
    @property
    def type(self) -> Literal["chat", "assistant"]: ...
    @property
    def elsewhere(self) -> tuple[str, ...]: ...
    @property
    def identity(self) -> IdentitySettings | None: ...


def site_of(name: str, settings: WebSettings) -> Site:
    """The connector's settings as this package uses them."""
    return Site(
        name=name,
        robot=settings.robot,
        token=settings.token,
        origins=frozenset(settings.origins),
        origin_required=settings.origin_required,
        title=settings.title or "",
        color=settings.color or "",
        type=settings.type,
        host=(settings.host or "").rstrip("/"),
        microphone=settings.microphone,
        transcription=settings.transcription,
        variables=dict(settings.variables),
        identity=settings.identity.secret if settings.identity else None,
        elsewhere=tuple(settings.elsewhere),
    )
