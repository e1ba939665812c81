"""Every name that expressions of a robot may read, and who gives it its value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from ses.scenario.models.definitions import Tool
from ses.scenario.models.messages import Args
from ses.scenario.models.robot import Robot
from ses.scenario.models.scalars import Text
from ses.scenario.models.steps.assignments import SetStep
from ses.scenario.models.steps.branches import RepeatBody
from ses.scenario.models.steps.jumps import CallBody
from ses.scenario.models.steps.step import Broken
from ses.scenario.reading.nodes import Map, Node, Scalar, Seq

ENGINE = frozenset("user session channel message event error robot page daypart".split())
"""Names that the engine gives everywhere."""


@dataclass(slots=True)
class Names:
    """`kept` are slots and variables (their change matters to a correction); `all` is what may be read."""

    slots: frozenset[str]
    variables: frozenset[str]
    tables: frozenset[str]
    given: dict[str, Text | None] = field(default_factory=dict)
    """Names that steps give a value (`set`, `save`, `as`, `args`) and that nobody declared: where first."""

    @property
    def kept(self) -> frozenset[str]:
        return self.slots | self.variables | frozenset(self.given)

    @property
    def all(self) -> frozenset[str]:
        return self.kept | self.tables | ENGINE


def names_of(robot: Robot) -> Names:
    names = Names(frozenset(robot.slots or {}), frozenset(robot.variables or {}), frozenset(robot.data or {}))
    declared = names.slots | names.variables | names.tables
    for name, at in _given(robot):
        if name not in declared:
            names.given.setdefault(name, at)
    return names


def parts_of(model: Any) -> Iterator[Any]:
    """A model and everything inside it."""
    yield model
    if isinstance(model, BaseModel):
        for name in type(model).model_fields:
            yield from parts_of(getattr(model, name))
    elif isinstance(model, dict):
        for value in model.values():
            yield from parts_of(value)
    elif isinstance(model, list | tuple):
        for item in model:
            yield from parts_of(item)


def _given(robot: Robot) -> Iterator[tuple[str, Text | None]]:
    for part in parts_of(robot):
        if isinstance(part, Broken):
            for name in _given_by_node(part.node):
                yield name, None
        elif isinstance(part, SetStep):
            yield from ((name, None) for name in part.set.values)
        elif isinstance(part, Tool):
            yield from ((name, None) for name in part.args or {})
        elif isinstance(part, CallBody) and part.args:
            yield from ((name, None) for name in part.args.values)
        elif isinstance(part, RepeatBody):
            yield (str(part.name) if part.name else "item"), part.name
        save = getattr(part, "save", None)
        if isinstance(save, Text):
            yield str(save), save
        args = getattr(part, "args", None)
        if isinstance(args, Args):
            yield from ((name, None) for name in args.values)


def _given_by_node(node: Node | None) -> Iterator[str]:
    """What a faulty step would have given a value: no finding about it on top."""
    if isinstance(node, Map):
        for key, value in node.items():
            if key in ("save", "as") and isinstance(value, Scalar):
                yield value.text
            elif key in ("set", "args") and isinstance(value, Map):
                yield from value
            yield from _given_by_node(value)
    elif isinstance(node, Seq):
        for item in node:
            yield from _given_by_node(item)
