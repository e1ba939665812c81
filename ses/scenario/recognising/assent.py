"""Yes, no, or neither: a grammar over phrases, for an answer to `confirm` and to a slot of type `yes_no`.

An answer is a yes only if every word of it is explained: by a phrase of yes, by filler, or by a value that agrees with what
stands. A negated yes is a no, «нет, всё верно» is a yes, and whoever hesitates or asks back said neither.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from ses.scenario.program.recognition import Assent, Utterance
from ses.scenario.words.tokeniser import fold, split

Kind = Literal[
    "affirm",
    "correct",
    "agree",
    "intensifier",
    "deny",
    "unsure",
    "filler",
    "negation",
    "exception",
    "request",
]
KINDS: tuple[Kind, ...] = (
    "request",
    "filler",
    "exception",
    "negation",
    "intensifier",
    "agree",
    "correct",
    "affirm",
    "deny",
    "unsure",
)
"""A phrase that stands under several is the last of them."""

LONGEST = 60
"""Words; who says more than that says something else too."""
_YES = frozenset({"affirm", "correct", "agree", "intensifier"})
_RHETORICAL = frozenset({"почему", "отчего", "еще", "как", "why"})
"""Beginnings of yes phrases that are put as questions: «почему бы и нет?»."""
_PLAIN_NO = frozenset({"нет", "неа", "no", "nope", "nah"})
"""They may answer «anything to change?»: then what follows says that all is right."""
_SIGN = re.compile(r"[\u2705\u2714\u274c\u2716\U0001f300-\U0001faff\U0001f197]")
_STRETCHED = re.compile(r"(\w)\1{2,}")
_ASKS = re.compile(r"\?[\s)\]»\"'!?.…]*$")


class _Piece(NamedTuple):
    kind: Kind | Literal["value", "strange"]
    first: int
    last: int
    phrase: tuple[str, ...]


class AssentWords:
    """Phrases by kind, found longest first."""

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        """`phrases`: of each kind in `KINDS`, as people write them."""
        self._kinds: dict[tuple[str, ...], Kind] = {}
        for kind in KINDS:
            for phrase in phrases.get(kind, ()):
                words = tuple(word.text for word in split(phrase)) or (fold(phrase).strip(),)
                self._kinds[words] = kind
        self._longest: dict[str, int] = {}
        for words in self._kinds:
            self._longest[words[0]] = max(self._longest.get(words[0], 0), len(words))

    def read(self, utterance: Utterance, explained: Collection[int] = ()) -> Assent:
        """`explained`: words, by their index, of values that agree with what stands."""
        if len(utterance.words) > LONGEST:
            return Assent(None, (0,))
        pieces = self._pieces(utterance, explained)
        if not pieces:
            return self._signs(utterance)
        return _judge(pieces, asks=bool(_ASKS.search(utterance.raw)))

    def core(self, utterance: Utterance) -> str:
        """The words that are neither filler nor a way of asking: «отмена» of «отмена, пожалуйста»."""
        pieces = self._pieces(utterance, ())
        return " ".join(
            word for one in pieces if one.kind not in ("filler", "request") for word in one.phrase
        )

    def _signs(self, utterance: Utterance) -> Assent:
        """A text without words: «+», «👍»."""
        signs = _SIGN.findall(utterance.raw) or [utterance.raw.strip().strip(".!,")]
        kinds = {self._kinds.get((sign[:1],)) for sign in signs} - {None}
        if len(kinds) == 1 and kinds <= _YES | {"deny", "unsure"}:
            kind = kinds.pop()
            return Assent("yes" if kind in _YES else "no" if kind == "deny" else "unsure")
        return Assent(None)

    def _pieces(self, utterance: Utterance, explained: Collection[int]) -> list[_Piece]:
        words = utterance.words
        pieces: list[_Piece] = []
        at = 0
        while at < len(words):
            if at in explained:
                pieces.append(_Piece("value", at, at + 1, ()))
                at += 1
                continue
            phrase = self._phrase(utterance, at)
            kind: Kind | Literal["strange"] = self._kinds.get(phrase, "strange")
            pieces.append(_Piece(kind, at, at + len(phrase), phrase))
            at += len(phrase)
        if words:
            end = len(words)
            signs = [(sign,) for sign in _SIGN.findall(utterance.raw)]
            pieces += [_Piece(self._kinds[sign], end, end, sign) for sign in signs if sign in self._kinds]
        return pieces

    def _phrase(self, utterance: Utterance, at: int) -> tuple[str, ...]:
        """The longest known phrase that begins there; else the word itself."""
        words = utterance.words
        first = self._known(words[at].text)
        for length in range(min(self._longest.get(first, 1), len(words) - at), 0, -1):
            phrase = (first, *(self._known(word.text) for word in words[at + 1 : at + length]))
            if phrase in self._kinds:
                return phrase
        return (first,)

    def _known(self, word: str) -> str:
        """A stretched word as it is meant: «дааа», "nooo"."""
        return _STRETCHED.sub(r"\1", word) if word not in self._longest and len(word) > 2 else word


def _judge(pieces: list[_Piece], *, asks: bool) -> Assent:
    strange = tuple(
        at
        for piece in pieces
        if piece.kind in ("strange", "request")
        for at in range(piece.first, piece.last)
    )
    said = _negated(
        [piece for piece in pieces if piece.kind not in ("filler", "value", "strange", "request")]
    )
    kinds = [piece.kind for piece in said]
    if "exception" in kinds and _YES.intersection(kinds[: kinds.index("exception")]):
        return Assent(None, strange, exception=True)
    if strange:
        return Assent(None, strange)
    if "unsure" in kinds or "exception" in kinds:
        return Assent("unsure")
    if asks and not any(piece.phrase[0] in _RHETORICAL for piece in said):
        return Assent("unsure" if said else None)
    answer = _answer(said)
    return Assent(answer, negated=answer == "no" and any(piece.kind == "negation" for piece in pieces))


def _negated(said: list[_Piece]) -> list[_Piece]:
    """Negations joined with what follows: a negated yes is a no, a negated no is nothing one could act upon."""
    joined: list[_Piece] = []
    negation = False
    for piece in said:
        if piece.kind == "negation":
            negation = True
        elif negation:
            kind: Kind = "deny" if piece.kind in _YES else "unsure"
            joined.append(piece._replace(kind=kind))
            negation = False
        else:
            joined.append(piece)
    if negation:  # «верно, но не всё»: what is negated was not told
        joined.append(said[-1]._replace(kind="deny"))
    return joined


def _answer(said: Sequence[_Piece]) -> Literal["yes", "no", "unsure"] | None:
    """Of pieces of yes and no only, in order."""
    kinds = [piece.kind for piece in said]
    if not kinds:
        return None
    if "deny" not in kinds:
        return "yes"
    yes = {kind for kind in kinds if kind in _YES and kind != "intensifier"}
    if not yes:
        return "no"  # «конечно нет»
    if yes == {"affirm"} and kinds[-1] == "deny":
        return "no"  # «да нет»
    plain = said[0].kind == "deny" and set(said[0].phrase) <= _PLAIN_NO
    if plain and "deny" not in kinds[1:] and yes == {"correct"}:
        return "yes"  # «нет, всё верно»
    return "unsure"
