"""Entities that every robot has: the finders of what can be told from an utterance's text."""

from __future__ import annotations

from collections.abc import Mapping

from ses.scenario.recognising.builtin.asked import Asked, Finder
from ses.scenario.recognising.builtin.clock import times
from ses.scenario.recognising.builtin.contacts import emails, phones, urls
from ses.scenario.recognising.builtin.days import dates
from ses.scenario.recognising.builtin.moments import moments
from ses.scenario.recognising.builtin.persons import persons
from ses.scenario.recognising.builtin.quantities import durations, integers, numbers, sums

FINDERS: Mapping[str, Finder] = {
    "number": numbers,
    "integer": integers,
    "money": sums,
    "date": dates,
    "time": times,
    "datetime": moments,
    "duration": durations,
    "phone": phones,
    "email": emails,
    "url": urls,
    "person": persons,
}
ATTACHED = frozenset({"location", "contact", "file", "image", "voice"})
"""What comes beside the text (`attached.py`)."""
SLOW = frozenset({"date", "datetime"})
"""Entities for which the open question may fall back on dateparser."""
SAID = frozenset(FINDERS) | {"yes_no"}
"""Entities that are found in an utterance's words; `yes_no` by a grammar over phrases (`assent.py`)."""
BUILT_IN = SAID | ATTACHED

__all__ = ["ATTACHED", "BUILT_IN", "FINDERS", "SAID", "SLOW", "Asked", "Finder"]
