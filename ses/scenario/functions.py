"""The functions and filters of expressions. Nothing else can be called.

A function is given its arguments; one that needs the turn's time is given it first (`timed`). A filter is given the
language of its text, the value and its arguments.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from ses.scenario import wording
from ses.scenario.inflection import CASES, in_case
from ses.scenario.operations import (
    MAX_TEXT,
    add,
    bounded,
    comparable,
    is_number,
    item,
    type_name,
    wrong,
)
from ses.scenario.values import ListValue, as_date, printed

NOW = "#now"
"""The scope's name of the turn's time: an aware datetime in the user's time zone."""


@dataclass(frozen=True, slots=True)
class Callee:
    """A function or filter: what it takes (arguments beside a filter's value) and gives (a type of `inference`)."""

    run: Callable[..., Any]
    least: int
    most: int
    gives: str
    timed: bool = False
    usage: str = ""


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


def _len(value: Any) -> int:
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


def _round(value: Any, digits: Any = 0) -> Any:
    if not is_number(value) or type(digits) is not int or not 0 <= digits <= 10:
        raise wrong(f"round() takes a number and a count of digits, not {type_name(value)}")
    if isinstance(value, float) and not math.isfinite(value):
        raise wrong("the number is too large")
    scale = 10**digits
    rounded = math.floor(abs(value) * scale + 0.5) / scale  # half up, as people are taught
    rounded = -rounded if value < 0 else rounded
    return bounded(rounded) if digits else int(bounded(rounded))


def _number(value: Any) -> Any:
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
    "len": Callee(_len, 1, 1, "number", usage="len(items)"),
    "min": Callee(_extreme(True), 1, 20, "any", usage="min(a, b) or min(list)"),
    "max": Callee(_extreme(False), 1, 20, "any", usage="max(a, b) or max(list)"),
    "sum": Callee(_sum, 1, 2, "any", usage="sum(list) or sum(list, 'field')"),
    "round": Callee(_round, 1, 2, "number", usage="round(x) or round(x, 2)"),
    "number": Callee(_number, 1, 1, "number", usage="number(text)"),
    "date": Callee(_date, 1, 1, "date", usage="date('2026-01-31')"),
    "time": Callee(_time, 1, 1, "time", usage="time('09:30')"),
    "datetime": Callee(_datetime, 1, 2, "datetime", usage="datetime(day, time)"),
    "weekday": Callee(_weekday, 1, 1, "number", usage="weekday(day), 1 is Monday"),
}


def _text_of(value: Any, language: str) -> str:
    text = value if type(value) is str else printed(value, language)
    if len(text) > MAX_TEXT:
        raise wrong(f"the text is longer than {MAX_TEXT} characters")
    return text


def _plural(language: str, value: Any, *forms: Any) -> str:
    if isinstance(value, str):
        value = _number(value)
    if not is_number(value):
        raise wrong(f"plural counts a number, not {type_name(value)}")
    return f"{printed(value, language)} {wording.plural(value, [_text_of(form, language) for form in forms], language)}"


def _money(language: str, value: Any, currency: Any = None) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        currency = currency or value.get("currency")
        value = value.get("amount")
    amount = _number(value)
    if amount is None:
        raise wrong(f"money is a number, not {type_name(value)}")
    return wording.money(amount, str(currency or wording.CURRENCY_OF.get(language[:2], "EUR")), language)


def _dated(language: str, value: Any, form: Any = None) -> str:
    if value is None:
        return ""
    moment = as_date(value)
    if not isinstance(moment, date | time):
        raise wrong(f"date takes a date, not {type_name(value)}")
    if form is None:
        return printed(moment, language)
    try:
        return wording.dated(moment, _text_of(form, language)[:100], language)
    except ValueError as error:
        raise wrong(str(error)) from None


def _mask(language: str, value: Any, shown: Any = 4) -> str:
    if value is None:
        return ""
    if type(shown) is not int or shown < 0:
        raise wrong("mask takes the number of characters to show")
    text = _text_of(value, language)
    return "•••• " + text[len(text) - shown :] if 0 < shown < len(text) else "••••"


def _case(language: str, value: Any, case: Any) -> str:
    if case not in CASES:
        raise wrong(f"the cases are {', '.join(CASES)}")
    return (
        in_case(_text_of(value, language), case) if language.startswith("ru") else _text_of(value, language)
    )


def _join(language: str, value: Any, by: Any = ", ", name: Any = None) -> str:
    if value is None:
        return ""
    if not isinstance(value, list | tuple):
        raise wrong(f"join takes a list, not {type_name(value)}")
    separator, pieces, size = _text_of(by, language), [], 0
    for one in value:
        piece = _text_of(one if name is None else item(one, name), language)
        size += len(piece) + len(separator)
        if size > MAX_TEXT:
            raise wrong(f"the text would be longer than {MAX_TEXT} characters")
        pieces.append(piece)
    return separator.join(pieces)


def _capitalize(language: str, value: Any) -> str:
    text = _text_of(value, language)
    return text[:1].upper() + text[1:]


FILTERS: Mapping[str, Callee] = {
    "plural": Callee(_plural, 1, 4, "text", usage="n|plural('пицца', 'пиццы', 'пицц')"),
    "money": Callee(_money, 0, 1, "text", usage="sum|money or sum|money('USD')"),
    "date": Callee(_dated, 0, 1, "text", usage="day|date('d MMMM')"),
    "mask": Callee(_mask, 0, 1, "text", usage="card|mask(4)"),
    "case": Callee(_case, 1, 1, "text", usage="city|case('loct')"),
    "lower": Callee(lambda language, value: _text_of(value, language).lower(), 0, 0, "text", usage="x|lower"),
    "upper": Callee(lambda language, value: _text_of(value, language).upper(), 0, 0, "text", usage="x|upper"),
    "capitalize": Callee(_capitalize, 0, 0, "text", usage="x|capitalize"),
    "trim": Callee(lambda language, value: _text_of(value, language).strip(), 0, 0, "text", usage="x|trim"),
    "join": Callee(_join, 0, 2, "text", usage="list|join(', ') or list|join(', ', 'field')"),
    "default": Callee(
        lambda language, value, other: other if value is None else value, 1, 1, "any", usage="x|default('…')"
    ),
    "round": Callee(
        lambda language, value, digits=0: _round(value, digits), 0, 1, "number", usage="x|round(2)"
    ),
    "length": Callee(lambda language, value: _len(value), 0, 0, "number", usage="list|length"),
    "first": Callee(
        lambda language, value: item(value, 0) if value else None, 0, 0, "any", usage="list|first"
    ),
    "last": Callee(
        lambda language, value: item(value, -1) if value else None, 0, 0, "any", usage="list|last"
    ),
    "number": Callee(lambda language, value: _number(value), 0, 0, "number", usage="x|number"),
}
