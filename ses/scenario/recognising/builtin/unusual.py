"""Dates worded in ways that our grammar does not know, through dateparser.

It takes 20 to 130 ms a phrase, so it is asked only for the open question, off the loop, and only about phrases that
can be dates: with a digit, or in a language other than Russian and English.
"""

from __future__ import annotations

import re
import warnings
from datetime import datetime

from ses.scenario.program.recognition import Found, Utterance
from ses.scenario.recognising.builtin.asked import Asked, spanning
from ses.scenario.recognising.builtin.days import impossible
from ses.scenario.recognising.builtin.leftover import contradicted

MAX_PHRASE = 100
"""Characters; longer phrases are not dates."""
_DIGIT = re.compile(r"\d")
_RANGE = re.compile(r"\d\s?[-–—]\s?\d")
"""Two numbers, not one date."""


def unusual(entity: str, utterance: Utterance, asked: Asked) -> list[Found]:
    """A date or datetime that the whole utterance says, if dateparser understands it."""
    raw = utterance.raw.strip()
    ours = asked.language[:2] in ("ru", "en")
    if asked.now is None or not utterance.words or len(raw) > MAX_PHRASE or (ours and not _DIGIT.search(raw)):
        return []
    if ours and (impossible(utterance, asked) or _RANGE.search(raw) or contradicted(utterance, ())):
        return []
    moment = _parse(raw, asked.language[:2], asked.now.replace(tzinfo=None), entity)
    if moment is None:
        return []
    value = moment.date().isoformat() if entity == "date" else moment.isoformat(timespec="minutes")
    return [spanning(entity, value, utterance, utterance.words[0].start, utterance.words[-1].end)]


def _parse(raw: str, language: str, now: datetime, entity: str) -> datetime | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # dateparser warns about its own use of the standard library
        import dateparser

        required = ["day", "month"] if entity == "date" else ["day"]
        settings = {
            "PREFER_DATES_FROM": "future",
            "RELATIVE_BASE": now,
            "REQUIRE_PARTS": required,
            "RETURN_AS_TIMEZONE_AWARE": False,
        }
        parsed = dateparser.parse(raw, languages=[language], settings=settings)
        if parsed is None and language not in ("ru", "en"):
            from dateparser.search import search_dates

            inside = search_dates(raw, languages=[language], settings=settings)
            parsed = inside[0][1] if inside else None
    if not isinstance(parsed, datetime) or (entity == "datetime" and parsed.time() == now.time()):
        return None  # without a time in the phrase dateparser takes the present one
    return parsed
