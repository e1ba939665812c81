"""time and datetime: «18:30», «в семь вечера», «полседьмого», "6 pm", «завтра в 18:30», «через два часа»."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from ses.scenario.builtin.asked import Asked, spanning
from ses.scenario.builtin.days import dated
from ses.scenario.builtin.numerals import Piece, pieces
from ses.scenario.builtin.quantities import unit_seconds
from ses.scenario.recognition import Found, Utterance

_CLOCK = re.compile(
    r"(?<![\w.:])([01]?\d|2[0-3])[:.]([0-5]\d)(?![\w:]|\.\d)(?:\s*([ap])\.?m\b\.?)?", re.IGNORECASE
)
_AMPM = re.compile(r"(?<![\w.:])(\d{1,2})\s*([ap])\.?m\b\.?", re.IGNORECASE)
_ISO = re.compile(r"(?<![\w.])\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?!\w)")
_PARTS = {
    "утра": "am",
    "ночи": "night",
    "дня": "pm",
    "вечера": "pm",
    "morning": "am",
    "afternoon": "pm",
    "evening": "pm",
}
_NAMED = {"полдень": time(12), "полночь": time(0), "noon": time(12), "midday": time(12), "midnight": time(0)}
_HALF_PAST = (
    "первого второго третьего четвертого пятого шестого седьмого восьмого девятого десятого одиннадцатого двенадцатого"
).split()
_BEFORE = ("в", "во", "к", "на", "около", "после", "до", "at", "by", "around", "с")


def times(utterance: Utterance, asked: Asked) -> list[Found]:
    return [found for found, _ in timed(utterance, asked, pieces(utterance), set())]


def timed(
    utterance: Utterance, asked: Asked, sequence: list[Piece], taken: set[int]
) -> list[tuple[Found, time]]:
    """Times of day, in order; `taken` are words that are already a date."""
    found = []
    for form in (_CLOCK, _AMPM):
        for match in form.finditer(utterance.raw):
            groups = match.groups()
            half = groups[-1]
            value = _time(
                int(groups[0]),
                int(groups[1]) if form is _CLOCK else 0,
                {"a": "am", "p": "pm"}.get((half or "").lower(), ""),
            )
            one = spanning("time", value.strftime("%H:%M"), utterance, *match.span()) if value else None
            if one and value and taken.isdisjoint(range(one.first, one.last)):
                if (
                    "." in match[0]
                    and not half
                    and not asked.open
                    and not _after_preposition(utterance, one.first)
                ):
                    continue  # 12.30 may be a sum
                found.append((one, value))
                taken = taken | set(range(one.first, one.last))
    at = 0
    while at < len(sequence):
        if sequence[at].first in taken:
            at += 1
            continue
        value, end = _spelled(sequence, at, asked.open)
        if value is not None:
            one = spanning(
                "time", value.strftime("%H:%M"), utterance, sequence[at].start, sequence[end - 1].end
            )
            found.append((one, value))
        at = max(end, at + 1)
    return sorted(found, key=lambda one: one[0].start)


def moments(utterance: Utterance, asked: Asked) -> list[Found]:
    """A date with a time; from now («через два часа»); a time alone only when asked for: the next such time."""
    found = []
    for match in _ISO.finditer(utterance.raw):
        try:
            value = datetime.fromisoformat(match[0].replace(" ", "T"))
        except ValueError:
            continue
        found.append(_moment(value, utterance, *match.span()))
    if found:
        return found
    sequence = pieces(utterance)
    days = dated(utterance, asked._replace(open=False), sequence)
    taken = {word for one, _ in days for word in range(one.first, one.last)}
    clocks = timed(utterance, asked, sequence, taken)
    for day, clock in zip(days, clocks, strict=False):
        start, end = min(day[0].start, clock[0].start), max(day[0].end, clock[0].end)
        found.append(_moment(datetime.combine(day[1], clock[1]), utterance, start, end))
    if not found and asked.now:
        found = _from_now(sequence, utterance, asked.now)
        if not found and asked.open and clocks and not days:
            one, clock_time = clocks[0]
            found.append(_moment(_next(asked.now, clock_time), utterance, one.start, one.end))
    return found


def _moment(value: datetime, utterance: Utterance, start: int, end: int) -> Found:
    return spanning("datetime", value.isoformat(timespec="minutes"), utterance, start, end)


def _next(now: datetime, clock: time) -> datetime:
    today = datetime.combine(now.date(), clock)
    return today if today > now.replace(tzinfo=None) else today + timedelta(days=1)


def _from_now(sequence: list[Piece], utterance: Utterance, now: datetime) -> list[Found]:
    for at, piece in enumerate(sequence):
        if piece.word in ("сейчас", "now"):
            return [_moment(now.replace(tzinfo=None), utterance, piece.start, piece.end)]
        if piece.word not in ("через", "in"):
            continue
        following = sequence[at + 1 : at + 3]
        if following and following[0].word == "полчаса":
            seconds, end = 1800.0, following[0].end
        elif len(following) == 2 and (following[0].number is not None or following[0].word in ("a", "an")):
            seconds = unit_seconds(following[1].word) * (following[0].number or 1)
            end = following[1].end
        elif following:
            seconds, end = float(unit_seconds(following[0].word)), following[0].end
        else:
            continue
        if 0 < seconds <= 86400 * 3650 and (seconds < 86400 or seconds % 86400):
            later = now.replace(tzinfo=None) + timedelta(seconds=seconds)
            return [_moment(later, utterance, piece.start, end)]
    return []


def _after_preposition(utterance: Utterance, first: int) -> bool:
    return first > 0 and utterance.words[first - 1].text in _BEFORE


def _time(hour: int, minute: int, part: str) -> time | None:
    if part == "pm" and hour < 12:
        hour += 12
    elif part in ("am", "night") and hour == 12:
        hour = 0
    return time(hour, minute) if 0 <= hour <= 23 and 0 <= minute <= 59 else None


def _spelled(sequence: list[Piece], at: int, wanted: bool) -> tuple[time | None, int]:
    """The time in words that begins at `at`, and where it ends; `wanted`: a lone hour will do."""
    piece = sequence[at]
    if piece.word in _NAMED:
        return _NAMED[piece.word], at + 1
    half = _half_past(sequence, at)
    if half is not None:
        hour, end = half
        part, end = _part(sequence, end)
        return _time(hour, 30, part), end
    if piece.ordinal or not isinstance(piece.number, int) or not 0 <= piece.number <= 23:
        return None, at
    hour, minute, end = piece.number, 0, at + 1
    said = (
        end < len(sequence) and re.fullmatch(r"час(?:а|ов|у|ам)?|ч|o'clock", sequence[end].word) is not None
    )
    end += said
    if (
        end < len(sequence)
        and isinstance(sequence[end].number, int)
        and 0 <= (sequence[end].number or 0) <= 59
    ):
        after = sequence[end + 1].word if end + 1 < len(sequence) else ""
        if said and unit_seconds(after) == 60:
            minute, end = int(sequence[end].number or 0), end + 2
        elif not said and (sequence[end].number or 0) >= 10 and (wanted or _preposed(sequence, at)):
            minute, end = int(sequence[end].number or 0), end + 1
    part, after_part = _part(sequence, end)
    following = sequence[end].word if end < len(sequence) else ""
    if not part and not said and minute == 0:
        if not (_preposed(sequence, at) or (wanted and len(sequence) == 1)):
            return None, at
        if following and following not in _BEFORE and not _is_end(sequence, end):
            return None, at  # «в 3 пиццерии»: a number of something
    if said and not part and not _preposed(sequence, at) and not wanted:
        return None, at  # «два часа» is a length of time
    return _time(hour, minute, part), after_part


def _is_end(sequence: list[Piece], end: int) -> bool:
    word = sequence[end].word
    return word in (
        "завтра",
        "сегодня",
        "послезавтра",
        "today",
        "tomorrow",
        "on",
        "пожалуйста",
        "please",
        "и",
        "and",
    )


def _preposed(sequence: list[Piece], at: int) -> bool:
    return at > 0 and sequence[at - 1].word in _BEFORE


def _half_past(sequence: list[Piece], at: int) -> tuple[int, int] | None:
    """«полседьмого», «половина седьмого», "half past six": the hour, and where it ends."""
    word = sequence[at].word
    if word.startswith("пол") and word[3:] in _HALF_PAST:
        return _HALF_PAST.index(word[3:]), at + 1
    following = sequence[at + 1] if at + 1 < len(sequence) else None
    if word in ("половина", "половине", "половину") and following and following.ordinal and following.number:
        return int(following.number) - 1, at + 2
    last = sequence[at + 2] if at + 2 < len(sequence) else None
    if word == "half" and following and following.word == "past" and last and isinstance(last.number, int):
        return last.number, at + 3
    return None


def _part(sequence: list[Piece], at: int) -> tuple[str, int]:
    """The part of the day named at `at` («вечера», "in the evening"), and where it ends."""
    words = [piece.word for piece in sequence[at : at + 3]]
    if words and words[0] in _PARTS:
        return _PARTS[words[0]], at + 1
    if len(words) == 3 and words[:2] == ["in", "the"] and words[2] in _PARTS:
        return _PARTS[words[2]], at + 3
    return "", at
