"""date: «завтра», «в следующую пятницу», «22 ноября», «через три дня», "November 22nd", 22.11.2026.

A date without a year is the nearest one not before today; a weekday is the nearest one after today, with «следующий»
the one of the next week.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta
from itertools import islice

from ses.scenario.program.recognition import Found, Utterance
from ses.scenario.recognising.builtin.asked import Asked, spanning
from ses.scenario.recognising.builtin.leftover import contradicted
from ses.scenario.recognising.builtin.numerals import Piece, pieces

_ISO = re.compile(r"(?<![\w.])(\d{4})-(\d\d?)-(\d\d?)(?!\d)")
_POINTS = re.compile(r"(?<![\w.:/])(\d\d?)\.(\d\d?)(?:\.(\d{4}|\d\d))?(?:\s?г(?:ода?)?\b\.?)?(?![\w:]|\.\d)")
_SLASHES = re.compile(r"(?<![\w./])(\d\d?)/(\d\d?)(?:/(\d{4}|\d\d))?(?![\w/])")
_DASHES = re.compile(r"(?<![\w.–-])(\d\d?)[-–](\d\d?)[-–](\d{4}|\d\d)(?![\w–-])")

MOST = 50
"""Dates or times in digits of one form that are looked at in an utterance."""
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
_PAST = re.compile(r"прошл\w{2,3}|предыдущ\w{2,3}|last|past|previous")
_THIS = re.compile(r"эт(?:от|у|о|а|ой|ом)|ближайш\w{2,3}|this|coming|on|в|во|на")
_STEPS = {
    1: re.compile(r"день|дня|дней|сутки|суток|days?"), 7: re.compile(r"недел[юяи]|недель|weeks?"),
    30: re.compile(r"месяц(?:а|ев)?|months?"), 365: re.compile(r"год(?:а|ик)?|лет|years?"),
}  # fmt: skip


def dates(utterance: Utterance, asked: Asked) -> list[Found]:
    found = [one for one, _ in dated(utterance, asked, pieces(utterance, asked.language))]
    return [] if asked.open and contradicted(utterance, found) else found


def impossible(utterance: Utterance, asked: Asked) -> bool:
    """Whether a day is named that does not exist: «31 ноября», «31.02»."""
    sequence = pieces(utterance, asked.language)
    today = asked.now.date() if asked.now else None
    if any(
        _month_named(sequence, at) and _named_month(sequence, at, today)[0] is None
        for at in range(len(sequence))
    ):
        return True
    spans = [(one.start, one.end) for one, _ in _in_digits(utterance, asked, today)]
    return any(
        not any(start <= match.start() < end for start, end in spans)
        and not (form is _POINTS and match[3] is None and 12 < int(match[2]) < 60)  # 9.30 is a time
        for form in (_ISO, _POINTS, _SLASHES, _DASHES)
        for match in islice(form.finditer(utterance.raw), MOST)
    )


def _month_named(sequence: list[Piece], at: int) -> bool:
    """Whether a number of days stands before a month: a date, if there is such a day."""
    number, after = sequence[at].number, at + 1
    if _index(_MONTHS, sequence[at].word) is not None and sequence[at].word.isascii():
        day = sequence[after].number if after < len(sequence) else None  # "February 30"
        return isinstance(day, int) and 0 < day < 100
    if not isinstance(number, int) or not 0 < number < 100:
        return False
    if after < len(sequence) and sequence[after].word in ("of", "числа", "го"):
        after += 1
    return after < len(sequence) and _index(_MONTHS, sequence[after].word) is not None


def dated(utterance: Utterance, asked: Asked, sequence: list[Piece]) -> list[tuple[Found, date]]:
    """Dates with their values as objects, in order, without overlaps."""
    today = asked.now.date() if asked.now else None
    found = _in_digits(utterance, asked, today)
    taken = {word for one, _ in found for word in range(one.first, one.last)}
    at = 0
    while at < len(sequence):
        value, end = (None, at) if sequence[at].first in taken else _spelled(sequence, at, today)
        if value is None and asked.open and today and not _month_named(sequence, at):
            value, end = _bare_day(sequence, at, today)
        if value is not None:
            start, stop = sequence[at].start, sequence[end - 1].end
            found.append((spanning("date", value.isoformat(), utterance, start, stop), value))
        at = max(end, at + 1)
    return sorted(found, key=lambda one: one[0].start)


def _in_digits(utterance: Utterance, asked: Asked, today: date | None) -> list[tuple[Found, date]]:
    found = []
    month_first = asked.language.startswith("en")
    for form in (_ISO, _POINTS, _SLASHES, _DASHES):
        for match in islice(form.finditer(utterance.raw), MOST):
            first, second, third = match.groups()
            if form is _ISO:
                value = _day(int(third), int(second), int(first), today)
            elif form is _SLASHES and month_first:
                value = _day(int(second), int(first), _year(third, today), today)
            else:
                value = _day(int(first), int(second), _year(third, today), today)
            if value is not None:
                found.append((spanning("date", value.isoformat(), utterance, *match.span()), value))
    return found


def _year(text: str | None, today: date | None) -> int | None:
    if not text:
        return None
    return int(text) if len(text) == 4 else _century(int(text), today)


def _century(year: int, today: date | None) -> int:
    """A year of two digits: up to twenty years ahead, else of the century before."""
    this = today.year if today else 2025
    full = this - this % 100 + year
    return full if full <= this + 20 else full - 100


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
    if words == ["the", "day", "after"]:  # «not tomorrow, the day after»
        return today + timedelta(days=2), at + 3
    if words[:3] == ["day", "after", "tomorrow"]:
        return today + timedelta(days=2), at + 3
    if word in _RELATIVE:
        return today + timedelta(days=_RELATIVE[word]), at + 1
    if word in ("через", "in"):
        return _ahead(sequence, at + 1, today)
    ago = _ago(sequence, at, today)
    if ago[0] is not None:
        return ago
    month = _day_of_month(sequence, at, today)
    if month[0] is not None:
        return month
    return _weekday(sequence, at, today)


def _ago(sequence: list[Piece], at: int, today: date) -> tuple[date | None, int]:
    """«неделю назад», «5 дней назад», "three days ago"."""
    count, after = 1, at
    number = sequence[at].number
    if isinstance(number, int):
        count, after = number, at + 1
    if (
        after + 1 >= len(sequence)
        or sequence[after + 1].word not in ("назад", "ago")
        or not 0 <= count <= 3650
    ):
        return None, at
    return _stepped(today, sequence[after].word, -count), after + 2


def _day_of_month(sequence: list[Piece], at: int, today: date) -> tuple[date | None, int]:
    """«5 числа следующего месяца», "the 5th of next month"."""
    number, after = sequence[at].number, at + 1
    if not isinstance(number, int) or not 1 <= number <= 31:
        return None, at
    if after < len(sequence) and sequence[after].word in ("числа", "of", "число"):
        after += 1
    words = [piece.word for piece in sequence[after : after + 2]]
    if len(words) < 2 or words[1] not in ("месяца", "month"):
        return None, at
    shift = 1 if _NEXT.fullmatch(words[0]) else 0 if words[0] in ("этого", "текущего", "this") else None
    first = _months_later(today.replace(day=1), shift) if shift is not None else None
    if first is None or number > monthrange(first.year, first.month)[1]:
        return None, at
    return first.replace(day=number), after + 2


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
    named = end + 1 < len(sequence) and sequence[end + 1].word in ("года", "год", "г")
    if isinstance(year, int) and (1900 <= year <= 2200 or (named and 0 <= year < 100)):
        end += 2 if named else 1
        return _day(day, month + 1, year if year >= 100 else _century(year, today), today), end
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
    day = _stepped(today, sequence[at].word, count)
    if day is None:
        return None, at
    weekday = at + 1
    while weekday < len(sequence) and weekday < at + 3 and _THIS.fullmatch(sequence[weekday].word):
        weekday += 1
    named = _index(_WEEKDAYS, sequence[weekday].word) if weekday < len(sequence) else None
    if named is not None and weekday > at + 1 and _STEPS[7].fullmatch(sequence[at].word):
        return day - timedelta(days=day.weekday()) + timedelta(
            days=named
        ), weekday + 1  # «через две недели в среду»
    return day, at + 1


def _stepped(today: date, unit: str, count: int) -> date | None:
    """So many days, weeks, months or years from today."""
    for days, names in _STEPS.items():
        if names.fullmatch(unit):
            if days in (30, 365):
                return _months_later(today, count * (12 if days == 365 else 1))
            return today + timedelta(days=days * count)
    return None


def _months_later(today: date, count: int) -> date | None:
    year, month = divmod(today.year * 12 + today.month - 1 + count, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1])) if year < 9999 else None


def _weekday(sequence: list[Piece], at: int, today: date) -> tuple[date | None, int]:
    begin, following, past = at, False, False
    while at < len(sequence) and at < begin + 2:
        if _NEXT.fullmatch(sequence[at].word):
            following = True
        elif _PAST.fullmatch(sequence[at].word):
            past = True
        elif not _THIS.fullmatch(sequence[at].word):
            break
        at += 1
    weekday = _index(_WEEKDAYS, sequence[at].word) if at < len(sequence) else None
    if weekday is None or (at == begin and len(sequence[at].word) == 2 and len(sequence) > 2):
        return None, begin  # «ср» or «вс» in the middle of a sentence is hardly a day
    if past:
        return today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1), at + 1
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
