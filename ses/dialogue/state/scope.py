"""What an expression may read during a turn: a lazy view, nothing is copied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from ses.dialogue.state.frames import Activity, Frame
from ses.dialogue.state.session import Session, VoiceMessage
from ses.messages import Inbound
from ses.scenario.program.definitions import Slot
from ses.scenario.program.robot import Program
from ses.scenario.values.values import ListValue, verbatim

ENGINE_NAMES = frozenset(
    {"user", "session", "channel", "message", "event", "error", "robot", "page", "daypart", "value", "item"}
)


class Scope(Mapping[str, Any]):
    """Names by precedence: `local` (`value`, `item`), arguments of the frame and the activity, slots,
    variables, data tables, the engine's own. A name without a value is none; so is one that exists nowhere
    (`ses check` refuses those)."""

    __slots__ = (
        "_now",
        "activity",
        "at",
        "first",
        "frame",
        "inbound",
        "local",
        "program",
        "session",
        "user",
        "voice",
    )

    def __init__(self, session: Session, program: Program, user: Mapping[str, Any], at: float) -> None:
        self.session = session
        self.program = program
        self.user = user
        self.at = at
        self.local: dict[str, Any] = {}
        self.activity: Activity | None = None
        self.frame: Frame | None = None
        self.inbound: Inbound | None = None
        self.voice: VoiceMessage | None = None
        """The transcript of `inbound`."""
        self.first = False
        self._now: datetime | None = None

    def __getitem__(self, name: str) -> Any:
        if self.local and name in self.local:
            return self.local[name]
        if self.frame is not None and name in self.frame.args:
            return self.frame.args[name]
        if self.activity is not None and name in self.activity.args:
            return self.activity.args[name]
        slot = self.program.slots.get(name)
        if slot is not None:
            stored = self.stored(slot)
            return None if stored is None else self.living(slot, stored)
        if name in self.session.variables:
            return self.session.variables[name]
        variable = self.program.variables.get(name)
        if variable is not None:
            return self.user.get(name, variable.default) if variable.keep == "user" else variable.default
        if name in self.program.data:
            return self.program.data[name]
        return self._engine(name)

    def get(self, name: str, default: Any = None) -> Any:
        value = self[name]
        return default if value is None else value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in ENGINE_NAMES or name in set(self))

    def __iter__(self) -> Iterator[str]:
        seen: dict[str, None] = {}
        for names in (
            self.local,
            self.frame.args if self.frame else (),
            self.activity.args if self.activity else (),
            self.program.slots,
            self.session.variables,
            self.program.variables,
            self.program.data,
            ENGINE_NAMES,
        ):
            seen.update(dict.fromkeys(names))
        return iter(seen)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def language(self) -> str:
        return self.session.language or self.program.language

    def stored(self, slot: Slot) -> Any:
        """The JSON-able value of a slot, none when it is empty."""
        if slot.keep == "user":
            return self.user.get(slot.name)
        return self.session.slots.get(slot.name)

    def living(self, slot: Slot, stored: Any) -> Any:
        """The value as expressions read it: with its label, or as a date."""
        if slot.many and isinstance(stored, list):
            return [self._one(slot, value) for value in stored]
        return self._one(slot, stored)

    def _one(self, slot: Slot, stored: Any) -> Any:
        if slot.choices is not None:
            if isinstance(stored, dict) and "label" in stored:
                item = stored.get("item")
                fields = {"item": item, **item} if isinstance(item, dict) else {"item": item}
                return ListValue(stored["value"], stored["label"], fields)
            return stored
        if slot.type == "text":
            return verbatim(stored)
        return self.program.recogniser.present(slot.type, stored, self.language)

    @property
    def now(self) -> datetime:
        """The turn's clock in the user's time zone, else the robot's."""
        if self._now is None:
            zone = zone_of(str(self.user.get("timezone") or self.program.timezone))
            self._now = datetime.fromtimestamp(self.at, zone)
        return self._now

    def _engine(self, name: str) -> Any:
        session, inbound = self.session, self.inbound
        match name:
            case "#now":
                return self.now
            case "page":
                return session.page
            case "daypart":
                return _daypart(self.now.hour)
            case "user":
                return {
                    **self.user,
                    "id": session.user or session.id,
                    "language": self.language,
                    "timezone": str(self.now.tzinfo),
                }
            case "session":
                return {"id": session.id, "new": self.first, "turn": session.turn}
            case "channel":
                return {"name": session.connector, "kind": session.channel}
            case "message":
                if inbound is None:
                    return {"id": "", "text": "", "attachments": [], "voice": {}}
                return {
                    "id": inbound.id,
                    "text": inbound.text or "",
                    "attachments": [
                        {"kind": a.kind, "name": a.name, "media": a.media, "mime": a.mime, "size": a.size}
                        for a in inbound.attachments
                    ],
                    "voice": _shown(self.voice) if self.voice is not None else {},
                }
            case "event":
                if inbound is None or inbound.event is None:
                    return None
                return {**inbound.payload, "name": inbound.event}
            case "robot":
                return {"id": self.program.id, "title": self.program.title, "version": self.program.version}
        return None


def _shown(voice: VoiceMessage) -> dict[str, Any]:
    if voice.problem:
        return {}
    traits = {name: trait.get("class") for name, trait in voice.traits.items()}
    return {
        "text": voice.text,
        "model": voice.model,
        "duration": voice.duration,
        "media": voice.media,
        "details": voice.details,
        "traits": voice.traits,
        **traits,
    }


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo:
    """A time zone by its name; UTC for a name that is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC  # a user's zone is what a channel says; the robot's own was checked at load


def _daypart(hour: int) -> str:
    if hour < 5 or hour >= 23:
        return "night"
    if hour < 12:
        return "morning"
    return "day" if hour < 18 else "evening"
