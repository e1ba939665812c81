"""Types told before anything runs."""

from __future__ import annotations

import pytest

from ses.scenario.expressions.inference import (
    ANY,
    BOOLEAN,
    MONEY,
    NUMBER,
    TEXT,
    Type,
    TypeProblem,
    infer,
    type_of_entity,
)

TYPES = {
    "n": NUMBER,
    "name": TEXT,
    "size": type_of_entity("size", ["small", "large"]),
    "day": type_of_entity("date"),
    "at": type_of_entity("datetime"),
    "sum_": MONEY,
    "user": Type("map", fields={"name": TEXT}, closed=True),
    "items": Type("list"),
    "yes": BOOLEAN,
    "what": ANY,
}


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("n > 3", "boolean"), ("{{ n + 1 }}", "number"), ("name + 'a'", "text"), ("what > 3", "boolean"),
        ("size == 'large'", "boolean"), ("size in ['small', 'large']", "boolean"), ("size == none", "boolean"),
        ("day > today()", "boolean"), ("day < '2026-01-01'", "boolean"), ("at - now() < days(1)", "boolean"),
        ("sum_.amount > 100", "boolean"), ("weekday(day) == 1", "boolean"), ("n|plural('a', 'b')", "text"),
        ("day.year", "number"), ("what.deep.field", "any"), ("user.name", "text"), ("1 if yes else 2", "number"),
        ("1 if yes else 'a'", "any"), ("days(1) * 2", "duration"), ("name in items", "boolean"), ("unknown == 5", "boolean"),
        ("sum(items)", "any"), ("not n", "boolean"), ("n or 5", "number"), ("[1, 2][0]", "number"), ("size.label", "text"),
    ],
)  # fmt: skip
def test_what_fits_has_a_type(source: str, kind: str) -> None:
    assert infer(source, TYPES).kind == kind


@pytest.mark.parametrize(
    ("source", "offset", "says"),
    [
        ("name > 3", 7, "a text is compared with a number"),
        ("n == '3'", 5, "a number is compared with a text"),
        ("size == 'larg'", 8, "no key"),
        ("size in ['large', 'big']", 18, "no key"),
        ("size == n", 8, "a list value is compared with a number"),
        ("yes == 'да'", 7, "true/false is compared with a text"),
        ("day + 1", 6, "cannot join a date and a number"),
        ("n + name", 4, "cannot join a number and a text"),
        ("sum_ > 100", 7, "a map is compared with a number"),
        ("user.nam", 5, "no field 'nam'"),
        ("size.price", 5, "no field 'price'"),
        ("items > 3", 8, "a list is compared"),
        ("name in n", 8, "looked for in a number"),
        ("n[0]", 1, "has no parts"),
        ("name.first", 4, "has no fields"),
        ("what and (n > 'a')", 14, "compared"),
    ],
)
def test_what_cannot_go_well_is_told_with_its_place(source: str, offset: int, says: str) -> None:
    with pytest.raises(TypeProblem, match=says) as caught:
        infer(source, TYPES)
    assert caught.value.offset == offset


def test_the_remedy_names_what_was_meant() -> None:
    with pytest.raises(TypeProblem) as caught:
        infer("size == 'larg'", TYPES)
    assert caught.value.remedy == "did you mean 'large'?"
