"""phone, email, url: what is told by its own shape."""

from __future__ import annotations

import re
from itertools import islice

from ses.scenario.program.recognition import Found, Utterance
from ses.scenario.recognising.builtin.asked import Asked, spanning

_EMAIL = re.compile(
    r"(?<![\w.!#$%&'*+/=?^`{|}~-])[\w!#$%&*+/=?^`{|}~][\w.!#$%&'*+/=?^`{|}~-]{0,63}"
    r"@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:xn--[\w-]{1,59}|[^\W\d_]{2,24})(?![\w@]|-\w)",
    re.IGNORECASE,
)
"""The local part of RFC 5322 without quotes; domains in any alphabet or in punycode."""
_URL = re.compile(
    r"(?<![\w@.])(?:https?://[^\s<>\"'«»]{1,2000}|(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:com|org|net|info|io|ru|рф|su|by|kz|ua|uk|de|eu|shop|site|online|app|dev)"
    r"(?![\w@]|\.\w)(?:/[^\s<>\"'«»]{0,2000})?)",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(?<![\w.,:])\+?\d(?:[ \u00a0\u2009\u202f().\-\u2010-\u2015]{0,3}\d){5,14}(?![\w:]|[.,]\d)"
)
MOST_PHONES = 20
"""Of one utterance: each takes the library a third of a millisecond."""
_PASSPORT = re.compile(r"\d{2} ?\d{2} \d{6}")
_COUNTRY = {
    "ru": "RU",
    "uk": "UA",
    "be": "BY",
    "kk": "KZ",
    "en": "US",
    "de": "DE",
    "fr": "FR",
    "es": "ES",
    "it": "IT",
}


def emails(utterance: Utterance, asked: Asked) -> list[Found]:
    if "@" not in utterance.raw:
        return []
    return [
        spanning("email", match[0].lower(), utterance, *match.span())
        for match in _EMAIL.finditer(utterance.raw)
    ]


def urls(utterance: Utterance, asked: Asked) -> list[Found]:
    if "." not in utterance.raw and "://" not in utterance.raw:
        return []
    found = []
    for match in _URL.finditer(utterance.raw):
        text = match[0].rstrip(".,;:!?)")
        value = text if "://" in text else f"https://{text}"
        found.append(spanning("url", value, utterance, match.start(), match.start() + len(text)))
    return found


def phones(utterance: Utterance, asked: Asked) -> list[Found]:
    """Phone numbers in E.164, with their country's or city's code. One of a plan that the library does not know is taken only when
    asked for, and with its `+`."""
    candidates = list(islice(_PHONE.finditer(utterance.raw), MOST_PHONES))
    if not candidates:
        return []
    import phonenumbers

    country = _COUNTRY.get(asked.language[:2])
    found = []
    for match in candidates:
        try:
            number = phonenumbers.parse(match[0], country)
        except phonenumbers.NumberParseException:
            continue
        if _PASSPORT.fullmatch(match[0]):
            continue
        unknown = asked.open and match[0][0] == "+" and phonenumbers.is_possible_number(number)
        if unknown or phonenumbers.is_valid_number(number):
            text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            found.append(spanning("phone", text, utterance, *match.span()))
    return found
