"""Emulated services: `{name}.reply` below a folder, byte for byte, with `{name}.meta.yaml` for what else is to happen.

    status: 200                     # HTTP status
    type: application/json          # content type; else told from the reply
    delay: 500ms                    # at most 60 s
    fault: close | reset | slow     # cut half-way · cut before an answer · half at once, the rest after `delay`
    rules:                          # the first that fits; its keys replace those above
      - when: {method: post, path: "*/orders", text: "*пицц*", query: {page: "2"}, json: {size: xl}, body: "*x*"}
        reply: smc/order            # another file of the folder, without `.reply`
        json: {…} | body: text      # or the answer itself

Texts in `when` are globs that ignore case; `path` is compared with what follows the name, `text` with the field
`text` of the JSON body or of the query. Nothing here opens a socket: the HTTP handler, the service client and
`ses chat` all ask the same thing.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
import yaml
from cachetools import LRUCache

from ses.clock import Clock
from ses.errors import SesError
from ses.services.transport import RawReply

SEGMENT = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
MAX_DELAY = 60.0
CACHED_FILES = 1000
Fault = Literal["", "close", "reset", "slow"]
FAULTS: tuple[Fault, ...] = ("close", "reset", "slow")
_Loader: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Where libyaml is there a file takes 2 ms instead of 25, and it is read on the loop."""
META_KEYS = frozenset({"status", "type", "delay", "fault", "reply", "json", "body"})
WHEN_KEYS = frozenset({"method", "path", "text", "query", "json", "body"})


class EmulationError(SesError):
    """A `.meta.yaml` that cannot be followed; the message names the file and the key."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request to an emulated service. `rest` are the segments after its name."""

    name: str
    rest: tuple[str, ...] = ()
    method: str = "GET"
    query: Mapping[str, str] | None = None
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Emulated:
    """What to answer. `delay` in seconds."""

    status: int
    content_type: str
    body: bytes
    delay: float = 0.0
    fault: Fault = ""


class TestApi:
    """The emulations below one folder; files are read when asked for, so an edit acts at once."""

    __test__ = False  # not a class of tests, whatever pytest takes the name for

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parsed_files: LRUCache[Path, tuple[tuple[int, int], object]] = LRUCache(CACHED_FILES)
        """Parsed `.meta.yaml` files with the time and size they had: YAML takes milliseconds to read."""

    def answer(self, call: Call) -> Emulated | None:
        """The emulated answer; none when there is no such emulation. Raises `EmulationError`."""
        segments = (call.name, *call.rest)
        if not all(SEGMENT.fullmatch(segment) for segment in segments):
            return None
        for name in dict.fromkeys(("/".join(segments), call.name)):
            reply = self._file(f"{name}.reply")
            meta = self._file(f"{name}.meta.yaml")
            if reply is not None or meta is not None:
                settings = self._settings(meta, call) if meta is not None else {}
                return self._emulated(name, reply, settings)
        return None

    def _file(self, name: str) -> Path | None:
        """A plain file inside the folder; links that lead out of it do not count."""
        path = self._folder / name
        root = self._folder.resolve()
        return path if path.is_file() and path.resolve().is_relative_to(root) else None

    def _settings(self, meta: Path, call: Call) -> dict[str, Any]:
        location = meta.relative_to(self._folder).as_posix()
        data = _mapping(self._parsed(meta, location), location, META_KEYS | {"rules"})
        rules = data.pop("rules", None) or []
        if not isinstance(rules, list):
            raise EmulationError(f"{location}: `rules` is a list")
        chosen: dict[str, Any] = {}
        for number, item in enumerate(rules, 1):  # all are read, so that a mistake shows at the first call
            rule = _mapping(item, f"{location}, rule {number}", META_KEYS | {"when"})
            when = _mapping(rule.pop("when", None) or {}, f"{location}, rule {number}, when", WHEN_KEYS)
            if not chosen and _fits(when, call):
                chosen = rule or {"status": data.get("status", 200)}
        return {**data, **chosen, "location": location}

    def _parsed(self, meta: Path, location: str) -> object:
        state = meta.stat()
        stamp = (state.st_mtime_ns, state.st_size)
        known = self._parsed_files.get(meta)
        if known is None or known[0] != stamp:
            try:
                known = (stamp, yaml.load(meta.read_text("utf-8"), _Loader) or {})  # noqa: S506 - both are safe loaders
            except (yaml.YAMLError, UnicodeDecodeError) as error:
                raise EmulationError(
                    f"{location} is not YAML: {' '.join(str(error).split())[:200]}"
                ) from error
            self._parsed_files[meta] = known
        return known[1]

    def _emulated(self, name: str, reply: Path | None, settings: dict[str, Any]) -> Emulated:
        location = settings.get("location", name)
        if "json" in settings:
            body = msgspec.json.encode(settings["json"])
        elif "body" in settings:
            body = str(settings["body"]).encode()
        else:
            body = self._bytes(reply, settings.get("reply"), location)
        status = settings.get("status", 200)
        if not isinstance(status, int) or not 200 <= status <= 599:
            raise EmulationError(f"{location}: `status` is a number from 200 to 599, not {status!r}")
        fault = settings.get("fault") or ""
        if fault and fault not in FAULTS:
            raise EmulationError(f"{location}: `fault` is one of {', '.join(FAULTS)}, not {fault!r}")
        content_type = str(settings.get("type") or _told_type(body))
        return Emulated(status, content_type, body, _seconds(settings.get("delay", 0), location), fault)

    def _bytes(self, reply: Path | None, other: object, location: str) -> bytes:
        if other is not None:
            if not all(SEGMENT.fullmatch(segment) for segment in str(other).split("/")):
                raise EmulationError(
                    f"{location}: `reply` names a file of the folder without .reply, not {other!r}"
                )
            reply = self._file(f"{other}.reply")
            if reply is None:
                raise EmulationError(f"{location}: there is no {other}.reply")
        return reply.read_bytes() if reply is not None else b""


class OwnTestApi:
    """The daemon's own `…/testapi/` addresses, answered without a socket (`ses.services.transport.OwnSite`)."""

    def __init__(self, emulations: TestApi, origins: frozenset[tuple[str, int]], clock: Clock) -> None:
        """`origins`: host and port pairs under which the daemon's interface is known."""
        self._emulations = emulations
        self._origins = origins
        self._clock = clock

    def serves(self, url: str) -> bool:
        parts = urlsplit(url)
        try:
            origin = (parts.hostname or "", parts.port or 80)
        except ValueError:
            return False
        return parts.scheme == "http" and origin in self._origins and _segments(parts.path) is not None

    async def answer(self, method: str, url: str, content_type: str, body: bytes) -> RawReply:
        """The emulated answer after its delay; faults are raised as the socket would. Raises `OSError`."""
        del content_type
        parts = urlsplit(url)
        segments = _segments(parts.path)
        assert segments is not None, "asked only for addresses that it serves"
        call = Call(segments[0], segments[1:], method, dict(parse_qsl(parts.query)), body)
        try:
            emulated = self._emulations.answer(call)
        except EmulationError as error:
            return RawReply(500, "text/plain", str(error).encode())
        if emulated is None:
            return RawReply(404, "text/plain", b"")
        if emulated.delay:
            await self._clock.sleep(emulated.delay)
        if emulated.fault in {"close", "reset"}:
            raise ConnectionResetError(104, "the emulation breaks the connection")
        return RawReply(emulated.status, emulated.content_type.partition(";")[0], emulated.body)


def _segments(path: str) -> tuple[str, ...] | None:
    for prefix in ("/ses/testapi/", "/testapi/"):
        if path.startswith(prefix):
            return tuple(unquote(segment) for segment in path.removeprefix(prefix).split("/"))
    return None


def _mapping(data: object, location: str, keys: frozenset[str]) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise EmulationError(f"{location}: expected keys with values")
    for key in data:
        if key not in keys:
            raise EmulationError(
                f"{location}: unknown key `{str(key)[:60]}`; known are {', '.join(sorted(keys))}"
            )
    return dict(data)


def _fits(when: Mapping[str, Any], call: Call) -> bool:
    try:
        parsed = msgspec.json.decode(call.body) if call.body else {}
    except (msgspec.DecodeError, UnicodeDecodeError):
        parsed = {}
    fields = parsed if isinstance(parsed, dict) else {}
    query = call.query or {}
    seen: dict[str, Any] = {
        "method": call.method,
        "path": "/".join(call.rest),
        "text": fields.get("text", query.get("text", "")),
        "body": call.body.decode("utf-8", errors="replace"),
        "query": query,
        "json": fields,
    }
    # `*/orders` is meant to fit `orders` too: the path as written in a URL begins with a slash.
    return all(
        _alike(pattern, seen[key]) or (key == "path" and _alike(pattern, "/" + seen[key]))
        for key, pattern in when.items()
    )


def _alike(pattern: object, value: object) -> bool:
    if isinstance(pattern, Mapping):
        return isinstance(value, Mapping) and all(
            key in value and _alike(wanted, value[key]) for key, wanted in pattern.items()
        )
    if isinstance(pattern, str):
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        return fnmatch.fnmatchcase(text.casefold(), pattern.casefold())
    return pattern == value


def _seconds(delay: object, location: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|)", str(delay).strip())
    seconds = float(match[1]) / (1000 if match[2] == "ms" else 1) if match else -1.0
    if not 0 <= seconds <= MAX_DELAY:
        raise EmulationError(f"{location}: `delay` is seconds, 500ms or 2s, at most 60 s, not {delay!r}")
    return seconds


def _told_type(body: bytes) -> str:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "text/plain; charset=utf-8"
    return "application/json"
