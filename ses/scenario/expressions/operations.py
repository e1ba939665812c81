"""Arithmetic at run time: operands of fitting types only, results of bounded size; else `StepError("value")`.

Messages name types, never values: a value may be private.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from ses.errors import StepError
from ses.scenario.values.values import ListValue, as_date

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


def add(left: Any, right: Any) -> Any:
    kind, other = type(left), type(right)
    if (kind is int or kind is float) and (other is int or other is float):
        return bounded(left + right)
    if (kind is ListValue or other is ListValue) and _is_texts(left) and _is_texts(right):
        # readers see the labels joined, data the keys
        return ListValue(add(_key(left), _key(right)), add(_label(left), _label(right)))
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


def _is_texts(value: Any) -> bool:
    return type(value) is str or (type(value) is ListValue and isinstance(value.key, str))


def _key(value: Any) -> Any:
    return value.key if type(value) is ListValue else value


def _label(value: Any) -> Any:
    return value.label if type(value) is ListValue else value


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
