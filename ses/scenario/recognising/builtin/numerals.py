"""Numbers in digits and in words, Russian and English: «две», «двадцать пять», "three hundred", «2,5 тысячи», «22-го»."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

from ses.scenario.program.recognition import Utterance


class Piece(NamedTuple):
    """A number, or one word that is none, with its characters and words."""

    word: str
    """Empty for a number."""
    number: int | float | None
    ordinal: bool
    start: int
    end: int
    first: int
    last: int


_DIGITS = re.compile(
    r"(?<![\w:])(?<!\d[.,/])(?P<sign>[-−](?=\d))?"
    r"(?P<whole>\d{1,3}(?:[ \u00a0]\d{3})+|\d{1,15})(?P<part>[.,]\d{1,9})?"
    r"(?P<suffix>(?:st|nd|rd|th)\b|-?(?:го|е|ое|ого|й|м)\b|[кk]\b)?(?![\d:/]|[.,]\d)",
    re.IGNORECASE,
)


def _numbers(text: str) -> dict[str, int]:
    table: dict[str, int] = {}
    for entry in text.split(";"):
        value, *words = entry.split()
        table.update(dict.fromkeys(words, int(value)))
    return table


_STEMS = {
    5: "пят", 6: "шест", 7: "сем", 9: "девят", 10: "десят", 11: "одиннадцат", 12: "двенадцат", 13: "тринадцат",
    14: "четырнадцат", 15: "пятнадцат", 16: "шестнадцат", 17: "семнадцат", 18: "восемнадцат", 19: "девятнадцат",
    20: "двадцат", 30: "тридцат",
}  # fmt: skip
CARDINALS = _numbers(
    "0 ноль нуль нуля ноля zero; 1 один одна одно одну одного одной одному одним одном one;"
    "2 два две двух двум двумя двое двоих двоим пара пару two; 3 три трех трем тремя трое троих троим three;"
    "4 четыре четырех четырем четырьмя четверо четверых four; 5 пятеро пятерых five; 6 шестеро шестерых six; 7 семеро семерых seven;"
    "8 восемь восьми восемью восьмеро восьмерых eight; 9 девятеро девятерых nine; 10 десяток десятеро десятерых ten; 11 eleven; 12 дюжина дюжину twelve dozen; 13 thirteen;"
    "14 fourteen; 15 fifteen; 16 sixteen; 17 seventeen; 18 eighteen; 19 nineteen; 20 twenty; 30 thirty;"
    "40 сорок сорока forty; 50 пятьдесят пятидесяти fifty; 60 шестьдесят шестидесяти sixty;"
    "70 семьдесят семидесяти seventy; 80 восемьдесят восьмидесяти eighty; 90 девяносто девяноста ninety;"
    "100 сто ста; 200 двести двухсот; 300 триста трехсот; 400 четыреста четырехсот; 500 пятьсот пятисот;"
    "600 шестьсот шестисот; 700 семьсот семисот; 800 восемьсот восьмисот; 900 девятьсот девятисот"
) | {stem + ending: value for value, stem in _STEMS.items() for ending in ("ь", "и", "ью")}
ORDINAL_STEMS = _numbers(
    "1 перв; 2 втор; 4 четверт; 5 пят; 6 шест; 7 седьм; 8 восьм; 9 девят; 10 десят; 11 одиннадцат; 12 двенадцат;"
    "13 тринадцат; 14 четырнадцат; 15 пятнадцат; 16 шестнадцат; 17 семнадцат; 18 восемнадцат; 19 девятнадцат;"
    "20 двадцат; 30 тридцат"
)
_ORDINALS = (
    {
        stem + ending: value
        for stem, value in ORDINAL_STEMS.items()
        for ending in ("ое", "ого", "ому", "ым", "ом")
    }
    | {"третье": 3, "третьего": 3, "третьему": 3}
    | _numbers(
        "1 first; 2 second; 3 third; 4 fourth; 5 fifth; 6 sixth; 7 seventh; 8 eighth; 9 ninth; 10 tenth; 11 eleventh;"
        "12 twelfth; 13 thirteenth; 14 fourteenth; 15 fifteenth; 16 sixteenth; 17 seventeenth; 18 eighteenth;"
        "19 nineteenth; 20 twentieth; 30 thirtieth"
    )
)
_SCALES = _numbers(
    "1000 тысяча тысячи тысяч тысячу тысячей тыс thousand; 1000000 миллион миллиона миллионов млн million;"
    "1000000000 миллиард миллиарда миллиардов млрд billion"
)
_HALVES = {"полтора": 1.5, "полторы": 1.5, "полутора": 1.5}


def pieces(utterance: Utterance) -> list[Piece]:
    """The utterance as numbers and other words, in order."""
    words = utterance.words
    digits = _in_digits(utterance)
    found: list[Piece] = []
    at = 0
    while at < len(words):
        piece = digits.get(at)
        if piece is not None:
            found.append(_scaled(piece, utterance))
        elif (
            words[at].text in ("минус", "minus")
            and at + 1 < len(words)
            and _starts(utterance, at + 1, digits)
        ):
            inner = digits.get(at + 1)
            inner = _scaled(inner, utterance) if inner else _in_words(utterance, at + 1)
            number = None if inner.number is None else -inner.number
            found.append(inner._replace(number=number, start=words[at].start, first=at))
        elif _starts(utterance, at, digits):
            found.append(_in_words(utterance, at))
        else:
            word = words[at]
            found.append(Piece(word.text, None, False, word.start, word.end, at, at + 1))
        at = found[-1].last
    return found


def _starts(utterance: Utterance, at: int, digits: dict[int, Piece]) -> bool:
    text = utterance.words[at].text
    return (
        at in digits
        or text in CARDINALS
        or text in _ORDINALS
        or text in _HALVES
        or text in _SCALES
        or text == "hundred"
    )


def _in_digits(utterance: Utterance) -> dict[int, Piece]:
    starts = [word.start for word in utterance.words]
    found: dict[int, Piece] = {}
    for match in _DIGITS.finditer(utterance.raw):
        whole = match["whole"].replace(" ", "").replace("\u00a0", "")
        number: int | float = float(whole + match["part"].replace(",", ".")) if match["part"] else int(whole)
        suffix = (match["suffix"] or "").lower().lstrip("-")
        if suffix in ("к", "k"):
            number *= 1000
        number = _tidy(-number if match["sign"] else number)
        first = bisect_right(starts, match.start("whole")) - 1
        last = bisect_right(starts, match.end() - 1)
        if first < 0 or first in found:
            continue
        found[first] = Piece(
            "", number, bool(suffix) and suffix not in ("к", "k"), *match.span(), first, last
        )
    return found


def _scaled(piece: Piece, utterance: Utterance) -> Piece:
    """Digits with the words that follow: «5 тысяч», «2 с половиной»."""
    words, at, number = utterance.words, piece.last, piece.number
    assert number is not None
    if piece.ordinal:
        return piece
    if at < len(words) and words[at].text in _SCALES:
        number, at = number * _SCALES[words[at].text], at + 1
    elif _with_half(utterance, at):
        number, at = number + 0.5, at + 2
    return piece._replace(
        number=_tidy(number), end=words[at - 1].end if at > piece.last else piece.end, last=at
    )


def _with_half(utterance: Utterance, at: int) -> bool:
    return [word.text for word in utterance.words[at : at + 2]] == ["с", "половиной"]


def _in_words(utterance: Utterance, begin: int) -> Piece:
    words = utterance.words
    total: float = 0
    group: float = 0
    scale, at, ordinal, empty = 10**12, begin, False, True
    while at < len(words):
        text = words[at].text
        if (
            text == "and"
            and not empty
            and at + 1 < len(words)
            and words[at + 1].text in CARDINALS
            and group >= 100
        ):
            at += 1
            continue
        if text in _HALVES and empty:
            group, at, empty = _HALVES[text], at + 1, False
            continue
        if text == "hundred" and group < 10:
            group, at, empty = (group or 1) * 100, at + 1, False
            continue
        if text in _SCALES and _SCALES[text] < scale:
            scale = _SCALES[text]
            total, group, at, empty = total + (group or 1) * scale, 0, at + 1, False
            continue
        value = CARDINALS.get(text)
        if value is None:
            value = _ORDINALS.get(text)
            ordinal = value is not None
        if value is None or not _fits(group, value, fresh=empty or group == 0):
            ordinal = ordinal and value is None
            break
        group, at, empty = group + value, at + 1, False
        if ordinal or value == 0:
            break
    if not ordinal and _with_half(utterance, at):
        group, at = group + 0.5, at + 2
    number = _tidy(total + group)
    return Piece("", number, ordinal, words[begin].start, words[at - 1].end, begin, at)


def _fits(group: float, value: int, *, fresh: bool) -> bool:
    """A number word continues a group only downwards: двести (200) двадцать (20) пять (5)."""
    if fresh:
        return True
    if value == 0 or group % 1:
        return False
    if value < 10:
        return group % 10 == 0 and group % 100 != 10
    if value < 100:
        return group % 100 == 0
    return False


def _tidy(number: float) -> int | float:
    return int(number) if float(number).is_integer() and abs(number) < 1e15 else number
