"""Structured output of a language model: the JSON Schema it is held to, and how its JSON is parsed."""

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
    """Of values of slots; each may be null: the message does not say it."""
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
    """The slots that a model may fill: not private, not files, not chosen from what is known at run time only."""
    slots = turn.scope.program.slots
    return [
        slot
        for name in names
        if not (slot := slots[name]).private
        and slot.choices is None
        and slot.type not in FILES
        and turn.scope.program.recogniser.see(slot.type) is None
    ]


async def parse_slot_value(turn: Turn, slot: Slot, raw: Any) -> Any:
    """The value of a slot in the model's JSON; none when that is no value of it, or its `check` is false."""
    if slot.many:
        found = [await parse_value(turn, slot.type, one) for one in raw] if isinstance(raw, list) else []
        value: Any = [one for one in found if one is not None] or None
    else:
        value = await parse_value(turn, slot.type, raw)
    return value if value is not None and passes_check(turn, slot, value) else None


async def parse_value(turn: Turn, kind: str, raw: Any) -> Any:
    """A value of this type out of the model's JSON, none if it is none: words are read as a user's would be."""
    if raw is None or raw == "" or isinstance(raw, dict | list):
        return None
    if kind == "text":
        return str(raw)
    if kind == "yes_no" and isinstance(raw, bool):
        return raw
    if kind in ("number", "integer") and isinstance(raw, int | float) and not isinstance(raw, bool):
        return raw if kind == "number" or raw == int(raw) else None
    recogniser = turn.scope.program.recogniser
    if raw in recogniser.values(kind):
        return raw
    utterance, now = recogniser.read(str(raw)), turn.scope.now
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
