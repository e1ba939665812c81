"""Values that a language model gives: the JSON Schema it is held to, and what its JSON means to the robot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ses.dialogue.output.questions import slot_title
from ses.dialogue.state.stack import passes_check
from ses.dialogue.state.turn import Turn
from ses.dialogue.understanding.utterance import FILES
from ses.scenario.program.definitions import Argument, Slot

Schema = dict[str, Any]

_PLAIN: Mapping[str, Schema] = {
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "yes_no": {"type": "boolean"},
    "date": {"type": "string", "description": "YYYY-MM-DD"},
    "time": {"type": "string", "description": "HH:MM"},
}


def schema_of(turn: Turn, kind: str) -> Schema:
    """Of a value of this type: an entity's name, or `text`."""
    keys = turn.scope.program.recogniser.values(kind) if kind != "text" else ()
    if keys:
        return {"type": "string", "enum": list(keys)}
    return dict(_PLAIN.get(kind, {"type": "string"}))


def arguments_schema(turn: Turn, arguments: Iterable[Argument]) -> Schema:
    """Of the arguments of a flow."""
    arguments = tuple(arguments)
    return _object(
        {
            one.name: schema_of(turn, one.type) | ({"description": one.about} if one.about else {})
            for one in arguments
        },
        [one.name for one in arguments if not one.optional],
    )


def slots_schema(turn: Turn, slots: Iterable[Slot]) -> Schema:
    """Of values of slots; each may be null: it was not told."""
    properties = {}
    for slot in slots:
        one = schema_of(turn, slot.type)
        value = {"type": "array", "items": one} if slot.many else one
        title = slot_title(turn, slot)
        properties[slot.name] = {"anyOf": [value, {"type": "null"}]} | (
            {"description": title} if title != slot.name else {}
        )
    return _object(properties, list(properties))


def fillable_slots(turn: Turn, names: Iterable[str]) -> list[Slot]:
    """The slots of which a model may be asked: not private, not files, not chosen from what is known at run time only."""
    slots = turn.scope.program.slots
    return [
        slot
        for name in names
        if not (slot := slots[name]).private
        and slot.choices is None
        and slot.type not in FILES
        and turn.scope.program.recogniser.see(slot.type) is None
    ]


async def parse_slot_value(turn: Turn, slot: Slot, told: Any) -> Any:
    """What a slot takes of the model's value; none when that is no value of it, or its `check` is false."""
    if slot.many:
        found = [await parse_value(turn, slot.type, one) for one in told] if isinstance(told, list) else []
        value: Any = [one for one in found if one is not None] or None
    else:
        value = await parse_value(turn, slot.type, told)
    return value if value is not None and passes_check(turn, slot, value) else None


async def parse_value(turn: Turn, kind: str, told: Any) -> Any:
    """A value of this type out of the model's JSON, none if it is none: words are read as a user's would be."""
    if told is None or told == "" or isinstance(told, dict | list):
        return None
    if kind == "text":
        return str(told)
    if kind == "yes_no" and isinstance(told, bool):
        return told
    if kind in ("number", "integer") and isinstance(told, int | float) and not isinstance(told, bool):
        return told if kind == "number" or told == int(told) else None
    recogniser = turn.scope.program.recogniser
    if told in recogniser.values(kind):
        return told
    utterance, now = recogniser.read(str(told)), turn.scope.now
    if recogniser.is_slow(kind):
        found = await turn.ports.offload(lambda: recogniser.entity(utterance, kind, forgiving=True, now=now))
    else:
        found = recogniser.entity(utterance, kind, forgiving=True, now=now)
    return found[0].value if found else None


def _object(properties: Mapping[str, Schema], required: list[str]) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": required,
        "additionalProperties": False,
    }
