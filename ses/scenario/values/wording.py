"""How numbers, dates, money and plurals are worded in Russian and English; other languages through Babel."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

MONTHS = {
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split(),
    "en": "January February March April May June July August September October November December".split(),
}
"""As they stand in a date: «22 ноября»."""
WEEKDAYS = {
    "ru": "понедельник вторник среда четверг пятница суббота воскресенье".split(),
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
}
_CURRENCY = {"RUB": "₽", "USD": "$", "EUR": "€", "GBP": "£", "KZT": "₸", "BYN": "Br", "UAH": "₴", "CNY": "¥"}
CURRENCY_OF = {"ru": "RUB", "en": "USD", "uk": "UAH", "kk": "KZT", "be": "BYN"}
"""The currency of a bare sum, by language; elsewhere the euro."""
_UNITS = {
    "ru": (
        ("день", "дня", "дней"),
        ("час", "часа", "часов"),
        ("минута", "минуты", "минут"),
        ("секунда", "секунды", "секунд"),
    ),
    "en": (("day", "days"), ("hour", "hours"), ("minute", "minutes"), ("second", "seconds")),
}
_SHORT_WEEKDAYS = "пн вт ср чт пт сб вс".split()
_YEAR_SHOWN = timedelta(days=180)
"""A date of another year shows it only from this distance on: «2 января» said in December needs none."""
_NARROW = "\u00a0"


def own(language: str) -> str:
    """`ru` or `en` when our own tables speak it, else empty."""
    return language[:2] if language[:2] in MONTHS else ""


def yes_no(value: bool, language: str) -> str:
    if language.startswith("ru"):
        return "да" if value else "нет"
    return "yes" if value else "no"


def number(value: float, language: str, *, grouped: bool = False) -> str:
    """`0,5` in Russian, `0.5` in English; thousands grouped by request."""
    rounded = round(value, 10)
    text = f"{rounded:,.10f}".rstrip("0").rstrip(".") if rounded % 1 else f"{rounded:,.0f}"
    if not grouped:
        text = text.replace(",", "")
    if language.startswith("en"):
        return text
    return text.replace(",", _NARROW).replace(".", ",")


def money(amount: Any, currency: str, language: str) -> str:
    """«1 590 ₽», "$1,590"; kopecks only when there are some."""
    value = float(amount)
    if value % 1:
        whole, _, cents = f"{value:.2f}".partition(".")
        text = (
            number(float(whole), language, grouped=True) + ("." if language.startswith("en") else ",") + cents
        )
        if value < 0 and not text.startswith("-"):
            text = "-" + text
    else:
        text = number(value, language, grouped=True)
    sign = _CURRENCY.get(currency.upper(), currency)
    if language.startswith("en") and sign in "$€£¥":
        return f"-{sign}{text[1:]}" if text.startswith("-") else f"{sign}{text}"
    return f"{text}{_NARROW}{sign}" if sign else text


def day(value: date, language: str, now: datetime | None = None) -> str:
    """«22 ноября», "22 November"; with the year when it is far from now's."""
    ours = own(language)
    shown = now is not None and value.year != now.year and abs(value - now.date()) > _YEAR_SHOWN
    if not ours:
        return dated(value, "d MMMM y" if shown else "d MMMM", language)
    return f"{value.day} {MONTHS[ours][value.month - 1]}" + (f" {value.year}" if shown else "")


_FIELD = re.compile(r"'([^']*)'|(y+|M+|d+|E+|H+|m+|s+)|([A-Za-z]+)|(.)", re.DOTALL)


def dated(value: date | time, form: str, language: str) -> str:
    """A date or time in a form of Unicode's letters: d dd M MM MMMM y yyyy yy E EEEE H HH mm ss, texts in quotes.

    Raises ValueError for a letter it does not know or a field the value has not.
    """
    ours = own(language)
    if not ours:
        return _through_babel(value, form, language)
    pieces = []
    for match in _FIELD.finditer(form):
        quoted, field, unknown, other = match.groups()
        if unknown:
            raise ValueError(f"'{unknown}' is no field of a date")
        pieces.append(_field(value, field, ours) if field else quoted if quoted is not None else other)
    return "".join(pieces)


def _field(value: Any, field: str, language: str) -> str:
    letter, width = field[0], len(field)
    if (letter in "yMdE" and isinstance(value, time)) or (letter in "Hms" and not hasattr(value, "hour")):
        raise ValueError(f"the value has no '{field}'")
    if letter == "y":
        return f"{value.year % 100:02}" if width == 2 else str(value.year)
    if letter == "M" and width >= 3:
        name: str = MONTHS[language][value.month - 1]
        return name if width >= 4 else name[:3]
    if letter == "E":
        weekday: int = value.weekday()
        name = WEEKDAYS[language][weekday]
        if width >= 4:
            return name
        return name[:3] if language == "en" else _SHORT_WEEKDAYS[weekday]
    part = {"M": "month", "d": "day", "H": "hour", "m": "minute", "s": "second"}[letter]
    return f"{getattr(value, part):0{min(width, 4)}}"


def _through_babel(value: date | time, form: str, language: str) -> str:
    from babel import UnknownLocaleError
    from babel.dates import format_datetime, format_time

    try:
        if isinstance(value, time):
            return str(format_time(value, form, locale=language))
        moment = value if isinstance(value, datetime) else datetime.combine(value, time())
        return str(format_datetime(moment, form, locale=language))
    except UnknownLocaleError:
        return value.isoformat()


def plural(count: float, forms: Sequence[str], language: str) -> str:
    """The form of a noun for a number: one/few/many in Russian (1 пицца, 2 пиццы, 5 пицц), one/other in English.

    A fraction takes the second form («1,5 пиццы»). Fewer forms than the language has: the last one stands in.
    """
    if language.startswith(("ru", "uk", "be")):
        n = abs(count)
        if n % 1:
            index = 1
        elif n % 10 == 1 and n % 100 != 11:
            index = 0
        else:
            index = 1 if 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14 else 2
    else:
        index = 0 if abs(count) == 1 else 1
    return forms[min(index, len(forms) - 1)]


def duration(value: timedelta, language: str) -> str:
    """«2 часа 30 минут»; at least a second."""
    seconds = round(value.total_seconds())
    units = _UNITS[own(language) or "en"]
    pieces = []
    rest = abs(seconds)
    for size, forms in zip((86400, 3600, 60, 1), units, strict=True):
        count, rest = divmod(rest, size)
        if count:
            pieces.append(f"{count} {plural(count, forms, language)}")
    text = " ".join(pieces) or f"0 {plural(0, units[3], language)}"
    return f"-{text}" if seconds < 0 else text


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
