"""datetime: «завтра в 18:30», «в пятницу в семь вечера», «через два часа», "tomorrow at 6 pm"."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from ses.scenario.program.recognition import Found, Utterance
from ses.scenario.recognising.builtin.asked import Asked, spanning
from ses.scenario.recognising.builtin.clock import timed
from ses.scenario.recognising.builtin.days import dated, impossible
from ses.scenario.recognising.builtin.leftover import contradicted
from ses.scenario.recognising.builtin.numerals import Piece, pieces
from ses.scenario.recognising.builtin.quantities import unit_seconds

_ISO = re.compile(r"(?<![\w.])\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?!\w)")


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
    if impossible(utterance, asked):
        return []
    sequence = pieces(utterance, asked.language)
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
    return [] if asked.open and contradicted(utterance, found) else found


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
        elif [one.word for one in sequence[at + 1 : at + 4]] == ["half", "an", "hour"]:
            seconds, end = 1800.0, sequence[at + 3].end
        elif len(following) == 2 and (following[0].number is not None or following[0].word in ("a", "an")):
            seconds = unit_seconds(following[1].word) * (following[0].number or 1)
            end = following[1].end
        elif len(following) == 2 and isinstance(following[1].number, int) and len(following[0].word) > 3:
            seconds, end = (
                float(unit_seconds(following[0].word) * following[1].number),
                following[1].end,
            )  # «через минут 40»
        elif following:
            seconds, end = float(unit_seconds(following[0].word)), following[0].end
        else:
            continue
        if 0 < seconds <= 86400 * 3650 and (seconds < 86400 or seconds % 86400):
            later = now.replace(tzinfo=None) + timedelta(seconds=seconds)
            return [_moment(later, utterance, piece.start, end)]
    return []
