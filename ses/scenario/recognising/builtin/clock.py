"""time: «18:30», «в семь вечера», «полседьмого», «без четверти восемь», "6 pm", "half past six"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time
from itertools import islice

from ses.scenario.program.recognition import Found, Utterance
from ses.scenario.recognising.builtin.asked import Asked, spanning
from ses.scenario.recognising.builtin.leftover import contradicted
from ses.scenario.recognising.builtin.numerals import Piece, pieces
from ses.scenario.recognising.builtin.quantities import unit_seconds

_CLOCK = re.compile(
    r"(?<![\w.:])([01]?\d|2[0-3])[:.]([0-5]\d)(?![\w:]|\.\d)(?:\s*([ap])\.?m\b\.?)?", re.IGNORECASE
)
_DASHED = re.compile(r"(?<![\w.:–-])([01]?\d|2[0-3])[-–](00|15|30|45)(?![\w:]|[-–.]\d)")
"""«19-00»; other minutes may be two hours («10-11»)."""
_RANGE = re.compile(r"\d\s?[-–—]\s?\d")
_AMPM = re.compile(r"(?<![\w.:])(\d{1,2})\s*([ap])\.?m\b\.?", re.IGNORECASE)
MOST = 50
"""Times in digits that are looked at in an utterance."""
_PARTS = {
    "утра": "am",
    "ночи": "night",
    "дня": "pm",
    "вечера": "pm",
    "am": "am",
    "pm": "pm",
    "morning": "am",
    "afternoon": "pm",
    "evening": "pm",
}
_NAMED = {"полдень": time(12), "полночь": time(0), "noon": time(12), "midday": time(12), "midnight": time(0)}
_HALF_PAST = (
    "первого второго третьего четвертого пятого шестого седьмого восьмого девятого десятого одиннадцатого двенадцатого"
).split()
_BEFORE = ("в", "во", "к", "на", "около", "после", "до", "at", "by", "around", "с")
_DAYPARTS = {"утром": "am", "днем": "pm", "вечером": "pm", "ночью": "night", "tonight": "pm"}
"""Said anywhere in the phrase: «завтра вечером в семь»."""
_HALVES = {"a": "am", "p": "pm"}
_ENDS = frozenset(
    {
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
        *_DAYPARTS,
    }
)
"""What may follow a bare hour («в семь завтра»); another word is what the number counts."""


def times(utterance: Utterance, asked: Asked) -> list[Found]:
    found = [one for one, _ in timed(utterance, asked, pieces(utterance, asked.language), set())]
    return [] if asked.open and contradicted(utterance, found) else found


def timed(
    utterance: Utterance, asked: Asked, sequence: list[Piece], taken: set[int]
) -> list[tuple[Found, time]]:
    """Times of day, in order; `taken` are words that are already a date."""
    daypart = next((_DAYPARTS[piece.word] for piece in sequence if piece.word in _DAYPARTS), "")
    found = []
    taken = set(taken)
    for value, start, end, sure in _in_digits(utterance, asked.open):
        one = spanning("time", "", utterance, start, end)
        if not taken.isdisjoint(range(one.first, one.last)):
            continue
        if not (sure or asked.open or _after_preposition(utterance, one.first)):
            continue  # 12.30 may be a sum
        part, last = _part_after(utterance, one.last)
        clock = _in_part(value, part or daypart)
        stop = utterance.words[last - 1].end if last > one.last else end
        found.append((spanning("time", clock.strftime("%H:%M"), utterance, start, stop), clock))
        taken.update(range(one.first, last))
    at = 0
    while at < len(sequence):
        spelled, end = (None, at) if sequence[at].first in taken else _spelled(sequence, at, asked.open)
        if spelled is not None:
            part, end = _part(sequence, end)
            clock = _in_part(spelled, part or daypart)
            start, stop = sequence[at].start, sequence[end - 1].end
            if _RANGE.search(utterance.raw, start, stop):
                at = end  # «10-11»: two hours
                continue
            found.append((spanning("time", clock.strftime("%H:%M"), utterance, start, stop), clock))
        at = max(end, at + 1)
    return sorted(found, key=lambda one: one[0].start)


def _in_digits(utterance: Utterance, wanted: bool) -> Iterator[tuple[time, int, int, bool]]:
    """Times in digits, where they stand, and whether they can be nothing else."""
    for match in islice(_CLOCK.finditer(utterance.raw), MOST):
        hour, minute, half = match.groups()
        value = _in_part(time(int(hour), int(minute)), _HALVES.get((half or "").lower(), ""))
        yield value, *match.span(), half is not None or ":" in match[0]
    for match in _DASHED.finditer(utterance.raw) if wanted else ():
        yield time(int(match[1]), int(match[2])), *match.span(), True
    for match in islice(_AMPM.finditer(utterance.raw), MOST):
        if 1 <= int(match[1]) <= 12:
            yield _in_part(time(int(match[1])), _HALVES[match[2].lower()]), *match.span(), True


def _in_part(clock: time, part: str) -> time:
    """The time meant by an hour of that part of the day."""
    if part == "pm" and clock.hour < 12:
        return clock.replace(hour=clock.hour + 12)
    return clock.replace(hour=0) if part in ("am", "night") and clock.hour == 12 else clock


def _after_preposition(utterance: Utterance, first: int) -> bool:
    return first > 0 and utterance.words[first - 1].text in _BEFORE


def _spelled(sequence: list[Piece], at: int, wanted: bool) -> tuple[time | None, int]:
    """The time in words that begins at `at`, and where it ends; `wanted`: a lone hour will do."""
    piece = sequence[at]
    if piece.word in _NAMED:
        return _NAMED[piece.word], at + 1
    half = _half_past(sequence, at)
    if half is not None:
        return time(half[0] % 24, 30), half[1]
    before = _before_the_hour(sequence, at)
    if before is not None:
        return before
    past = _past_the_hour(sequence, at)
    if past is not None:
        return past
    if piece.word == "час":
        part, _ = _part(sequence, at + 1)
        alone = (
            wanted
            and at > 0
            and sequence[at - 1].word in ("в", "к", "после", "около")
            and at + 1 == len(sequence)
        )
        return (time(1), at + 1) if part or alone else (None, at)
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
    part, _ = _part(sequence, end)
    following = sequence[end].word if end < len(sequence) else ""
    if not part and not said and minute == 0:
        if not (_preposed(sequence, at) or (wanted and len(sequence) == 1)):
            return None, at
        if following and following not in _BEFORE and not _is_end(sequence, end):
            return None, at  # «в 3 пиццерии»: a number of something
    if said and not part and not _preposed(sequence, at) and not wanted:
        return None, at  # «два часа» is a length of time
    return time(hour, minute), end


def _is_end(sequence: list[Piece], end: int) -> bool:
    word = sequence[end].word
    return word in _ENDS


def _preposed(sequence: list[Piece], at: int) -> bool:
    return at > 0 and sequence[at - 1].word in _BEFORE


def _half_past(sequence: list[Piece], at: int) -> tuple[int, int] | None:
    """«полседьмого», «половина седьмого», "half past six": the hour, and where it ends."""
    word = sequence[at].word
    if word.startswith("пол") and word[3:] in _HALF_PAST:
        return _HALF_PAST.index(word[3:]), at + 1
    following = sequence[at + 1] if at + 1 < len(sequence) else None
    if (
        word in ("пол", "половина", "половине", "половину")
        and following
        and following.ordinal
        and following.number
    ):
        return int(following.number) - 1, at + 2
    last = sequence[at + 2] if at + 2 < len(sequence) else None
    if word == "half" and following and following.word == "past" and last and isinstance(last.number, int):
        return last.number, at + 3
    return None


def _past_the_hour(sequence: list[Piece], at: int) -> tuple[time, int] | None:
    """«четверть третьего», «десять минут девятого», "quarter past two", "ten past six"."""
    minutes, after = _minutes(sequence, at, ("четверть", "quarter"))
    if minutes is None or after >= len(sequence):
        return None
    hour = sequence[after]
    if hour.word == "past" and after + 1 < len(sequence):
        number = sequence[after + 1].number
        return (time(number, minutes), after + 2) if isinstance(number, int) and 1 <= number <= 12 else None
    counted = after > at + 1 or sequence[at].word == "четверть"  # «пять третьего» alone is no time
    if counted and hour.ordinal and isinstance(hour.number, int) and 1 <= hour.number <= 12:
        return time(hour.number - 1, minutes), after + 1
    return None


def _minutes(sequence: list[Piece], at: int, quarters: tuple[str, str]) -> tuple[int | None, int]:
    """A count of minutes before or past an hour, and where it ends."""
    piece = sequence[at]
    if piece.word in quarters:
        return 15, at + 1
    if piece.ordinal or not isinstance(piece.number, int) or not 1 <= piece.number <= 29:
        return None, at
    after = at + 1
    if after < len(sequence) and sequence[after].word in ("минут", "минуты", "минута", "минуту", "minutes"):
        after += 1
    return piece.number, after


def _before_the_hour(sequence: list[Piece], at: int) -> tuple[time, int] | None:
    """«без пятнадцати семь», «без пяти минут восемь», «без четверти восемь», "quarter to seven", "ten to six"."""
    if sequence[at].word == "без":
        minutes, after = (
            _minutes(sequence, at + 1, ("четверти", "четверть")) if at + 1 < len(sequence) else (None, at)
        )
    else:
        minutes, after = _minutes(sequence, at, ("quarter", "quarter"))
        if minutes is None or after >= len(sequence) or sequence[after].word != "to":
            return None
        after += 1
    if minutes is None or after >= len(sequence):
        return None
    hour = sequence[after]
    if hour.word == "час":
        return time(0, 60 - minutes), after + 1
    if hour.ordinal or not isinstance(hour.number, int) or not 1 <= hour.number <= 24:
        return None
    return time(hour.number - 1, 60 - minutes), after + 1


def _part_after(utterance: Utterance, at: int) -> tuple[str, int]:
    """The part of the day that word `at` names, and the word after it."""
    words = utterance.words
    return (_PARTS[words[at].text], at + 1) if at < len(words) and words[at].text in _PARTS else ("", at)


def _part(sequence: list[Piece], at: int) -> tuple[str, int]:
    """The part of the day named at `at` («вечера», "in the evening"), and where it ends."""
    words = [piece.word for piece in sequence[at : at + 3]]
    if words and words[0] in _PARTS:
        return _PARTS[words[0]], at + 1
    if len(words) == 3 and words[:2] == ["in", "the"] and words[2] in _PARTS:
        return _PARTS[words[2]], at + 3
    return "", at
