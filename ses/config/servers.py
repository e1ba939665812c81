"""`servers.{smc,spr,see,sbs,tts,qas}`: the six services robots may call."""

from __future__ import annotations

from string import Formatter
from typing import Any, ClassVar

from pydantic import Field, field_validator

from ses.config.fields import HttpUrl, Seconds, Section
from ses.config.problems import nearest_name, one_of


class Timers(Section):
    connect: Seconds = 2
    read: Seconds = 10


class Server(Section):
    """One service. `paths` and `fields` hold every method and answer field; a configuration gives only those that differ."""

    PATHS: ClassVar[dict[str, str]] = {}
    FIELDS: ClassVar[dict[str, str]] = {}
    """Our name of an answer's field → its name in the answers of the release spoken to."""

    url: HttpUrl
    timers: Timers = Timers()
    paths: dict[str, str] = Field(default_factory=dict)
    """Method → path appended to `url`, with `{model}` or `{taskID}` where the method has one."""
    fields: dict[str, str] = Field(default_factory=dict)

    @field_validator("paths", mode="after")
    @classmethod
    def _all_paths(cls, given: dict[str, str]) -> dict[str, str]:
        known = cls.PATHS
        _only_known("method", given, known)
        for name, path in given.items():
            if not path.startswith("/"):
                raise ValueError(f"the path of `{name}` must begin with a slash")
            wanted, found = _placeholders(known[name]), _placeholders(path)
            if found - wanted:
                raise ValueError(
                    f"the path of `{name}` may contain {one_of(sorted(wanted)) if wanted else 'no braces'}, not {one_of(sorted(found - wanted))}"
                )
        return {**known, **given}

    @field_validator("fields", mode="after")
    @classmethod
    def _all_fields(cls, given: dict[str, str]) -> dict[str, str]:
        _only_known("field", given, cls.FIELDS)
        return {**cls.FIELDS, **given}


def _only_known(kind: str, given: dict[str, str], known: dict[str, str]) -> None:
    for name in given:
        if name not in known:
            near = nearest_name(name, known)
            raise ValueError(
                f"unknown {kind} `{name}`; "
                + (f"did you mean `{near}`?" if near else f"known: {one_of(known)}")
            )


def _placeholders(path: str) -> set[str]:
    try:
        return {f"{{{name}}}" for _, name, _, _ in Formatter().parse(path) if name is not None}
    except ValueError as error:
        raise ValueError(f"the path {path!r} has odd braces: {error}") from None


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


class Smc(Server):
    PATHS: ClassVar = {"classify": "/classify/{model}", "models": "/models", "emotion": "/emotion"}
    FIELDS: ClassVar = _same("classes", "class", "confidence")
    url: HttpUrl = "http://127.0.0.1:6181/smc"


class Spr(Server):
    PATHS: ClassVar = {"stt": "/stt/{model}", "result": "/result/{taskID}"}
    FIELDS: ClassVar = _same("model", "text", "taskID", "status")
    url: HttpUrl = "http://127.0.0.1:6183/spr"


class See(Server):
    PATHS: ClassVar = {"extract": "/extract/{model}", "models": "/models"}
    FIELDS: ClassVar = _same("entities", "entity", "text", "value", "start", "end")
    url: HttpUrl = "http://127.0.0.1:6184/see"


class Sbs(Server):
    PATHS: ClassVar = {"analyze": "/analyze", "search": "/search", "noiselevel": "/noiselevel"}
    FIELDS: ClassVar = _same(
        "age", "gender", "emotion", "multispeaker", "synth", "class", "confidence", "noise"
    )
    url: HttpUrl = "http://127.0.0.1:6185/sbs"


class Tts(Server):
    PATHS: ClassVar = {"synthesize": "/synthesize", "models": "/models"}
    FIELDS: ClassVar = _same("path")
    url: HttpUrl = "http://127.0.0.1:6186/tts"


class Qas(Server):
    PATHS: ClassVar = {"ask": "/ask"}
    FIELDS: ClassVar = _same("answer", "confidence", "source")
    url: HttpUrl = "http://127.0.0.1:6187/qas"


class Servers(Section):
    smc: Smc = Smc()
    spr: Spr = Spr()
    see: See = See()
    sbs: Sbs = Sbs()
    tts: Tts = Tts()
    qas: Qas = Qas()

    def named(self, service: str) -> Server:
        """The settings of one of the six."""
        server: Any = getattr(self, service)
        assert isinstance(server, Server)
        return server
