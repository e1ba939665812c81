"""What the engine itself says, and the phrases of its built-in intents: `texts.yaml` beside this file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

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


@cache
def engine_texts() -> EngineTexts:
    """Read once a process. A fault in the file is a fault of this program."""
    report = Report()
    raw = files("ses.scenario.compiling").joinpath("texts.yaml").read_bytes()
    document = read_yaml("texts.yaml", raw, report)
    if document.root is None or report.failed:
        raise RuntimeError(f"texts.yaml: {[finding.message for finding in report]}")
    data = plain_data(document.root)
    return EngineTexts(_by_language(data["texts"]), _by_language(data["intents"]))


def _by_language(data: dict[str, dict[str, str | list[str]]]) -> dict[str, dict[str, tuple[str, ...]]]:
    return {
        key: {
            language: (given,) if isinstance(given, str) else tuple(given)
            for language, given in words.items()
        }
        for key, words in data.items()
    }
