"""What operators do at run time. Operands of fitting types only, results of bounded size; else `StepError("value")`.

Messages name types, never values: a value may be private.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from ses.errors import StepError
from ses.scenario.values import ListValue, as_date

MAX_TEXT = 65_536
"""Characters of a text, and pieces of a list or map, that an expression may make."""
MAX_NUMBER = 2**63 - 1
"""Larger numbers do not fit into the data that keeps them."""


class EmptyError(StepError):
    """A field of none was read; `default` catches it."""

    def __init__(self, message: str) -> None:
        super().__init__("value", message)


def wrong(message: str) -> StepError:
    return StepError("value", message)


def type_name(value: Any) -> str:
    """The type in the language's words."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true/false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, ListValue):
        return "a list value"
    if isinstance(value, datetime):
        return "a datetime"
    if isinstance(value, date):
        return "a date"
    if isinstance(value, time):
        return "a time"
    if isinstance(value, timedelta):
        return "a duration"
    return "a map" if isinstance(value, Mapping) else "a list"


def is_number(value: Any) -> bool:
    kind = type(value)
    return kind is int or kind is float


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
        if value.fields is not None:
            return value.fields.get(name)
        raise wrong(f"a list value has no field '{name}': it has 'key' and 'label'")
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


def add(left: Any, right: Any) -> Any:
    kind, other = type(left), type(right)
    if (kind is int or kind is float) and (other is int or other is float):
        return bounded(left + right)
    if kind is ListValue and isinstance(left.key, str):
        return add(left.key, right)
    if other is ListValue and isinstance(right.key, str):
        return add(left, right.key)
    if other is timedelta:
        return _moved(left, right)
    if kind is timedelta:
        return _moved(right, left)
    if kind is str and other is str:
        if len(left) + len(right) > MAX_TEXT:
            raise wrong(f"the text would be longer than {MAX_TEXT} characters")
        return left + right
    if kind is list and other is list:
        if len(left) + len(right) > MAX_TEXT:
            raise wrong(f"the list would have more than {MAX_TEXT} items")
        return left + right
    raise wrong(f"{type_name(left)} and {type_name(right)} cannot be added")


def subtract(left: Any, right: Any) -> Any:
    if is_number(left) and is_number(right):
        return bounded(left - right)
    if type(right) is timedelta:
        return _moved(left, -right)
    first, second = as_date(left), as_date(right)
    if isinstance(first, date) and isinstance(second, date):
        return _midnight(first) - _midnight(second)
    if type(first) is time and type(second) is time:
        return _midnight(first) - _midnight(second)
    raise wrong(f"{type_name(right)} cannot be subtracted from {type_name(left)}")


def multiply(left: Any, right: Any) -> Any:
    if is_number(left) and is_number(right):
        return bounded(left * right)
    if (type(left) is timedelta and is_number(right)) or (type(right) is timedelta and is_number(left)):
        return left * right
    raise wrong(f"{type_name(left)} and {type_name(right)} cannot be multiplied")


def divide(left: Any, right: Any) -> Any:
    if is_number(right) and not right:
        raise wrong("division by zero")
    if is_number(left) and is_number(right):
        quotient = left / right
        return (
            int(quotient) if quotient.is_integer() and type(left) is type(right) is int else bounded(quotient)
        )
    if type(left) is timedelta and (is_number(right) or (type(right) is timedelta and right)):
        return left / right
    raise wrong(f"{type_name(left)} cannot be divided by {type_name(right)}")


def modulo(left: Any, right: Any) -> Any:
    if not (is_number(left) and is_number(right)):
        raise wrong(f"'%' takes two numbers, not {type_name(left)} and {type_name(right)}")
    if not right:
        raise wrong("division by zero")
    return left % right


def key_text(value: Any) -> str:
    """A map's key from an expression."""
    if isinstance(value, ListValue):
        value = value.key
    if isinstance(value, str):
        return value
    if is_number(value):
        return str(value)
    raise wrong(f"{type_name(value)} is no key of a map")


def negative(value: Any) -> Any:
    if is_number(value) or type(value) is timedelta:
        return -value
    raise wrong(f"{type_name(value)} has no negative")


def bounded(number: Any) -> Any:
    """A number that data can keep."""
    if -MAX_NUMBER <= number <= MAX_NUMBER:
        return number
    raise wrong("the number is too large")


def check_size(value: Any) -> Any:
    """The value, if it has at most `MAX_TEXT` characters and pieces. Shared pieces count each time."""
    left = MAX_TEXT
    todo = [value]
    while todo:
        one = todo.pop()
        left -= len(one) if isinstance(one, str) else 1
        if isinstance(one, Mapping):
            todo.extend(one.values())
            left -= len(one)
        elif isinstance(one, list | tuple):
            todo.extend(one)
        if left < 0 or len(todo) > MAX_TEXT:
            raise wrong(f"the result is larger than {MAX_TEXT // 1024} KB")
    return value


def _moved(moment: Any, by: timedelta) -> Any:
    moment = as_date(moment)
    try:
        if isinstance(moment, datetime) or type(moment) is timedelta:
            return moment + by
        if isinstance(moment, date):
            return moment + by if not by % timedelta(days=1) else _midnight(moment) + by
        if isinstance(moment, time):
            return (_midnight(moment) + by).time()
    except OverflowError:
        raise wrong("the date is out of range") from None
    raise wrong(f"a duration cannot be added to {type_name(moment)}")


def _midnight(moment: date | time) -> datetime:
    if isinstance(moment, datetime):
        return moment.replace(tzinfo=None)
    if isinstance(moment, time):
        return datetime.combine(date(2000, 1, 1), moment)
    return datetime.combine(moment, time())
