"""What filters and slices make of lists and texts: `sort`, `map`, `split`, `replace`, `x[1:3]`.

None of them changes what it is given. What they make is bounded as every other value is.
"""

from __future__ import annotations

from functools import cmp_to_key
from operator import itemgetter
from typing import Any

from ses.scenario.expressions.access import comparable, item
from ses.scenario.expressions.operations import MAX_TEXT, EmptyError, type_name, wrong

MAX_COMPARED = 5_000
"""Dates, list values and mixtures, each comparison of which costs a microsecond or more, in one `sort`."""


def sort(language: str, value: Any, name: Any = None) -> list[Any]:
    """The items in rising order, by a field if one is named; equal ones keep their order, empty ones are last."""
    pairs: list[tuple[Any, Any]] = [
        (one if name is None else item(one, name), one) for one in _list(value, "sort")
    ]
    known = [pair for pair in pairs if pair[0] is not None]
    kinds = {type(key) for key, _ in known}
    if kinds <= {int, float} or kinds == {str}:
        known.sort(key=itemgetter(0))
    elif len(known) > MAX_COMPARED:
        raise wrong(f"more than {MAX_COMPARED} values that are neither all numbers nor all texts are sorted")
    else:
        known.sort(key=cmp_to_key(_order))
    return [one for _, one in known] + [one for key, one in pairs if key is None]


def _order(left: tuple[Any, Any], right: tuple[Any, Any]) -> int:
    first, second = comparable(left[0], right[0])
    return int(first > second) - int(first < second)


def each_field(language: str, value: Any, name: Any) -> list[Any]:
    """One field of every item."""
    return [item(one, name) for one in _list(value, "map")]


def split(language: str, value: Any, by: Any = None) -> list[str]:
    """The pieces between separators; words without one, letters for an empty one."""
    text = _text(value, "split")
    if by is None:
        return text.split()
    return text.split(separator) if (separator := _text(by, "split")) else list(text)


def replace(language: str, value: Any, old: Any, new: Any) -> str:
    text, sought, put = _text(value, "replace"), _text(old, "replace"), _text(new, "replace")
    if not sought:
        raise wrong("replace looks for a text that is not empty")
    if len(text) + text.count(sought) * (len(put) - len(sought)) > MAX_TEXT:  # before it takes the memory
        raise wrong(f"the text would be longer than {MAX_TEXT} characters")
    return text.replace(sought, put)


def cut(value: Any, start: Any, stop: Any) -> Any:
    """`value[start:stop]` of a list or text. Places beyond the end are the end; negative ones count from it."""
    if value is None:
        raise EmptyError("a slice of a value that is empty")
    if not isinstance(value, list | tuple | str):
        raise wrong(f"{type_name(value)} has no slices")
    for place in (start, stop):
        if place is not None and type(place) is not int:
            raise wrong(f"a place in a slice is a whole number, not {type_name(place)}")
    piece = value[start:stop]
    return list(piece) if isinstance(piece, tuple) else piece


def _list(value: Any, what: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise wrong(f"{what} takes a list, not {type_name(value)}")
    return list(value)


def _text(value: Any, what: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise wrong(f"{what} takes a text, not {type_name(value)}")
    if len(value) > MAX_TEXT:
        raise wrong(f"the text is longer than {MAX_TEXT} characters")
    return value
