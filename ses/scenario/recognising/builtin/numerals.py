"""Numbers in digits and in words, Russian and English: «две», «двадцать пять», "three hundred", «2,5 тысячи», «22-го»."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

from ses.scenario.program.recognition import Utterance

LOOKED_AT = 250
"""Words; what is said after so many others is no answer to a question about a number, a date or a time."""


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
    r"(?:(?P<grouped>\d{1,3}(?:(?:[ \u00a0\u2009\u202f]\d{3})+(?!\d)|(?:,\d{3})+(?![\d,])|(?:\.\d{3})+(?![\d.])))|(?P<plain>\d{1,15}))"
    r"(?P<part>[.,]\d{1,9})?"
    r"(?P<suffix>(?:st|nd|rd|th)\b|-?(?:го|е|ое|ого|й|м)\b|[кk]\b)?(?![\d:/]|[.,]\d)",
    re.IGNORECASE,
)
_GAPS = str.maketrans("", "", " \u00a0\u2009\u202f")
_POINT_DECIMALS = frozenset({"en", "zh", "ja", "ko", "he", "th"})
"""Languages that write 1,000.50; the others write 1.000,50 or 1 000,50."""


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
    "2 два две двух двум двумя двое двоих двоим вдвоем пара пару two; 3 три трех трем тремя трое троих троим втроем three;"
    "4 четыре четырех четырем четырьмя четверо четверых вчетвером four; 5 пятеро пятерых впятером five; 6 шестеро шестерых вшестером six;"
    "7 семеро семерых всемером seven;"
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
    "1000 тысяча тысячи тысяч тысячу тысячей тыс тыщ тыща тыщи тыщу thousand grand; 1000000 миллион миллиона миллионов млн mln million;"
    "1000000000 миллиард миллиарда миллиардов млрд bn billion"
)
_HALVES = {"полтора": 1.5, "полторы": 1.5, "полутора": 1.5}
_HALF_OF = {"полтысячи": 500, "полмиллиона": 500_000, "полмиллиарда": 500_000_000, "полсотни": 50}
_TENTHS = (
    dict.fromkeys(("десятая", "десятые", "десятых"), 10)
    | dict.fromkeys(("сотая", "сотые", "сотых"), 100)
    | dict.fromkeys(("тысячная", "тысячные", "тысячных"), 1000)
)
_WHOLES = frozenset({"целая", "целые", "целых"})
_IDLE = frozenset(
    "минуту минутку минуточку секунду секундочку секунда минута момент moment second sec minute".split()
)
"""«одну минуту», "one moment": a wait, no number."""
_POINTING = frozenset("this that the which no any every each another ни".split())
"""Before "one" or «одного» they make it no number."""


def pieces(utterance: Utterance, language: str = "") -> list[Piece]:
    """The utterance as numbers and other words, in order. `language` decides what 1.000 and 1,000 are."""
    words = utterance.words
    digits = _in_digits(utterance, language)
    found: list[Piece] = []
    at = 0
    while at < min(len(words), LOOKED_AT):
        piece = _number(utterance, at, digits)
        if piece is None or (piece.number == 1 and _no_number(utterance, piece)):
            word = words[at]
            piece = Piece(word.text, None, False, word.start, word.end, at, at + 1)
        found.append(piece)
        at = piece.last
    return found


def _number(utterance: Utterance, at: int, digits: dict[int, Piece]) -> Piece | None:
    """The number that begins at a word, with the scales, halves and fractions that follow it."""
    words = utterance.words
    if words[at].text in ("минус", "minus") and at + 1 < len(words):
        inner = _number(utterance, at + 1, digits)
        if inner is None or inner.number is None:
            return None
        return inner._replace(number=-inner.number, start=words[at].start, first=at)
    if CARDINALS.get(words[at].text) == 1 and at + 1 < len(words) and words[at + 1].text in _IDLE:
        return None
    if at in digits:
        return _scaled(digits[at], utterance, digits)
    half = _half(utterance, at)
    if half is not None:
        return half
    if not _starts(utterance, at, digits):
        return None
    return _fraction(_in_words(utterance, at), utterance, digits)


def _no_number(utterance: Utterance, piece: Piece) -> bool:
    """«одну минуту», «ни одного», "this one", "one of them"."""
    words = utterance.words
    if words[piece.first].text.isdecimal():
        return False
    before = words[piece.first - 1].text if piece.first else ""
    after = words[piece.last].text if piece.last < len(words) else ""
    return before in _POINTING or after in _IDLE or after in ("of", "из")


def _half(utterance: Utterance, at: int) -> Piece | None:
    """«полмиллиона», «пол тысячи», "half a million"."""
    words = utterance.words
    texts = [word.text for word in words[at : at + 3]]
    if texts[0] in _HALF_OF:
        return Piece("", _HALF_OF[texts[0]], False, words[at].start, words[at].end, at, at + 1)
    length = 2 if texts[0] == "пол" else 3 if texts[:2] == ["half", "a"] else 0
    if not length or len(texts) < length or texts[length - 1] not in _SCALES:
        return None
    return Piece(
        "",
        _SCALES[texts[length - 1]] // 2,
        False,
        words[at].start,
        words[at + length - 1].end,
        at,
        at + length,
    )


def _fraction(whole: Piece, utterance: Utterance, digits: dict[int, Piece]) -> Piece:
    """«ноль целых пять десятых», "zero point five"."""
    words, at = utterance.words, whole.last
    if whole.ordinal or whole.number is None or at + 1 >= len(words):
        return whole
    if words[at].text in _WHOLES:
        at += 1 + (words[at + 1].text == "и")
        if at < len(words) and _starts(utterance, at, digits):
            part = digits.get(at) or _in_words(utterance, at)
            last = part.last
            if part.number is not None and last < len(words) and words[last].text in _TENTHS:
                number = whole.number + part.number / _TENTHS[words[last].text]
                return whole._replace(number=_tidy(round(number, 9)), end=words[last].end, last=last + 1)
    elif words[at].text == "point":
        places = ""
        while at + 1 < len(words) and 0 <= CARDINALS.get(words[at + 1].text, -1) <= 9:
            places += str(CARDINALS[words[at + 1].text])
            at += 1
        if places:
            return whole._replace(
                number=_tidy(float(f"{whole.number}.{places}")), end=words[at].end, last=at + 1
            )
    return whole


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


def _in_digits(utterance: Utterance, language: str) -> dict[int, Piece]:
    starts = [word.start for word in utterance.words]
    found: dict[int, Piece] = {}
    for match in _DIGITS.finditer(utterance.raw):
        number = _value(match["grouped"] or match["plain"], match["part"] or "", language)
        suffix = (match["suffix"] or "").lower().lstrip("-")
        if suffix in ("к", "k"):
            number *= 1000
        number = _tidy(-number if match["sign"] else number)
        first = bisect_right(starts, match.start("grouped" if match["grouped"] else "plain")) - 1
        last = bisect_right(starts, match.end() - 1)
        if first >= LOOKED_AT:
            break
        if first < 0 or first in found:
            continue
        found[first] = Piece(
            "", number, bool(suffix) and suffix not in ("к", "k"), *match.span(), first, last
        )
    return found


def _value(whole: str, part: str, language: str) -> int | float:
    """Digits with their separators. One separator before three digits groups or divides, as the language writes."""
    whole = whole.translate(_GAPS)
    mark = "," if "," in whole else "." if "." in whole else ""
    decimal = "." if language[:2] in _POINT_DECIMALS else ","
    if mark and whole.count(mark) == 1 and not part and (mark == decimal or whole[0] == "0"):
        return float(whole.replace(",", "."))
    digits = whole.replace(",", "").replace(".", "")
    if part and len(part) == 4 and part[0] != decimal and not mark and len(digits) <= 3 and digits != "0":
        return int(digits + part[1:])
    return float(f"{digits}.{part[1:]}") if part else int(digits)


def _scaled(piece: Piece, utterance: Utterance, digits: dict[int, Piece]) -> Piece:
    """Digits with the words that follow: «5 тысяч», «2 с половиной», «1 млн 200 тыс»."""
    words, at, number = utterance.words, piece.last, piece.number
    assert number is not None
    if piece.ordinal:
        return piece
    if _with_half(utterance, at):
        number, at = number + 0.5, at + 2
    total, scale = 0.0, 10**12
    while at < len(words) and _SCALES.get(words[at].text, scale) < scale:
        scale = _SCALES[words[at].text]
        total, number, at = total + number * scale, 0, at + 1
        following = digits.get(at)
        if following is None or following.ordinal or not 0 < (following.number or 0) < scale:
            break
        if not words[at - 1].text.isalpha() or _elsewhere(utterance, at, following):
            break
        number, at = following.number or 0, following.last
    number = _tidy(total + number)
    return piece._replace(number=number, end=words[at - 1].end if at > piece.last else piece.end, last=at)


def _elsewhere(utterance: Utterance, at: int, piece: Piece) -> bool:
    """Whether a mark parts the digits from what stands before them."""
    return bool(utterance.raw[utterance.words[at - 1].end : piece.start].strip())


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
        if at < len(words) and _SCALES.get(words[at].text, scale) < scale:
            group, at = group * _SCALES[words[at].text], at + 1
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
