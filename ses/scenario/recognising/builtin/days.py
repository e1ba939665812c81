"""date: «завтра», «в следующую пятницу», «22 ноября», «через три дня», "November 22nd", 22.11.2026.

A date without a year is the nearest one not before today; a weekday is the nearest one after today, with «следующий»
the one of the next week.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

from ses.scenario.program.recognition import Found, Utterance
from ses.scenario.recognising.builtin.asked import Asked, spanning
from ses.scenario.recognising.builtin.numerals import Piece, pieces

_ISO = re.compile(r"(?<![\w.])(\d{4})-(\d\d?)-(\d\d?)(?!\d)")
_POINTS = re.compile(r"(?<![\w.:/])(\d\d?)\.(\d\d?)(?:\.(\d{4}|\d\d))?(?![\w:]|\.\d)")
_SLASHES = re.compile(r"(?<![\w./])(\d\d?)/(\d\d?)(?:/(\d{4}|\d\d))?(?![\w/])")

_MONTHS = [
    re.compile(names)
    for names in (
        r"январ\w|янв|january|jan", r"феврал\w|фев|february|feb", r"март[аеу]?|мар|march|mar", r"апрел\w|апр|april|apr",
        r"ма[йяею]|may", r"июн\w|june|jun", r"июл\w|july|jul", r"август[аеу]?|авг|august|aug",
        r"сентябр\w|сен|сент|september|sept?", r"октябр\w|окт|october|oct", r"ноябр\w|ноя|november|nov",
        r"декабр\w|дек|december|dec",
    )
]  # fmt: skip
_WEEKDAYS = [
    re.compile(names)
    for names in (
        r"понедельник[ау]?|пн|monday|mon", r"вторник[ау]?|вт|tuesday|tues?", r"сред[ауые]|ср|wednesday|wed",
        r"четверг[ау]?|чт|thursday|thurs?", r"пятниц[ауые]|пт|friday|fri", r"суббот[ауые]|сб|saturday|sat",
        r"воскресень[еяю]|вс|sunday|sun",
    )
]  # fmt: skip
_RELATIVE = {"позавчера": -2, "вчера": -1, "сегодня": 0, "завтра": 1, "послезавтра": 2,
             "yesterday": -1, "today": 0, "tonight": 0, "tomorrow": 1}  # fmt: skip
_NEXT = re.compile(r"следующ\w{2,3}|next")
_THIS = re.compile(r"эт(?:от|у|о|а|ой|ом)|ближайш\w{2,3}|this|coming|on|в|во|на")
_STEPS = {
    1: re.compile(r"день|дня|дней|сутки|суток|days?"), 7: re.compile(r"недел[юяи]|недель|weeks?"),
    30: re.compile(r"месяц(?:а|ев)?|months?"), 365: re.compile(r"год(?:а|ик)?|лет|years?"),
}  # fmt: skip


def dates(utterance: Utterance, asked: Asked) -> list[Found]:
    return [found for found, _ in dated(utterance, asked, pieces(utterance))]


def dated(utterance: Utterance, asked: Asked, sequence: list[Piece]) -> list[tuple[Found, date]]:
    """Dates with their values as objects, in order, without overlaps."""
    today = asked.now.date() if asked.now else None
    found = _in_digits(utterance, asked, today)
    taken = {word for one, _ in found for word in range(one.first, one.last)}
    at = 0
    while at < len(sequence):
        value, end = (None, at) if sequence[at].first in taken else _spelled(sequence, at, today)
        if value is None and asked.open and today:
            value, end = _bare_day(sequence, at, today)
        if value is not None:
            start, stop = sequence[at].start, sequence[end - 1].end
            found.append((spanning("date", value.isoformat(), utterance, start, stop), value))
        at = max(end, at + 1)
    return sorted(found, key=lambda one: one[0].start)


def _in_digits(utterance: Utterance, asked: Asked, today: date | None) -> list[tuple[Found, date]]:
    found = []
    month_first = asked.language.startswith("en")
    for form in (_ISO, _POINTS, _SLASHES):
        for match in form.finditer(utterance.raw):
            first, second, third = match.groups()
            if form is _ISO:
                value = _day(int(third), int(second), int(first), today)
            elif form is _SLASHES and month_first:
                value = _day(int(second), int(first), _year(third), today)
            else:
                value = _day(int(first), int(second), _year(third), today)
            if value is not None:
                found.append((spanning("date", value.isoformat(), utterance, *match.span()), value))
    return found


def _year(text: str | None) -> int | None:
    if not text:
        return None
    return int(text) if len(text) == 4 else 2000 + int(text)


def _day(day: int, month: int, year: int | None, today: date | None) -> date | None:
    """A date, or none when there is no such day; without a year the nearest from today on."""
    if not 1 <= month <= 12 or day < 1 or (year is None and today is None):
        return None
    if year is not None:
        return date(year, month, day) if 1 <= year <= 9999 and day <= monthrange(year, month)[1] else None
    assert today is not None
    for candidate in range(today.year, today.year + 9):  # 29 February may be eight years away
        if day <= monthrange(candidate, month)[1] and date(candidate, month, day) >= today:
            return date(candidate, month, day)
    return None


def _spelled(sequence: list[Piece], at: int, today: date | None) -> tuple[date | None, int]:
    """The date in words that begins at `at`, and where it ends."""
    named = _named_month(sequence, at, today)
    if named[0] is not None or today is None:
        return named
    word = sequence[at].word
    words = [piece.word for piece in sequence[at : at + 4]]
    if words == ["the", "day", "after", "tomorrow"]:
        return today + timedelta(days=2), at + 4
    if words[:3] == ["day", "after", "tomorrow"]:
        return today + timedelta(days=2), at + 3
    if word in _RELATIVE:
        return today + timedelta(days=_RELATIVE[word]), at + 1
    if word in ("через", "in"):
        return _ahead(sequence, at + 1, today)
    return _weekday(sequence, at, today)


def _named_month(sequence: list[Piece], at: int, today: date | None) -> tuple[date | None, int]:
    piece = sequence[at]
    if piece.number is not None:  # 22 ноября, 22nd of November
        end = at + 1
        if end < len(sequence) and sequence[end].word in ("of", "числа", "го"):
            end += 1
        month = _index(_MONTHS, sequence[end].word) if end < len(sequence) else None
        day: int | float | None = piece.number
        end += 1
    else:  # November 22
        month = _index(_MONTHS, piece.word)
        end = at + 1
        if end < len(sequence) and sequence[end].word == "the":
            end += 1
        day = sequence[end].number if end < len(sequence) and piece.word.isascii() else None
        end += 1
    if month is None or day is None or not isinstance(day, int):
        return None, at
    year = sequence[end].number if end < len(sequence) else None
    if isinstance(year, int) and 1900 <= year <= 2200:
        end += 1
        if end < len(sequence) and sequence[end].word in ("года", "год", "г"):
            end += 1
        return _day(day, month + 1, year, today), end
    return _day(day, month + 1, None, today), end


def _index(names: list[re.Pattern[str]], word: str) -> int | None:
    return next((index for index, name in enumerate(names) if word and name.fullmatch(word)), None)


def _ahead(sequence: list[Piece], at: int, today: date) -> tuple[date | None, int]:
    """«через три дня», "in a week"."""
    count: int | float | None = 1
    if at < len(sequence) and sequence[at].number is not None:
        count, at = sequence[at].number, at + 1
    elif at < len(sequence) and sequence[at].word in ("a", "an"):
        at += 1
    if at == len(sequence) or not isinstance(count, int) or not 0 <= count <= 3650:
        return None, at
    for days, names in _STEPS.items():
        if names.fullmatch(sequence[at].word):
            if days == 30:
                return _months_later(today, count), at + 1
            if days == 365:
                return _months_later(today, 12 * count), at + 1
            return today + timedelta(days=days * count), at + 1
    return None, at


def _months_later(today: date, count: int) -> date | None:
    year, month = divmod(today.year * 12 + today.month - 1 + count, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1])) if year < 9999 else None


def _weekday(sequence: list[Piece], at: int, today: date) -> tuple[date | None, int]:
    begin, following = at, False
    while at < len(sequence) and at < begin + 2:
        if _NEXT.fullmatch(sequence[at].word):
            following = True
        elif not _THIS.fullmatch(sequence[at].word):
            break
        at += 1
    weekday = _index(_WEEKDAYS, sequence[at].word) if at < len(sequence) else None
    if weekday is None or (at == begin and len(sequence[at].word) == 2 and len(sequence) > 2):
        return None, begin  # «ср» or «вс» in the middle of a sentence is hardly a day
    if following:
        return today - timedelta(days=today.weekday()) + timedelta(days=7 + weekday), at + 1
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1), at + 1


def _bare_day(sequence: list[Piece], at: int, today: date) -> tuple[date | None, int]:
    """«22-го», «22 числа», and a lone «22» in answer to the question."""
    piece = sequence[at]
    if not isinstance(piece.number, int) or not 1 <= piece.number <= 31:
        return None, at
    named = at + 1 < len(sequence) and sequence[at + 1].word in ("числа", "число")
    if not (named or piece.ordinal or len(sequence) == 1):
        return None, at
    first = today.replace(day=1)
    for _ in range(12):
        if (
            piece.number <= monthrange(first.year, first.month)[1]
            and first.replace(day=piece.number) >= today
        ):
            return first.replace(day=piece.number), at + (2 if named else 1)
        first = (first + timedelta(days=32)).replace(day=1)
    return None, at
