"""Types of expressions and of what their names stand for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "text",
    "number",
    "boolean",
    "date",
    "time",
    "datetime",
    "duration",
    "money",
    "list",
    "map",
    "choice",
    "none",
    "any",
]


@dataclass(frozen=True, slots=True)
class Type:
    kind: Kind
    keys: frozenset[str] | None = None
    """Of a `choice`: the keys its value may have; none when unknown."""
    fields: Mapping[str, Type] | None = None
    """Of a `map`: its known fields."""
    item: Type | None = None
    """Of a `list`."""
    closed: bool = False
    """A `map` that has no other fields than these."""
    constant: str | None = None
    """A text that is written in the expression."""


ANY, TEXT, NUMBER, BOOLEAN, NONE = Type("any"), Type("text"), Type("number"), Type("boolean"), Type("none")
DATE, TIME, DATETIME = Type("date"), Type("time"), Type("datetime")
MONEY = Type("map", fields={"amount": NUMBER, "currency": TEXT}, closed=True)
_OF_ENTITY: dict[str, Type] = {
    "number": NUMBER, "integer": NUMBER, "money": MONEY, "date": DATE, "time": TIME, "datetime": DATETIME,
    "duration": Type("duration"), "phone": TEXT, "email": TEXT, "url": TEXT, "yes_no": BOOLEAN, "person": TEXT, "text": TEXT,
    "location": Type("map", fields={"lat": NUMBER, "lon": NUMBER}),
    "contact": Type("map", fields={"phone": TEXT, "name": TEXT}),
    **dict.fromkeys(("file", "image", "voice"), Type("map", fields=dict.fromkeys(("media", "name", "mime"), TEXT) | {"size": NUMBER})),
}  # fmt: skip
NAMES: dict[str, str] = {
    "text": "a text", "number": "a number", "boolean": "true/false", "date": "a date", "time": "a time",
    "datetime": "a datetime", "duration": "a duration", "money": "money", "list": "a list", "map": "a map",
    "choice": "a list value", "none": "none", "any": "anything",
}  # fmt: skip


def type_of_entity(name: str, keys: Collection[str] = ()) -> Type:
    """The type of a slot of this entity; `keys` of a list entity."""
    if keys:
        return Type("choice", frozenset(keys))
    return _OF_ENTITY.get(name, ANY)
