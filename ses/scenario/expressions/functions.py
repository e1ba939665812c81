"""The functions of expressions. Nothing else can be called.

A function is given its arguments; one that needs the turn's time is given only that (`timed`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from ses.scenario.expressions.access import comparable, item
from ses.scenario.expressions.callee import Callee
from ses.scenario.expressions.operations import add, bounded, is_number, type_name, wrong
from ses.scenario.values.values import ListValue, as_date

NOW = "#now"
"""The scope's name of the turn's time: an aware datetime in the user's time zone."""


def now(scope: Mapping[str, Any]) -> datetime:
    """The turn's time: the wall clock of the user's time zone."""
    moment = scope.get(NOW)
    if moment is None:
        raise wrong("the time is not known here")
    return moment.replace(tzinfo=None, microsecond=0)  # type: ignore[no-any-return]


def _today(moment: datetime) -> date:
    return moment.date()


def _span(unit: str) -> Callable[[Any], timedelta]:
    def span(count: Any) -> timedelta:
        if not is_number(count):
            raise wrong(f"{unit}() takes a number, not {type_name(count)}")
        try:
            return timedelta(**{unit: count})
        except (OverflowError, ValueError):
            raise wrong(f"{unit}() of a number too large") from None

    return span


def length(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, str | list | tuple | Mapping):
        return len(value)
    raise wrong(f"{type_name(value)} has no length")


def _items(values: tuple[Any, ...]) -> list[Any]:
    given = values[0] if len(values) == 1 else values
    if not isinstance(given, list | tuple):
        raise wrong(f"a list is expected, not {type_name(given)}")
    return [one for one in given if one is not None]


def _extreme(least: bool) -> Callable[..., Any]:
    def extreme(*values: Any) -> Any:
        best: Any = None
        for one in _items(values):
            if best is not None:
                left, right = comparable(one, best)
                if not (left < right if least else left > right):
                    continue
            best = one
        return best

    return extreme


def _sum(values: Any, name: str | None = None) -> Any:
    total: Any = 0
    for index, one in enumerate(_items((values,))):
        term = one if name is None else item(one, name)
        total = term if index == 0 and isinstance(term, timedelta) else add(total, term)
    return total


def rounded(value: Any, digits: Any = 0) -> Any:
    if not is_number(value) or type(digits) is not int or not 0 <= digits <= 10:
        raise wrong(f"round() takes a number and a count of digits, not {type_name(value)}")
    if isinstance(value, float) and not math.isfinite(value):
        raise wrong("the number is too large")
    scale = 10**digits
    half_up = math.floor(abs(value) * scale + 0.5) / scale  # half up, as people are taught
    half_up = -half_up if value < 0 else half_up
    return bounded(half_up) if digits else int(bounded(half_up))


def number_of(value: Any) -> Any:
    """A number from its text («1 500,50»), none when it is no number."""
    if is_number(value) or value is None:
        return value
    if isinstance(value, ListValue):
        value = value.key
    if isinstance(value, str) and len(value) <= 40:
        text = value.replace(" ", "").replace("\u00a0", "").replace(",", ".")
        try:
            parsed = float(text)
        except ValueError:
            return None
        if math.isfinite(parsed):
            return int(parsed) if parsed.is_integer() else parsed
    return None


def _date(value: Any) -> date | None:
    if value is None:
        return None
    moment = as_date(value)
    if isinstance(moment, datetime):
        return moment.date()
    if isinstance(moment, date):
        return moment
    raise wrong("date() takes a text like '2026-01-31' or a datetime")


def _time(value: Any) -> time | None:
    if value is None:
        return None
    moment = as_date(value)
    if isinstance(moment, datetime):
        return moment.time()
    if isinstance(moment, time):
        return moment
    raise wrong("time() takes a text like '09:30' or a datetime")


def _datetime(day: Any, clock: Any = None) -> datetime | None:
    if day is None:
        return None
    moment = as_date(day)
    if isinstance(moment, datetime) and clock is None:
        return moment
    if isinstance(moment, date):
        return datetime.combine(moment, (_time(clock) if clock is not None else None) or time())
    raise wrong("datetime() takes a date and a time, or a text like '2026-01-31T09:30'")


def _weekday(value: Any) -> int | None:
    day = _date(value)
    return None if day is None else day.isoweekday()


FUNCTIONS: Mapping[str, Callee] = {
    "now": Callee(lambda moment: moment, 0, 0, "datetime", timed=True, usage="now()"),
    "today": Callee(_today, 0, 0, "date", timed=True, usage="today()"),
    "days": Callee(_span("days"), 1, 1, "duration", usage="days(2)"),
    "hours": Callee(_span("hours"), 1, 1, "duration", usage="hours(2)"),
    "minutes": Callee(_span("minutes"), 1, 1, "duration", usage="minutes(30)"),
    "len": Callee(length, 1, 1, "number", usage="len(items)"),
    "min": Callee(_extreme(True), 1, 20, "any", usage="min(a, b) or min(list)"),
    "max": Callee(_extreme(False), 1, 20, "any", usage="max(a, b) or max(list)"),
    "sum": Callee(_sum, 1, 2, "any", usage="sum(list) or sum(list, 'field')"),
    "round": Callee(rounded, 1, 2, "number", usage="round(x) or round(x, 2)"),
    "number": Callee(number_of, 1, 1, "number", usage="number(text)"),
    "date": Callee(_date, 1, 1, "date", usage="date('2026-01-31')"),
    "time": Callee(_time, 1, 1, "time", usage="time('09:30')"),
    "datetime": Callee(_datetime, 1, 2, "datetime", usage="datetime(day, time)"),
    "weekday": Callee(_weekday, 1, 1, "number", usage="weekday(day), 1 is Monday"),
}
