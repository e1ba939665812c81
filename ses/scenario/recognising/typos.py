"""Words with one typo: a letter too many, missing, wrong, or two neighbours exchanged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_CACHED = 5_000


class TypoIndex:
    """Finds the known words one typo away.

    A typo spares one half of the word meant (or exchanges the two letters at its middle), so words are filed
    under their length with each half: two entries a word, and few words to compare.
    """

    def __init__(self, words: Iterable[str], shortest: int) -> None:
        """`shortest`: words with fewer letters are neither corrected nor corrections."""
        self._shortest = shortest
        self._known = {word for word in words if len(word) >= shortest}
        self._filed: dict[str, list[str]] = {}
        self._corrected: dict[str, tuple[str, ...]] = {}
        for word in self._known:
            for key in _halves(word, len(word)):
                self._filed.setdefault(key, []).append(word)

    def corrections(self, word: str) -> tuple[str, ...]:
        """Known words that `word` may be a typo of; empty when it is known itself or too short."""
        if len(word) < self._shortest or word in self._known:
            return ()
        corrected = self._corrected.get(word)
        if corrected is None:
            if len(self._corrected) >= _CACHED:
                self._corrected.clear()
            corrected = self._corrected[word] = tuple(sorted(self._correct(word)))
        return corrected

    def _correct(self, word: str) -> set[str]:
        from rapidfuzz.distance import OSA  # 2 MB that robots without lists and examples need not hold

        near = {turned for turned in _exchanges(word) if turned in self._known}
        for length in (len(word) - 1, len(word), len(word) + 1):
            for key in _halves(word, length):
                for known in self._filed.get(key, ()):
                    if known not in near and OSA.distance(word, known, score_cutoff=1) <= 1:
                        near.add(known)
        return near


def _halves(word: str, length: int) -> tuple[str, str]:
    """Keys of the halves that a word of `length` letters shares with `word` if the other half has the typo."""
    half = length // 2
    return f"{length}<{word[:half]}", f"{length}>{word[half - length :]}"


def _exchanges(word: str) -> Iterator[str]:
    for index in range(len(word) - 1):
        yield word[:index] + word[index + 1] + word[index] + word[index + 2 :]
