"""phone, email, url, yes_no: what is told by its own shape or by a few words."""

from __future__ import annotations

import re

from ses.scenario.program.recognition import Found, Utterance
from ses.scenario.recognising.builtin.asked import Asked, covering, spanning

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,24}(?![\w-])")
_URL = re.compile(
    r"(?<![\w@.])(?:https?://[^\s<>\"'«»]{1,2000}|(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:com|org|net|info|io|ru|рф|su|by|kz|ua|uk|de|eu|shop|site|online|app|dev)"
    r"(?![\w.@])(?:/[^\s<>\"'«»]{0,2000})?)",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\w.,:])\+?\d(?:[ \u00a0().\-–]{0,3}\d){5,14}(?![\w:]|[.,]\d)")
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
    if "." not in utterance.raw:
        return []
    found = []
    for match in _URL.finditer(utterance.raw):
        text = match[0].rstrip(".,;:!?)")
        value = text if "://" in text else f"https://{text}"
        found.append(spanning("url", value, utterance, match.start(), match.start() + len(text)))
    return found


def phones(utterance: Utterance, asked: Asked) -> list[Found]:
    """Phone numbers in E.164. A number that is possible but unknown to the library is taken only when asked for."""
    candidates = list(_PHONE.finditer(utterance.raw))
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
        fits = phonenumbers.is_possible_number if asked.open else phonenumbers.is_valid_number
        if fits(number):
            text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            found.append(spanning("phone", text, utterance, *match.span()))
    return found


_YES = (
    "да|ага|угу|конечно|разумеется|верно|все верно|правильно|все правильно|точно|подтверждаю|согласен|согласна|ок|окей|хорошо|"
    "давай|давайте|именно|подходит|годится|так и есть|да да|да конечно|да верно|да все верно|не против|"
    "yes|yeah|yep|yup|sure|of course|ok|okay|correct|right|that's right|confirm|agreed|exactly|yes please"
)
_NO = (
    "нет|неа|нет спасибо|не надо|не нужно|не хочу|не верно|неверно|не так|неправильно|не правильно|не согласен|"
    "не согласна|не подходит|никак нет|да нет|нет нет|ни в коем случае|"
    "no|nope|nah|no thanks|no thank you|incorrect|wrong|not right|don't|no way"
)
_ANSWERS: dict[tuple[str, ...], bool] = {
    **{tuple(phrase.split()): True for phrase in _YES.split("|")},
    **{tuple(phrase.split()): False for phrase in _NO.split("|")},
}
_LONGEST = max(len(phrase) for phrase in _ANSWERS)


def answers(utterance: Utterance, asked: Asked) -> list[Found]:
    """Yes or no: the longest phrases, in order («да нет» is no; «не согласен» is no)."""
    words = [word.text for word in utterance.words]
    found: list[Found] = []
    at = 0
    while at < len(words):
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            answer = _ANSWERS.get(tuple(words[at : at + length]))
            if answer is not None:
                if found and found[-1].value is answer and found[-1].last == at:
                    found[-1] = covering("yes_no", answer, utterance, found[-1].first, at + length)
                else:
                    found.append(covering("yes_no", answer, utterance, at, at + length))
                at += length - 1
                break
        at += 1
    return found
