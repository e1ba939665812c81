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
        for piece in pieces(utterance)
        if piece.number is not None and (asked.open or not piece.ordinal)
    ]


def integers(utterance: Utterance, asked: Asked) -> list[Found]:
    return [
        found._replace(entity="integer")
        for found in numbers(utterance, asked)
        if isinstance(found.value, int)
    ]


_CURRENCIES = (
    ("RUB", r"₽|руб(?:\.|\b|л\w*)|р(?:\.|\b)|rub\b|rubles?\b|roubles?\b"),
    ("USD", r"\$|доллар\w*|бакс\w*|usd\b|dollars?\b|bucks?\b"),
    ("EUR", r"€|евро\b|eur\b|euros?\b"),
    ("GBP", r"£|фунт\w*|gbp\b|pounds?\b"),
    ("KZT", r"₸|тенге\b|kzt\b"),
    ("BYN", r"byn\b|белорусск\w+ руб\w*"),
    ("CNY", r"¥|юан\w*|cny\b|yuans?\b"),
)
_AFTER = re.compile(
    r"\s*(?:" + "|".join(f"(?P<{code}>{signs})" for code, signs in _CURRENCIES) + ")", re.IGNORECASE
)
_BEFORE = re.compile(r"(?P<RUB>₽)|(?P<USD>\$)|(?P<EUR>€)|(?P<GBP>£)|(?P<KZT>₸)|(?P<CNY>¥)")
_CENTS = re.compile(r"\s*(?:коп(?:\.|\b|е\w*)|cents?\b|цент\w*)", re.IGNORECASE)


def sums(utterance: Utterance, asked: Asked) -> list[Found]:
    """Money: a number with its currency; a bare number only when a sum was asked for."""
    raw, found = utterance.raw, list[Found]()
    for piece in pieces(utterance):
        if piece.number is None or piece.ordinal:
            continue
        start, end, amount = piece.start, piece.end, piece.number
        cents = _CENTS.match(raw, end)
        if cents and found and found[-1].last == piece.first:
            whole = found.pop()
            value = {**whole.value, "amount": round(whole.value["amount"] + amount / 100, 2)}
            found.append(spanning("money", value, utterance, whole.start, cents.end()))
            continue
        after = _AFTER.match(raw, end)
        before = _BEFORE.match(raw, start - 1) if start else None
        if after:
            currency, end = after.lastgroup, after.end()
        elif before:
            currency, start = before.lastgroup, start - 1
        elif asked.open:
            currency = CURRENCY_OF.get(asked.language[:2], "EUR")
        else:
            continue
        found.append(spanning("money", {"amount": amount, "currency": currency}, utterance, start, end))
    return found


_UNITS = (
    (1, r"с|сек|секунд\w*|s|sec|seconds?"),
    (60, r"м|мин|минут\w*|m|min|minutes?|mins?"),
    (3600, r"ч|час\w{0,2}|h|hours?|hrs?"),
    (86400, r"д|день|дня|дней|дни|дню|сут(?:ки|ок)|d|days?"),
    (604800, r"недел\w{1,2}|weeks?"),
    (2592000, r"месяц\w{0,2}|months?"),
    (31536000, r"год\w{0,2}|лет|years?"),
)
_SINGLE = {
    "полчаса": 1800, "час": 3600, "часок": 3600, "минуту": 60, "минутку": 60, "сутки": 86400, "день": 86400,
    "неделю": 604800, "месяц": 2592000, "год": 31536000,
}  # fmt: skip
_UNIT = re.compile("|".join(f"(?P<u{seconds}>{names})" for seconds, names in _UNITS))
_GLUED = re.compile(r"(?<!\w)(\d{1,6})(s|m|h|d|с|м|мин|ч|д|min|hrs?)(?!\w)", re.IGNORECASE)


def unit_seconds(word: str) -> int:
    """Seconds of a unit's name, 0 when it is none."""
    match = _UNIT.fullmatch(word)
    return int(match.lastgroup[1:]) if match and match.lastgroup else 0


def durations(utterance: Utterance, asked: Asked) -> list[Found]:
    """Lengths of time in seconds: «2 часа 30 минут», «полчаса», "an hour", "30m"."""
    found = [
        spanning("duration", int(match[1]) * unit_seconds(match[2].lower()), utterance, *match.span())
        for match in _GLUED.finditer(utterance.raw)
    ]
    sequence = pieces(utterance)
    at = 0
    while at < len(sequence):
        seconds, end = _lengths(sequence, at)
        if end > at:
            found.append(spanning("duration", seconds, utterance, sequence[at].start, sequence[end - 1].end))
        at = max(end, at + 1)
    return sorted(found, key=lambda one: one.start)


def _lengths(sequence: list[Piece], at: int) -> tuple[float, int]:
    """Seconds of the amounts that begin at `at`, and where they end."""
    seconds: float = 0
    end = at
    while at < len(sequence):
        amount, after = _length(sequence, at)
        if after == at:
            if end > 0 and seconds and sequence[at].word in ("и", "and"):
                at += 1
                continue
            break
        seconds, at, end = seconds + amount, after, after
    return int(seconds) if float(seconds).is_integer() else seconds, end


def _length(sequence: list[Piece], at: int) -> tuple[float, int]:
    piece = sequence[at]
    following = sequence[at + 1].word if at + 1 < len(sequence) else ""
    if piece.number is not None and not piece.ordinal and piece.number >= 0:
        unit = unit_seconds(following) if following else 0
        return (piece.number * unit, at + 2) if unit else (0, at)
    if piece.word in _SINGLE:
        return _SINGLE[piece.word], at + 1
    if piece.word in ("a", "an") and unit_seconds(following) >= 60 and len(following) > 2:
        return unit_seconds(following), at + 2
    words = [one.word for one in sequence[at : at + 3]]
    if words[:1] == ["half"] and len(words) == 3 and words[1] in ("a", "an") and unit_seconds(words[2]):
        return unit_seconds(words[2]) / 2, at + 3
    return 0, at
