"""What the engine itself says, and the phrases of its built-in intents: `texts.yaml` beside this file. The words of yes and no,
and of negation: `assent.yaml` and `negation.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ses.scenario.findings.report import Report
from ses.scenario.reading.document import read_yaml
from ses.scenario.reading.nodes import plain_data

LANGUAGES = ("ru", "en")
"""Languages the engine speaks; word forms, dates and plurals exist for these."""
BUILT_IN_INTENTS = ("cancel", "repeat", "help", "skip", "back")


@dataclass(frozen=True, slots=True)
class EngineTexts:
    texts: dict[str, dict[str, tuple[str, ...]]]
    """By key (`ses.back` …) and language: variants."""
    intents: dict[str, dict[str, tuple[str, ...]]]
    """By intent and language: patterns."""


_PHRASES = {"assent": "ses.{}_words", "negation": "ses.negation_{}"}
"""Files of phrases, and the key under `texts:` by which a robot adds some of a kind."""


@cache
def engine_phrases() -> Mapping[str, tuple[str, ...]]:
    """The phrases of the engine's grammars by key: `ses.affirm_words`, `ses.negation_before` … Read once a process."""
    return {
        key.format(kind): tuple(listed(text))
        for name, key in _PHRASES.items()
        for kind, text in _data(f"{name}.yaml").items()
    }


def listed(text: str) -> list[str]:
    """The phrases of a list with commas."""
    return [phrase for one in text.split(",") if (phrase := " ".join(one.split()))]


@cache
def engine_texts() -> EngineTexts:
    """Read once a process."""
    data = _data("texts.yaml")
    return EngineTexts(_by_language(data["texts"]), _by_language(data["intents"]))


def _data(name: str) -> dict[str, Any]:
    """A file beside this one. A fault in it is a fault of this program."""
    report = Report()
    document = read_yaml(name, files("ses.scenario.compiling").joinpath(name).read_bytes(), report)
    if document.root is None or report.failed:
        raise RuntimeError(f"{name}: {[finding.message for finding in report]}")
    data: dict[str, Any] = plain_data(document.root)
    return data


def _by_language(data: dict[str, dict[str, str | list[str]]]) -> dict[str, dict[str, tuple[str, ...]]]:
    return {
        key: {
            language: (given,) if isinstance(given, str) else tuple(given)
            for language, given in words.items()
        }
        for key, words in data.items()
    }
