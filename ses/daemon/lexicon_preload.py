"""Preloads dictionaries: at the first start they are read while the program is still being imported."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from threading import Lock

from ses.scenario.words.lexicon import WordForms, ask_child, begin_child

AT_ONCE = 2
"""Children: as many as robots are read at once."""
_LANGUAGE = re.compile(rb"^language: *([a-z]{2,3})\b", re.MULTILINE)
_BEGINNING = 65_536
"""Bytes of a file in which its language is looked for."""


class PreloadingLexicon:
    """A `Lexicon` whose first questions go to children that have been reading their dictionaries meanwhile.

    Nobody has parsed a robot yet, so its language is guessed by the look of its file. What is guessed wrongly costs time and
    nothing else: who finds no child for his language begins one.
    """

    def __init__(self) -> None:
        self._children: list[tuple[str, subprocess.Popen[str]]] = []
        self._lock = Lock()

    def begin(self, scenarios: Path) -> None:
        """Have dictionaries read for the robots below a folder."""
        with suppress(OSError):  # who needs a child then says what is wrong
            for language in islice(_guessed(scenarios), AT_ONCE):
                self._children.append((language, begin_child(language)))

    def __call__(self, words: Collection[str], languages: Sequence[str]) -> Mapping[str, WordForms]:
        return ask_child(lambda: self._for(languages), words, languages)

    def end(self) -> None:
        """The robots are read: children that nobody asked end."""
        with self._lock:
            while self._children:
                self._children.pop()[1].communicate()

    def _for(self, languages: Sequence[str]) -> subprocess.Popen[str]:
        with self._lock:
            for one in self._children:
                if one[0] in languages:
                    self._children.remove(one)
                    return one[1]
        return begin_child()


def _guessed(scenarios: Path) -> Iterator[str]:
    """The languages that robots' files name, one for each robot."""
    for path in sorted([*scenarios.glob("*/robot.yaml"), *scenarios.glob("*.yaml")]):
        with path.open("rb") as file:
            if found := _LANGUAGE.search(file.read(_BEGINNING)):
                yield found[1].decode()
