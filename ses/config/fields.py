"""The kinds of value that stand in the configuration."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    SecretStr,
    ValidationInfo,
    model_validator,
)

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class About(ValueError):
    """A fault of a section as a whole that is best shown at one of its keys."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


class Section(BaseModel):
    """A section of the configuration: unknown keys and wrong types are mistakes, and nothing changes after loading."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        populate_by_name=True,
        validate_default=True,
        protected_namespaces=(),
    )

    @model_validator(mode="before")
    @classmethod
    def _sections_left_out(cls, data: Any) -> Any:
        """A section that is left out is an empty one, so that its relative paths count from the same folder."""
        if not isinstance(data, dict):
            return data
        sections: dict[str, Any] = {
            name: {}
            for name, field in cls.model_fields.items()
            if isinstance(field.annotation, type)
            and issubclass(field.annotation, Section)
            and not field.is_required()
        }
        return {**sections, **data}


def _below_the_file(given: object, info: ValidationInfo) -> Path:
    """A relative path counts from the folder of the configuration file (`context["base"]`)."""
    if not isinstance(given, str | Path) or not str(given).strip() or "\0" in str(given):
        raise ValueError("must be the path of a file or folder")
    base: Path = (info.context or {}).get("base", Path.cwd())
    return base / given


FilePath = Annotated[Path, PlainValidator(_below_the_file)]
"""A file or folder; absolute after loading."""


def _http_url(text: str) -> str:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as error:
        raise ValueError(f"is no address: {error}") from None
    if url.scheme not in ("http", "https") or not url.hostname or port == 0:
        raise ValueError("must be an address like https://host:8080/path")
    return text.rstrip("/")


HttpUrl = Annotated[str, AfterValidator(_http_url)]
"""An http(s) address, without a slash at its end."""


def _origin(text: str) -> str:
    if text == "*":
        raise ValueError("must name a site: `*` would let every page on the web use the robot")
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise ValueError("must be a site's origin like https://shop.example") from None
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("must be a site's origin like https://shop.example")
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    exact = f"{url.scheme}://{host}" + (f":{port}" if port and port != DEFAULT_PORTS[url.scheme] else "")
    if text != exact:
        raise ValueError(f"must be written as browsers send it: {exact}")
    return text


Origin = Annotated[str, AfterValidator(_origin)]
"""`https://shop.example`, exactly as a browser sends it in `Origin`."""


def _network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise ValueError("must be an address or a network, like 10.0.0.5 or 10.0.0.0/24") from None


Network = Annotated[str, AfterValidator(_network)]


def is_loopback(host: str) -> bool:
    """Whether a host to listen on is reachable from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _host(text: str) -> str:
    try:
        ip_address(text)
    except ValueError:
        if not re.fullmatch(r"(?!-)[A-Za-z0-9.-]{1,253}", text) or re.fullmatch(r"[\d.]+", text):
            raise ValueError(
                "must be an address or the name of a host, without port, like 127.0.0.1"
            ) from None
    return text


Host = Annotated[str, AfterValidator(_host)]


def _host_and_port(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("must name host and port, like 10.0.0.5:8080")
    return text.lower()


HostPort = Annotated[str, AfterValidator(_host_and_port)]

Item = TypeVar("Item")
Many = Annotated[tuple[Item, ...], Field(strict=False)]
"""A JSON array; read-only after loading."""

Port = Annotated[int, Field(ge=0, le=65535)]
"""A port to listen on; 0 takes any free one."""

Seconds = Annotated[float, Field(gt=0, le=3600)]

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
"""The name of a connector or a key: letters, digits, `_ . -`."""

RobotId = Annotated[str, Field(min_length=1, max_length=128)]

Variables = dict[str, Any]
"""Session variables every conversation of a connector starts with."""


def _some_text(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().strip():
        raise ValueError("must not be empty")
    return value


Secret = Annotated[SecretStr, Field(strict=False), AfterValidator(_some_text)]
"""Never shown: `.get_secret_value()` reads it."""


def without_password(url: str) -> str:
    """An address of a database as it may be shown."""
    password = urlsplit(url).password
    return url.replace(f":{password}@", f":{SecretStr(password)}@", 1) if password else url
