"""The types of everything a robot's expressions read, as far as they are known before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ses.scenario.compiling.names import parts_of
from ses.scenario.compiling.robot import Compiled, good
from ses.scenario.expressions.inference import ANY, BOOLEAN, NUMBER, TEXT, Type, infer, type_of_entity
from ses.scenario.findings.fault import Fault
from ses.scenario.models.messages import Args
from ses.scenario.models.steps.assignments import SetStep
from ses.scenario.models.steps.branches import RepeatBody
from ses.scenario.program.definitions import Slot
from ses.scenario.reading.nodes import Map, Scalar, plain_data

VOICE = Type(
    "map", closed=True, fields={
        **dict.fromkeys(("text", "model", "media", "age", "gender", "emotion", "multispeaker", "synth"), TEXT),
        "duration": NUMBER, "traits": Type("map"), "details": Type("map"),
    },
)  # fmt: skip
"""What is known of a voice message; of any other it is an empty map."""
ENGINE: Mapping[str, Mapping[str, Type]] = {
    "user": {"id": TEXT, "language": TEXT, "timezone": TEXT},
    "session": {"id": TEXT, "new": BOOLEAN, "turn": NUMBER},
    "channel": {"name": TEXT, "kind": TEXT},
    "message": {"id": TEXT, "text": TEXT, "attachments": Type("list"), "voice": VOICE},
    "error": {"kind": TEXT, "service": TEXT, "status": NUMBER, "message": TEXT},
    "robot": {"id": TEXT, "title": TEXT, "version": TEXT},
}
"""Fields of the names that the engine gives; `user` also has what is kept by user; `event` and `page` have
whatever was sent."""


def known_types(compiled: Compiled) -> dict[str, Type]:
    """By name. What may change its type while a robot runs is left out."""
    types: dict[str, Type] = {name: type_of_slot(compiled, slot) for name, slot in compiled.slots.items()}
    types |= {name: of_data(data) for name, data in compiled.data.items()}
    user: dict[str, Type] = dict(ENGINE["user"])
    for name, slot in compiled.slots.items():
        if slot.keep == "user":
            user[name] = types[name]
    for name, variable in good(compiled.robot.variables).items():
        kind = of_data(plain_data(variable.value.node)) if variable.value is not None else ANY
        types[name] = kind if kind.kind in ("text", "number", "boolean") else ANY
        if variable.keep == "user":
            user[name] = types[name]
    for name, fields in {**ENGINE, "user": user}.items():
        types[name] = Type("map", fields=fields, closed=True)
    types["daypart"] = TEXT
    _forget_changed(compiled, types)
    return types


def type_of_slot(compiled: Compiled, slot: Slot) -> Type:
    """The type of a slot's value."""
    if slot.choices is not None:
        return ANY
    entity = good(compiled.robot.entities).get(slot.type)
    kind = type_of_entity(slot.type)
    if entity is not None:
        kind = (
            type_of_entity(slot.type, tuple(entity.values))
            if entity.values
            else TEXT
            if entity.pattern
            else ANY
        )
    return Type("list", item=kind) if slot.many else kind


def _forget_changed(compiled: Compiled, types: dict[str, Type]) -> None:
    """A variable that is set to a value of another type has none; slots keep theirs, `set` checks it."""
    settled: set[int] = set()
    """The values of `set`; other maps of values are the arguments of calls and buttons."""
    for part in parts_of(compiled.robot):
        if isinstance(part, SetStep):
            settled.add(id(part.set))
            for name, data in part.set.values.items():
                if name in types and name not in compiled.slots and not _fits(types[name], data.node, types):
                    types[name] = ANY
        elif isinstance(part, Args) and id(part) not in settled:
            for name in part.values:
                if name not in compiled.slots:
                    types.pop(name, None)
        elif isinstance(part, RepeatBody):
            types.pop(str(part.name) if part.name is not None else "item", None)
        save = getattr(part, "save", None)
        if isinstance(save, str) and save not in compiled.slots:
            types.pop(str(save), None)


def _fits(kind: Type, node: Any, types: Mapping[str, Type]) -> bool:
    if isinstance(node, Map):
        return kind.kind == "number" and set(node) == {"add"}
    if not isinstance(node, Scalar):
        return False
    text = node.text.strip()
    if text.startswith("{{") and text.endswith("}}") and text.count("{{") == 1:
        try:
            return infer(text, types).kind == kind.kind
        except Fault:
            return False
    return of_data(node.value()).kind == kind.kind


def of_data(data: Any) -> Type:
    """The type of plain data; of a table every key is known."""
    if isinstance(data, bool):
        return BOOLEAN
    if isinstance(data, int | float):
        return NUMBER
    if isinstance(data, str):
        return TEXT
    if isinstance(data, dict):
        return Type("map", fields={str(key): of_data(value) for key, value in data.items()}, closed=True)
    if isinstance(data, list):
        return Type("list")
    return ANY
