"""The filters of expressions: `{{ n|plural('пицца', 'пиццы', 'пицц') }}`. There are no others.

A filter is given the language of its text, the value and its arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from ses.scenario.expressions import sequences
from ses.scenario.expressions.access import item
from ses.scenario.expressions.callee import Callee
from ses.scenario.expressions.functions import length, number_of, rounded
from ses.scenario.expressions.inflection import CASES, in_case
from ses.scenario.expressions.operations import MAX_TEXT, is_number, type_name, wrong
from ses.scenario.values import wording
from ses.scenario.values.values import as_date, printed, verbatim


def _text_of(value: Any, language: str) -> str:
    text = value if type(value) is str else printed(value, language)
    if len(text) > MAX_TEXT:
        raise wrong(f"the text is longer than {MAX_TEXT} characters")
    return text


def _plural(language: str, value: Any, *forms: Any) -> str:
    if isinstance(value, str):
        value = number_of(value)
    if not is_number(value):
        raise wrong(f"plural counts a number, not {type_name(value)}")
    return f"{printed(value, language)} {wording.plural(value, [_text_of(form, language) for form in forms], language)}"


def _money(language: str, value: Any, currency: Any = None) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        currency = currency or value.get("currency")
        value = value.get("amount")
    amount = number_of(value)
    if amount is None:
        raise wrong(f"money is a number, not {type_name(value)}")
    return wording.money(amount, str(currency or wording.CURRENCY_OF.get(language[:2], "EUR")), language)


def _dated(language: str, value: Any, form: Any = None) -> Any:
    if value is None:
        return ""
    moment = as_date(value)
    if not isinstance(moment, date | time):
        raise wrong(f"date takes a date, not {type_name(value)}")
    if form is None:
        return printed(moment, language)
    try:
        return verbatim(wording.dated(moment, _text_of(form, language)[:100], language))
    except ValueError as error:
        raise wrong(str(error)) from None


def _mask(language: str, value: Any, shown: Any = 4) -> str:
    if value is None:
        return ""
    if type(shown) is not int or shown < 0:
        raise wrong("mask takes the number of characters to show")
    text = _text_of(value, language)
    return "•••• " + text[len(text) - shown :] if 0 < shown < len(text) else "••••"


def _case(language: str, value: Any, case: Any) -> str:
    if case not in CASES:
        raise wrong(f"the cases are {', '.join(CASES)}")
    return (
        in_case(_text_of(value, language), case) if language.startswith("ru") else _text_of(value, language)
    )


def _join(language: str, value: Any, by: Any = ", ", name: Any = None) -> str:
    if value is None:
        return ""
    if not isinstance(value, list | tuple):
        raise wrong(f"join takes a list, not {type_name(value)}")
    separator, pieces, size = _text_of(by, language), [], 0
    for one in value:
        piece = _text_of(one if name is None else item(one, name), language)
        size += len(piece) + len(separator)
        if size > MAX_TEXT:
            raise wrong(f"the text would be longer than {MAX_TEXT} characters")
        pieces.append(piece)
    return separator.join(pieces)


def _capitalize(language: str, value: Any) -> str:
    text = _text_of(value, language)
    return text[:1].upper() + text[1:]


FILTERS: Mapping[str, Callee] = {
    "plural": Callee(_plural, 1, 4, "text", usage="n|plural('пицца', 'пиццы', 'пицц')"),
    "money": Callee(_money, 0, 1, "text", usage="sum|money or sum|money('USD')"),
    "date": Callee(_dated, 0, 1, "text", usage="day|date('d MMMM')"),
    "mask": Callee(_mask, 0, 1, "text", usage="card|mask(4)"),
    "case": Callee(_case, 1, 1, "text", usage="city|case('loct')"),
    "lower": Callee(lambda language, value: _text_of(value, language).lower(), 0, 0, "text", usage="x|lower"),
    "upper": Callee(lambda language, value: _text_of(value, language).upper(), 0, 0, "text", usage="x|upper"),
    "capitalize": Callee(_capitalize, 0, 0, "text", usage="x|capitalize"),
    "trim": Callee(lambda language, value: _text_of(value, language).strip(), 0, 0, "text", usage="x|trim"),
    "join": Callee(_join, 0, 2, "text", usage="list|join(', ') or list|join(', ', 'field')"),
    "default": Callee(
        lambda language, value, other: other if value is None else value, 1, 1, "any", usage="x|default('…')"
    ),
    "round": Callee(
        lambda language, value, digits=0: rounded(value, digits), 0, 1, "number", usage="x|round(2)"
    ),
    "length": Callee(lambda language, value: length(value), 0, 0, "number", usage="list|length"),
    "first": Callee(
        lambda language, value: item(value, 0) if value else None, 0, 0, "any", usage="list|first"
    ),
    "last": Callee(
        lambda language, value: item(value, -1) if value else None, 0, 0, "any", usage="list|last"
    ),
    "sort": Callee(sequences.sort, 0, 1, "list", usage="list|sort or list|sort('field')"),
    "map": Callee(sequences.each_field, 1, 1, "list", usage="list|map('field')"),
    "split": Callee(sequences.split, 0, 1, "list", usage="text|split(',')"),
    "replace": Callee(sequences.replace, 2, 2, "text", usage="text|replace('old', 'new')"),
    "number": Callee(lambda language, value: number_of(value), 0, 0, "number", usage="x|number"),
}
