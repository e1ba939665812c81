"""The configuration as a whole: every key of `config.json` with its default."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import (
    Field,
    PrivateAttr,
    SerializeAsAny,
    ValidationInfo,
    field_serializer,
    field_validator,
    model_validator,
)

from ses.config.access import Auth
from ses.config.connectors import Connectors
from ses.config.document import Document
from ses.config.document import Path as Keys
from ses.config.fields import (
    About,
    FilePath,
    Host,
    HostPort,
    Many,
    Network,
    Port,
    Seconds,
    Section,
    is_loopback,
    without_password,
)
from ses.config.gateway import Gateway
from ses.config.llm import Llm
from ses.config.plugin_settings import LeftOut
from ses.config.servers import Servers


class Logs(Section):
    path: FilePath = Path("logs/")
    """The folder of the log files."""
    debug: bool = False
    backups: Annotated[int, Field(ge=0, le=1000)] = 10
    maxSize: Annotated[int, Field(ge=1024)] = 5_242_880  # noqa: N815  the original's name
    """Bytes of a file before it is rotated."""
    rotate: Literal["internal", "external"] = "internal"
    """`external`: another program moves the files away and sends SIGUSR1."""


class Widget(Section):
    """The public listener, meant to stand behind a reverse proxy."""

    host: Host = "127.0.0.1"
    port: Port = 6191
    cors: Literal["daemon", "proxy"] = "daemon"
    """Who adds `Access-Control-Allow-Origin` to the widget's script."""


class AudioStorage(Section):
    web: FilePath = Path("storage/web")
    hot: FilePath = Path("storage/hot")
    cold: FilePath | None = None


class Pool(Section):
    """Connections to PostgreSQL."""

    size: Annotated[int, Field(ge=1, le=1000)] = 5
    max: Annotated[int, Field(ge=1, le=1000)] = 20
    timeout: Seconds = 30

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max < self.size:
            raise ValueError(f"`max` ({self.max}) must not be below `size` ({self.size})")
        return self


class Storage(Section):
    url: str = "sqlite:///data/ses.db"
    """`sqlite:///FILE` (relative to the configuration file; four slashes: absolute) or `postgresql://…`."""
    migrate: bool = False
    """Bring the tables of an older release in PostgreSQL up to date at start; SQLite's always are."""
    audio: AudioStorage = AudioStorage()
    pool: Pool = Pool()

    @field_validator("url")
    @classmethod
    def _known_store(cls, url: str, info: ValidationInfo) -> str:
        if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
            base: Path = (info.context or {}).get("base", Path.cwd())
            return f"sqlite:///{base / url.removeprefix('sqlite:///')}"
        try:
            parts = urlsplit(url)
            if parts.scheme == "postgresql" and (parts.hostname or "host" in parse_qs(parts.query)):
                return url
        except ValueError:
            pass  # an address that cannot be split is refused below, like any other
        raise ValueError("must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE")

    @field_serializer("url", when_used="json")
    def _shown(self, url: str) -> str:
        return without_password(url)

    @property
    def sqlite(self) -> Path | None:
        """The absolute path of the SQLite file; none for PostgreSQL."""
        return Path(self.url.removeprefix("sqlite:///")) if self.url.startswith("sqlite:") else None


class Flood(Section):
    """How many messages a session may send: `messages` in `per` seconds on average, `burst` at once."""

    messages: Annotated[int, Field(ge=1)] = 60
    per: Seconds = 60
    burst: Annotated[int, Field(ge=1)] = 20


class UploadRate(Section):
    """What all visitors of one address may send up in `per` seconds."""

    files: Annotated[int, Field(ge=1)] = 300
    bytes: Annotated[int, Field(ge=1)] = 1_073_741_824
    per: Seconds = 3600


class HttpLimits(Section):
    allow: Many[HostPort] = ()
    """Private addresses that `http` steps may call, as host:port."""


class Limits(Section):
    frame: Annotated[int, Field(ge=1024, le=16_777_216)] = 65_536
    """Bytes of a websocket frame."""
    text: Annotated[int, Field(ge=1, le=4096)] = 4096
    """Characters of a message; more are cut off."""
    flood: Flood = Flood()
    send_queue: Annotated[int, Field(ge=4096)] = 1_048_576
    """Bytes that may wait for a slow reader before its socket is closed."""
    upload: Annotated[int, Field(ge=0, le=1_073_741_824)] = 10_485_760
    """Bytes of a file a visitor sends; 0: none are taken."""
    uploads: UploadRate = UploadRate()
    http: HttpLimits = HttpLimits()

    @model_validator(mode="after")
    def _one_file_fits(self) -> Self:
        if self.uploads.bytes < self.upload:
            raise ValueError(
                f"`uploads.bytes` ({self.uploads.bytes}) must not be below `upload` ({self.upload}): no such file could ever come"
            )
        return self


class Tls(Section):
    """Certificate and key of both listeners; without it they speak plain HTTP behind a reverse proxy."""

    cert: FilePath
    key: FilePath

    @field_validator("cert", "key")
    @classmethod
    def _is_there(cls, path: Path) -> Path:
        if not path.is_file():
            raise ValueError(f"there is no file {path}")
        return path


class Telemetry(Section):
    port: Port | None = None
    """A listener of its own for `/metrics`; else it is on the API's port only."""


class Config(Section):
    """`config.json`. Paths are absolute; `env:` and `file:` values are read; `load` makes it."""

    host: Host = "127.0.0.1"
    port: Port = 6190
    logs: Logs = Logs()
    servers: Servers = Servers()
    connectors: SerializeAsAny[Connectors] = Connectors()
    widget: Widget = Widget()
    storage: Storage = Storage()
    scenarios: FilePath = Path("scenarios/")
    testapi: FilePath | None = Path("testapi/")
    """The folder of `.reply` files; null switches the emulation off."""
    tmp: FilePath = Path("/tmp/ses")  # noqa: S108  the original's default; the daemon makes it its own with mode 0700
    llm: Llm | None = None
    gateway: Gateway = Gateway()
    auth: Auth | None = None
    limits: Limits = Limits()
    telemetry: Telemetry = Telemetry()
    tls: Tls | None = None
    trusted_proxies: Many[Network] = ()
    """The proxies whose `X-Forwarded-For` is believed."""

    _file: Path | None = PrivateAttr(default=None)
    _warnings: tuple[str, ...] = PrivateAttr(default=())
    _secrets: frozenset[str] = PrivateAttr(default=frozenset())
    _document: Document | None = PrivateAttr(default=None)
    _left_out: tuple[LeftOut, ...] = PrivateAttr(default=())

    def read_from(
        self,
        file: Path,
        document: Document,
        warnings: Sequence[str],
        secrets: Iterable[str],
        left_out: Sequence[LeftOut],
    ) -> Self:
        """Remember where this came from; for the loader only."""
        self._file, self._document = file, document
        self._left_out = tuple(left_out)
        self._warnings, self._secrets = tuple(warnings), frozenset(secrets)
        return self

    def position(self, path: Keys) -> tuple[int, int]:
        """Line and column of a key in the file; zeros when it was not read from one."""
        return self._document.position(path) if self._document else (0, 0)

    @property
    def file(self) -> Path | None:
        """The file it was read from."""
        return self._file

    @property
    def data(self) -> Path:
        """The folder that the daemon may write to: its database's, else `data/` beside the configuration file."""
        if self.storage.sqlite is not None:
            return self.storage.sqlite.parent
        return (self._file.parent if self._file is not None else Path.cwd()) / "data"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Things that are probably not meant, one line each; the start goes on."""
        return self._warnings

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Connectors whose packages are broken."""
        return self._left_out

    @property
    def secrets(self) -> frozenset[str]:
        """Every secret value, for the redaction of logs."""
        return self._secrets

    @model_validator(mode="after")
    def _two_listeners(self) -> Self:
        if self.port and self.port == self.widget.port:
            raise About(
                "port",
                f"is the same as `widget.port`, {self.port}; the API and the public listener need one each",
            )
        return self

    @model_validator(mode="after")
    def _voice_needs_uploads(self) -> Self:
        speaking = [name for name, site in self.connectors.web.items() if site.microphone]
        if speaking and not self.limits.upload:
            raise About(
                "limits",
                f"`upload` is 0, so the microphone of `connectors.web.{speaking[0]}` could send nothing: give it a size, or turn `microphone` off",
            )
        return self

    @model_validator(mode="after")
    def _open_api_needs_keys(self) -> Self:
        if self.auth is None and not is_loopback(self.host):
            raise About(
                "host",
                f"{self.host} can be reached from other machines, so the API needs keys: add `auth`, or listen on 127.0.0.1",
            )
        return self
