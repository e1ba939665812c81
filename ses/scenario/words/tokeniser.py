"""Reading an utterance: normalising it and splitting it into words with their positions in the raw text."""

from __future__ import annotations

import re
import unicodedata

from ses.scenario.program.recognition import Utterance, Word

MAX_UTTERANCE = 4096
"""Characters of an utterance that are looked at; the rest is cut off before any recogniser sees it."""

_STRESS = "\u0301"
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+|[\u0300-\u036f][^\W_]*)*")
"""Letters and digits, with accents and apostrophes inside: `don't` is one word, `кто-то` is two."""


def fold(text: str) -> str:
    """The form in which words are compared: NFC, case folded, `ё` as `е`, stress marks dropped."""
    folded = unicodedata.normalize("NFC", text).casefold().replace("ё", "е").replace("’", "'")
    return folded.replace(_STRESS, "") if _STRESS in folded else folded


def split(text: str) -> tuple[Word, ...]:
    """The words of a raw text. Offsets are characters of `text` as it is given."""
    if text.isascii():
        folded = text.lower()
    else:
        folded = text.casefold().replace("ё", "е").replace("’", "'")
        if len(folded) != len(text) or _STRESS in folded:
            # Folding changed lengths (`ß`): positions must be found in the text as it is.
            return tuple([Word(fold(m[0]), m.start(), m.end()) for m in _WORD.finditer(text)])
    # a Word made through tuple costs half of one made by its own constructor, and this is done for every word said
    make = tuple.__new__
    return tuple([make(Word, (m[0], m.start(), m.end())) for m in _WORD.finditer(folded)])


def read(text: str) -> Utterance:
    """An utterance of at most `MAX_UTTERANCE` characters, NFC, with its words."""
    if len(text) > MAX_UTTERANCE:
        text = text[:MAX_UTTERANCE]
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)[:MAX_UTTERANCE]
    return Utterance(text, split(text))


def phrase_key(text: str) -> str:
    """Equal for phrases that differ only in case, punctuation, spaces and `ё`: folded words joined by a space.

    A text without words (an emoji) is its own folded self.
    """
    return " ".join([word.text for word in split(text)]) or fold(text).strip()
