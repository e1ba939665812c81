"""A session as others see it: `/ses/session`, integration scripts, `expect` of dialogue tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ses.dialogue.state.session import Session
from ses.scenario.program.robot import Program

RESERVED = frozenset({"robot", "data", "error", "message", "session_id"})
"""Fields of the answer itself: a variable of that name does not replace them."""


def session_values(
    session: Session, program: Program, user_variables: Mapping[str, Any], *, masked: bool = True
) -> dict[str, Any]:
    """Variables and slots by name: every declared one, none when it is empty, and those that `set` made. List values
    are keys, dates ISO. `masked`: private slots read `‹slot›`."""
    result: dict[str, Any] = {}
    for name, variable in program.variables.items():
        stored = user_variables if variable.keep == "user" else session.variables
        result[name] = stored.get(name, variable.default)
    for name, value in session.variables.items():
        result.setdefault(name, value)
    for name, slot in program.slots.items():
        value = (user_variables if slot.keep == "user" else session.slots).get(name)
        if slot.choices is not None:
            value = _key(value)
        result[name] = f"‹{name}›" if masked and slot.private and value is not None else value
    return {name: value for name, value in result.items() if name not in RESERVED}


def _key(value: Any) -> Any:
    if isinstance(value, list):
        return [_key(one) for one in value]
    return value["value"] if isinstance(value, dict) and "label" in value else value


def active_flow(session: Session) -> str | None:
    """The flow of the top frame of the top activity; hidden ones (`#…`) are named by the first that is not."""
    if not session.stack:
        return None
    for frame in reversed(session.stack[-1].frames):
        if not frame.flow.startswith("#"):
            return frame.flow
    return None


def session_json(
    session: Session, program: Program, user_variables: Mapping[str, Any], data: list[dict[str, Any]]
) -> dict[str, Any]:
    """`{"robot", "data", …variables}`; `data` has one entry a turn, from the dialogue log, the last 50."""
    return {**session_values(session, program, user_variables), "robot": session.robot, "data": data}
