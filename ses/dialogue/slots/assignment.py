"""Writing variables and slots: `set` and its operations, `save`, arguments."""

from __future__ import annotations

from typing import Any

from ses.dialogue.state.ports import Increment
from ses.dialogue.state.session import Frame
from ses.dialogue.state.stack import clear, passes, store
from ses.dialogue.state.turn import Turn
from ses.dialogue.state.undo_log import remember
from ses.errors import StepError
from ses.scenario.program.operations import Assignment
from ses.scenario.values.values import plain


def write(turn: Turn, frame: Frame, name: str, value: Any) -> None:
    """Set a variable or a slot, remembering what it was. A slot takes only what its `check` allows; none empties it."""
    scope = turn.scope
    program = scope.program
    slot = program.slots.get(name)
    if slot is not None:
        remember(frame, name, scope.stored(slot))
        if value is None:
            clear(turn, slot)
        elif passes(turn, slot, value):
            store(turn, frame, slot, value)
    elif _by_user(turn, name):
        remember(frame, name, turn.user.get(name))
        turn.write_user(name, value)
    elif name in frame.args:
        remember(frame, name, frame.args[name])
        frame.args[name] = value
    else:
        variables = turn.session.variables
        remember(frame, name, variables.get(name))
        variables[name] = value


def assign(turn: Turn, frame: Frame, assignment: Assignment) -> None:
    """One entry of a `set` step."""
    name = assignment.name
    value = plain(assignment.value.evaluate(turn.scope))
    if assignment.action == "value":
        write(turn, frame, name, value)
        return
    current = plain(turn.scope[name])
    if assignment.action == "add":
        if not _number(value) or not (current is None or _number(current)):
            raise StepError("value", f"`{name}`: `add` needs numbers")
        if _by_user(turn, name) and turn.user.get(name) is not None:
            remember(frame, name, turn.user[name])
            turn.write_user(name, Increment(value))
        else:
            write(turn, frame, name, (current or 0) + value)
        return
    if not (current is None or isinstance(current, list)):
        raise StepError("value", f"`{name}` is not a list")
    items = list(current or ())
    if assignment.action == "append":
        items.append(value)
    else:
        if isinstance(value, bool) or not isinstance(value, int) or not -len(items) <= value < len(items):
            raise StepError("value", f"`{name}`: nothing to remove at {value}")
        del items[value]
    write(turn, frame, name, items)


def unset(turn: Turn, frame: Frame, name: str) -> None:
    """Empty a slot, or give a variable its first value again."""
    program = turn.scope.program
    slot = program.slots.get(name)
    if slot is not None:
        remember(frame, name, turn.scope.stored(slot))
        clear(turn, slot)
    elif _by_user(turn, name):
        write(turn, frame, name, program.variables[name].default)
    elif name in turn.session.variables:
        remember(frame, name, turn.session.variables.pop(name))
    elif name in frame.args:
        remember(frame, name, frame.args.pop(name))


def _by_user(turn: Turn, name: str) -> bool:
    variable = turn.scope.program.variables.get(name)
    return variable is not None and variable.keep == "user"


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
