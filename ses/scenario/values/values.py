"""Values in expressions: what they are, how data keeps them and how people read them.

An expression works with none, booleans, numbers, texts, lists, maps, `datetime` objects, and `ListValue`s. Data
(variables, JSON bodies, arguments) keeps plain JSON: a list value as its key, a date as ISO, a duration in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from ses.scenario.values import wording

_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII)
_ISO_TIME = re.compile(r"\d\d:\d\d", re.ASCII)


class ListValue:
    """A value of a list entity or of `choices`: it equals its key and prints its label."""

    __slots__ = ("fields", "key", "label")

    def __init__(self, key: Any, label: str, fields: Mapping[str, Any] | None = None) -> None:
        self.key = key
        self.label = label
        self.fields = fields
        """What else the value knows (`card.item.mask`)."""

    def __eq__(self, other: object) -> bool:
        return bool(self.key == (other.key if isinstance(other, ListValue) else other))

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"ListValue({self.key!r}, {self.label!r})"


class Verbatim(str):
    """A text that looks like a date and stays the text it is."""

    __slots__ = ()


def verbatim(text: Any) -> Any:
    """A text to be printed as it stands; any other value as it is."""
    return Verbatim(text) if type(text) is str and _ISO.match(text) else text


def plain(value: Any) -> Any:
    """The value as data keeps it: JSON."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is ListValue:
        return plain(value.key)
    if kind is Verbatim:
        return str(value)
    if kind is timedelta:
        return _whole(value.total_seconds())
    if kind is datetime:
        return (
            value.isoformat(timespec="minutes")
            if not (value.second or value.microsecond)
            else value.isoformat()
        )
    if kind is date:
        return value.isoformat()
    if kind is time:
        return value.strftime("%H:%M")
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


_PLAIN = frozenset({str, int, float, bool, type(None)})


def as_date(value: Any) -> Any:
    """A date, time or datetime from its ISO text; any other value as it is."""
    if type(value) is str and 5 <= len(value) <= 40:
        try:
            if _ISO.fullmatch(value):
                return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
            if _ISO_TIME.fullmatch(value):
                return time.fromisoformat(value)
        except ValueError:
            return value  # looks like a date and is none: 2026-02-31
    return value


def written(value: Any, language: str) -> str:
    """A value inside mixed text of data: list values as keys, dates as ISO, booleans as true/false."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    value = plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join([written(item, language) for item in value])
    if isinstance(value, Mapping):
        return wording.as_json(value)
    return number_text(value) if isinstance(value, float) else str(value)


def printed(value: Any, language: str, now: datetime | None = None) -> str:
    """A value as people read it: «большая», «22 ноября», 18:30, 590, да; a list joined by commas."""
    kind = type(value)
    if kind is str:
        if len(value) >= 10 and value[4] == "-" and value[0].isdigit():
            moment = as_date(value)
            return value if moment is value else printed(moment, language, now)
        return str(value)
    if value is None:
        return ""
    if kind is ListValue:
        return printed(value.label, language, now)
    if kind is bool:
        return wording.yes_no(value, language)
    if kind is int:
        return str(value)
    if kind is float:
        return wording.number(value, language)
    if isinstance(value, date | time):
        return _printed_moment(value, language, now)
    if isinstance(value, timedelta):
        return wording.duration(value, language)
    if isinstance(value, Mapping):
        if value.keys() == {"amount", "currency"}:
            return wording.money(value["amount"], str(value["currency"]), language)
        return wording.as_json(plain(value))
    if isinstance(value, list | tuple):
        return ", ".join([printed(item, language, now) for item in value])
    return str(value)


def _printed_moment(value: date | time, language: str, now: datetime | None) -> str:
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if not isinstance(value, datetime):
        return wording.day(value, language, now)
    if value.tzinfo is not None and now is not None and now.tzinfo is not None:
        value = value.astimezone(now.tzinfo)  # another system's time, in the user's zone
    return wording.day(value.date(), language, now) + f", {value:%H:%M}"


def number_text(value: float) -> str:
    """`590` for 590.0, `0.5` for 0.5: never an exponent of a usual number."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _whole(value: float) -> int | float:
    return int(value) if value.is_integer() else value
