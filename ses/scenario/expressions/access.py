"""Fields, parts and comparisons at run time. No attribute of a Python object can be reached: maps give their keys,
list values and dates the few fields named here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from ses.scenario.expressions.operations import EmptyError, is_number, type_name, wrong
from ses.scenario.values.values import ListValue, as_date

_FIELDS: dict[type, frozenset[str]] = {
    datetime: frozenset({"year", "month", "day", "hour", "minute", "date", "time"}),
    date: frozenset({"year", "month", "day"}),
    time: frozenset({"hour", "minute"}),
}


def field(value: Any, name: str) -> Any:
    """`value.name`: a map's key, a list value's or a date's field. A key that is absent is none."""
    if type(value) is dict:
        return value.get(name)
    if value is None:
        raise EmptyError(f"'.{name}' of a value that is empty")
    if type(value) is ListValue:
        if name == "key":
            return value.key
        if name == "label":
            return value.label
        known = value.fields or {}
        if name in known:
            return known[name]
        raise wrong(f"a list value has no field '{name}': it has {', '.join(['key', 'label', *known])}")
    if isinstance(value, Mapping):
        return value.get(name)
    value = as_date(value)
    if name in _FIELDS.get(type(value), ()):
        found = getattr(value, name)
        return found() if name in ("date", "time") else found
    raise wrong(f"{type_name(value)} has no field '{name}'")


def item(value: Any, index: Any) -> Any:
    """`value[index]`: a key of a map (numbers and list values too), a place in a list counted from 0, a letter."""
    if type(index) is ListValue:
        index = index.key
    if isinstance(value, Mapping):
        if index.__class__ not in (str, int, float, bool):
            if index is None:
                return None
            index = str(index) if isinstance(index, date | time) else index
            if not isinstance(index, str):
                raise wrong(f"{type_name(index)} is no key of a map")
        found = value.get(index)
        return value.get(str(index)) if found is None and not isinstance(index, str) else found
    if value is None:
        raise EmptyError("an index of a value that is empty")
    if isinstance(value, list | tuple | str):
        if type(index) is not int:
            raise wrong(f"a place in a list is a whole number, not {type_name(index)}")
        return value[index] if -len(value) <= index < len(value) else None
    if type(value) is ListValue and isinstance(index, str):
        return field(value, index)
    raise wrong(f"{type_name(value)} has no parts")


def equal(left: Any, right: Any) -> bool:
    """`==`: never an error; a date equals its ISO text, a list value its key."""
    kind, other = type(left), type(right)
    if kind is other:
        return bool(left == right)
    if kind is bool or other is bool:
        return (left.key if kind is ListValue else left) is (right.key if other is ListValue else right)
    if kind is str and other in _TEMPORAL:
        left = as_date(left)
    elif other is str and kind in _TEMPORAL:
        right = as_date(right)
    if datetime in (type(left), type(right)) and date in (type(left), type(right)):
        return False
    return bool(left == right)


_TEMPORAL = frozenset({date, datetime, time})


def comparable(left: Any, right: Any) -> tuple[Any, Any]:
    """Both, ready for `<`. Raises `StepError` when they have no order."""
    kind, other = type(left), type(right)
    if kind is other and kind in _ORDERED:
        return left, right
    if is_number(left) and is_number(right):
        return left, right
    if kind is ListValue or other is ListValue:
        return comparable(left.key if kind is ListValue else left, right.key if other is ListValue else right)
    first, second = as_date(left), as_date(right)
    if type(first) is type(second) and type(first) in _TEMPORAL:
        if isinstance(first, datetime) and (first.tzinfo is None) is not (second.tzinfo is None):
            raise wrong("a datetime with a time zone and one without cannot be compared: compare their dates")
        return first, second
    if isinstance(first, date) and isinstance(second, date):  # a date and a datetime: the day decides
        return (
            first.date() if isinstance(first, datetime) else first,
            second.date() if isinstance(second, datetime) else second,
        )
    raise wrong(f"{type_name(left)} and {type_name(right)} cannot be compared")


_ORDERED = frozenset({int, float, str, date, time, timedelta})


def contains(needle: Any, hay: Any) -> bool:
    """`in`: an item of a list, a key of a map, a piece of a text. Nothing is in none."""
    if hay is None:
        return False
    if isinstance(hay, str):
        if isinstance(needle, ListValue):
            needle = needle.key
        if not isinstance(needle, str):
            raise wrong(f"{type_name(needle)} cannot be looked for in a text")
        return needle in hay
    if isinstance(hay, Mapping):
        return item(hay, needle) is not None
    if isinstance(hay, list | tuple):
        return any(equal(needle, one) for one in hay)
    raise wrong(f"nothing can be looked for in {type_name(hay)}")


def key_text(value: Any) -> str:
    """A map's key from an expression."""
    if isinstance(value, ListValue):
        value = value.key
    if isinstance(value, str):
        return value
    if is_number(value):
        return str(value)
    raise wrong(f"{type_name(value)} is no key of a map")
