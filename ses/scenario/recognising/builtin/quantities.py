"""number, integer, money, duration."""

from __future__ import annotations

import re

from ses.scenario.program.recognition import Found, Utterance
from ses.scenario.recognising.builtin.asked import Asked, spanning
from ses.scenario.recognising.builtin.numerals import Piece, pieces
from ses.scenario.values.wording import CURRENCY_OF


def numbers(utterance: Utterance, asked: Asked) -> list[Found]:
    return [
        Found("number", piece.number, piece.start, piece.end, piece.first, piece.last)
        for piece in pieces(utterance, asked.language)
        if piece.number is not None and (asked.open or not piece.ordinal)
    ]


def integers(utterance: Utterance, asked: Asked) -> list[Found]:
    return [
        found._replace(entity="integer")
        for found in numbers(utterance, asked)
        if isinstance(found.value, int)
    ]


_CURRENCIES = (
    ("RUB", r"₽|руб(?:\.|\b|л\w*)|р(?:\.|\b|(?=\d))|rub\b|rubles?\b|roubles?\b"),
    ("USD", r"\$|доллар\w*|бакс\w*|usd\b|dollars?\b|bucks?\b"),
    ("EUR", r"€|евро\b|eur\b|euros?\b"),
    ("GBP", r"£|фунт\w*|gbp\b|pounds?\b|quid\b"),
    ("KZT", r"₸|тенге\b|kzt\b"),
    ("BYN", r"byn\b|белорусск\w+ руб\w*"),
    ("CNY", r"¥|юан\w*|cny\b|yuans?\b"),
    ("UAH", r"₴|гривен\w*|гривн\w*|грн\b|uah\b"),
    ("CHF", r"франк\w*|chf\b|swiss francs?\b|francs?\b"),
    ("JPY", r"иен\w?\b|йен\w?\b|jpy\b|yen\b"),
    ("TRY", r"лир\w?\b|try\b|liras?\b"),
    ("GEL", r"лари\b|gel\b"),
    ("AMD", r"драм\w*|amd\b"),
    ("AED", r"дирхам\w*|aed\b|dirhams?\b"),
    ("UZS", r"сумов\b|uzs\b"),
    ("KGS", r"сомов\b|kgs\b"),
    ("PLN", r"злот\w*|pln\b|zlot\w*"),
    ("INR", r"рупи\w*|inr\b|rupees?\b"),
    ("ILS", r"₪|шекел\w*|ils\b|shekels?\b"),
    ("THB", r"бат(?:а|ов)?\b|thb\b|baht\b"),
)
_AFTER = re.compile(
    r"\s*(?:" + "|".join(f"(?P<{code}>{signs})" for code, signs in _CURRENCIES) + ")", re.IGNORECASE
)
_BEFORE = re.compile(
    r"(?P<RUB>₽)|(?P<USD>\$)|(?P<EUR>€)|(?P<GBP>£)|(?P<KZT>₸)|(?P<CNY>¥)|(?P<UAH>₴)|(?P<ILS>₪)"
)
_CENTS = re.compile(r"\s*(?:коп(?:\.|\b|е\w*)|к(?:\.|\b)|cents?\b|c\b|цент\w*|pence\b|p\b)", re.IGNORECASE)
_ALONE_CENTS = re.compile(
    r"\s*(?:(?P<RUB>коп(?:\.|\b|е\w*))|(?P<USD>cents?\b)|(?P<EUR>евроцент\w*)|(?P<GBP>pence\b))",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(
    r"\s*(?:т\.?\s?р(?:\b\.?|уб\w*\.?)|т(?:\.|\b)|к\b|k\b|штук\w?\b|косар\w*)", re.IGNORECASE
)
"""«5 т.р.», «2 к»: thousands as people abbreviate them beside a sum."""
_GLUED_CENTS = re.compile(r"(?<![\w.,])(\d{1,12})\s?р(?:уб)?\.?\s?(\d\d?)\s?к(?:оп)?\b\.?", re.IGNORECASE)
"""«25р50к»."""
_OTHER_UNIT = re.compile(
    r"\s*(?:[A-Z]{3}\b|крон\w*|тугрик\w*|биткои?н\w*|бонус\w*|балл\w*|процент\w*|%|points?\b|coins?\b|percent\b|kronor\b|kroner?\b|krona\b|btc\b|раз\b|штук\b|человек\w?\b|times\b|people\b)"
)
"""After a bare number they say that it is no sum, or one in a currency that nobody here knows."""


def sums(utterance: Utterance, asked: Asked) -> list[Found]:
    """Money: a number with its currency; a bare number only when a sum was asked for."""
    raw, found = utterance.raw, list[Found]()
    for match in _GLUED_CENTS.finditer(raw):
        value = {"amount": round(int(match[1]) + int(match[2]) / 100, 2), "currency": "RUB"}
        found.append(spanning("money", value, utterance, *match.span()))
    for piece in pieces(utterance, asked.language):
        if piece.number is None or piece.ordinal or (found and piece.first < found[-1].last):
            continue
        cents = _CENTS.match(raw, piece.end)
        if cents and found and 0 <= piece.number < 100 and _follows(utterance, found[-1].last, piece.first):
            whole = found.pop()
            value = {**whole.value, "amount": round(whole.value["amount"] + piece.number / 100, 2)}
            found.append(spanning("money", value, utterance, whole.start, cents.end()))
            continue
        one = _sum(utterance, piece, asked)
        if one is not None:
            found.append(one)
    return found


def _follows(utterance: Utterance, last: int, first: int) -> bool:
    """Whether nothing or «и» stands between the whole and its hundredths."""
    return last == first or (last + 1 == first and utterance.words[last].text in ("и", "and"))


def _sum(utterance: Utterance, piece: Piece, asked: Asked) -> Found | None:
    raw, start, end, amount = utterance.raw, piece.start, piece.end, piece.number or 0
    coins = _ALONE_CENTS.match(raw, end)
    if coins and coins.lastgroup:
        value = {"amount": round(amount / 100, 2), "currency": coins.lastgroup}
        return spanning("money", value, utterance, start, coins.end())
    thousands = _THOUSANDS.match(raw, end)
    after = _AFTER.match(raw, end)
    currency: str | None
    if (
        thousands
        and not (after and after.end() >= thousands.end())
        and (asked.open or "р" in thousands[0].lower())
    ):
        amount, end = amount * 1000, thousands.end()
        currency = "RUB" if "р" in thousands[0].lower() else None
        after = _AFTER.match(raw, end) if currency is None else None
        if after is None and currency is None:
            currency = CURRENCY_OF.get(asked.language[:2], "EUR")
    else:
        currency = None
    before = _BEFORE.match(raw, start - 1) if start else None
    if currency is None:
        if after:
            currency, end = after.lastgroup, after.end()
        elif before:
            currency, start = before.lastgroup, start - 1
        elif asked.open and not _OTHER_UNIT.match(raw, end):
            currency = CURRENCY_OF.get(asked.language[:2], "EUR")
    if currency is None:
        return None
    return spanning("money", {"amount": amount, "currency": currency}, utterance, start, end)


_UNITS = (
    (1, r"с|сек|секунд\w*|секундочк\w|s|sec|secs|seconds?"),
    (60, r"м|мин|минут\w*|m|min|minutes?|mins?"),
    (3600, r"ч|час\w{0,2}|h|hours?|hrs?"),
    (86400, r"д|день|дня|дней|дни|дню|дн|сут(?:ки|ок)|d|days?"),
    (604800, r"недел\w{1,2}|нед|weeks?|wks?"),
    (2592000, r"месяц\w{0,2}|мес|months?"),
    (31536000, r"год\w{0,2}|лет|years?|yrs?"),
)
_SINGLE = {
    "полчаса": 1800, "час": 3600, "часок": 3600, "минуту": 60, "минутку": 60, "сутки": 86400, "день": 86400, "денек": 86400,
    "неделю": 604800, "неделя": 604800, "недельку": 604800, "месяц": 2592000, "год": 31536000, "полдня": 43200, "полминуты": 30, "полгода": 15768000,
}  # fmt: skip
_UNIT = re.compile("|".join(f"(?P<u{seconds}>{names})" for seconds, names in _UNITS))
_GLUED = re.compile(r"(?<!\w)(\d{1,6})(s|m|h|d|с|м|мин|ч|д|min|hrs?)(?!\w)", re.IGNORECASE)


def unit_seconds(word: str) -> int:
    """Seconds of a unit's name, 0 when it is none."""
    match = _UNIT.fullmatch(word)
    return int(match.lastgroup[1:]) if match and match.lastgroup else 0


def durations(utterance: Utterance, asked: Asked) -> list[Found]:
    """Lengths of time in seconds: «2 часа 30 минут», «час двадцать», "an hour and a half", "30m". A range («2-3 дня») is none."""
    found = [
        spanning("duration", int(match[1]) * unit_seconds(match[2].lower()), utterance, *match.span())
        for match in _GLUED.finditer(utterance.raw)
    ]
    found = _joined(found)
    sequence = pieces(utterance, asked.language)
    taken = {index for one in found for index in range(one.first, one.last)}
    at = 0
    while at < len(sequence):
        seconds, end = (0.0, at) if sequence[at].first in taken else _lengths(sequence, at, asked)
        if end > at and not _ranges(utterance, sequence, at):
            found.append(spanning("duration", seconds, utterance, sequence[at].start, sequence[end - 1].end))
        at = max(end, at + 1)
    return sorted(found, key=lambda one: one.start)


def _joined(found: list[Found]) -> list[Found]:
    """«2ч 30м» is one length."""
    whole: list[Found] = []
    for one in found:
        if whole and whole[-1].last == one.first:
            last = whole.pop()
            one = last._replace(value=last.value + one.value, end=one.end, last=one.last)  # noqa: PLW2901
        whole.append(one)
    return whole


def _ranges(utterance: Utterance, sequence: list[Piece], at: int) -> bool:
    """Whether another number stands before the amount with nothing but a dash between: «2-3 дня», «два-три часа»."""
    if at > 1 and sequence[at - 1].word in ("или", "or", "to") and sequence[at - 2].number is not None:
        return sequence[at].number is not None
    if not at or sequence[at].number is None or sequence[at - 1].number is None:
        return False
    return not utterance.raw[sequence[at - 1].end : sequence[at].start].strip(" -–—‑\u00a0")


def _lengths(sequence: list[Piece], at: int, asked: Asked) -> tuple[float, int]:
    """Seconds of the amounts that begin at `at`, and where they end."""
    seconds: float = 0
    end = at
    unit = 0
    while at < len(sequence):
        amount, after, one = _length(sequence, at)
        if after == at:
            rest, stop = _rest(sequence, at, unit, asked) if unit else (0.0, at)
            if stop > at:
                return _whole(seconds + rest), stop
            if seconds and sequence[at].word in ("и", "and"):
                at += 1
                continue
            break
        seconds, at, end, unit = seconds + amount, after, after, one
    return _whole(seconds), end


def _whole(seconds: float) -> float:
    return int(seconds) if float(seconds).is_integer() else seconds


def _rest(sequence: list[Piece], at: int, unit: int, asked: Asked) -> tuple[float, int]:
    """What follows a unit without naming the next: «час двадцать», «час с половиной», "an hour and a half"."""
    words = [one.word for one in sequence[at : at + 3]]
    if words[:2] == ["с", "половиной"]:
        return unit / 2, at + 2
    if words == ["and", "a", "half"]:
        return unit / 2, at + 3
    number = sequence[at].number
    if (
        unit == 3600
        and asked.open
        and isinstance(number, int)
        and 0 < number < 60
        and not sequence[at].ordinal
    ):
        return number * 60, at + 1
    return 0, at


def _length(sequence: list[Piece], at: int) -> tuple[float, int, int]:
    """Seconds of the amount that begins there, where it ends, and the seconds of its unit."""
    piece = sequence[at]
    words = [one.word for one in sequence[at : at + 5]]
    following = words[1] if len(words) > 1 else ""
    if piece.number is not None and not piece.ordinal and piece.number >= 0:
        number, after = piece.number, at + 1
        if number == 3 and words[1:3] == ["четверти", "часа"]:
            return 2700, at + 3, 0
        if words[1:4] == ["and", "a", "half"]:
            number, after = number + 0.5, at + 4
        unit = unit_seconds(sequence[after].word) if after < len(sequence) and sequence[after].word else 0
        return (number * unit, after + 1, unit) if unit else (0, at, 0)
    if piece.word in _SINGLE:
        return _SINGLE[piece.word], at + 1, _SINGLE[piece.word]
    number_after = sequence[at + 1].number if len(words) > 1 else None
    if (
        piece.word
        and len(piece.word) > 3
        and isinstance(number_after, int)
        and not (words[2:3] and unit_seconds(words[2]))
    ):
        unit = unit_seconds(piece.word)  # «минут 40», «часа два»
        return (number_after * unit, at + 2, 0) if unit else (0, at, 0)
    if piece.word in ("пол", "половина", "половину") and unit_seconds(following) >= 60:
        return unit_seconds(following) / 2, at + 2, unit_seconds(following)
    if words[:2] in (["четверть", "часа"], ["четверти", "часа"]):
        return 900, at + 2, 0
    if piece.word in ("a", "an") and unit_seconds(following) >= 60 and len(following) > 2:
        return unit_seconds(following), at + 2, unit_seconds(following)
    if words[:1] == ["half"] and len(words) > 2 and words[1] in ("a", "an") and unit_seconds(words[2]):
        return unit_seconds(words[2]) / 2, at + 3, 0
    if words[:4] == ["a", "quarter", "of", "an"] and words[4:5] == ["hour"]:
        return 900, at + 5, 0
    return 0, at, 0
