"""Writing variables and slots: `set` and its operations, `save`, arguments."""

from __future__ import annotations

from typing import Any

from ses.dialogue.state.frames import Frame
from ses.dialogue.state.ports import Increment
from ses.dialogue.state.stack import clear_slot, passes_check, store_slot
from ses.dialogue.state.turn import Turn
from ses.dialogue.state.undo_log import record_old_value
from ses.errors import StepError
from ses.scenario.program.operations import Assignment
from ses.scenario.values.values import plain


def set_value(turn: Turn, frame: Frame, name: str, value: Any) -> None:
    """Set a variable or a slot, remembering what it was. A slot accepts only what its `check` allows; none empties it."""
    scope = turn.scope
    program = scope.program
    slot = program.slots.get(name)
    if slot is not None:
        record_old_value(frame, name, scope.stored(slot))
        if value is None:
            clear_slot(turn, slot)
        elif passes_check(turn, slot, value):
            store_slot(turn, frame, slot, value)
    elif _kept_by_user(turn, name):
        record_old_value(frame, name, turn.user.get(name))
        turn.set_user_variable(name, value)
    elif name in frame.args:
        record_old_value(frame, name, frame.args[name])
        frame.args[name] = value
    else:
        variables = turn.session.variables
        record_old_value(frame, name, variables.get(name))
        variables[name] = value


def run_assignment(turn: Turn, frame: Frame, assignment: Assignment) -> None:
    """One entry of a `set` step."""
    name = assignment.name
    value = plain(assignment.value.evaluate(turn.scope))
    if assignment.action == "value":
        set_value(turn, frame, name, value)
        return
    current = plain(turn.scope[name])
    if assignment.action == "add":
        if not _is_number(value) or not (current is None or _is_number(current)):
            raise StepError("value", f"`{name}`: `add` needs numbers")
        if _kept_by_user(turn, name) and turn.user.get(name) is not None:
            record_old_value(frame, name, turn.user[name])
            turn.set_user_variable(name, Increment(value))
        else:
            set_value(turn, frame, name, (current or 0) + value)
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
    set_value(turn, frame, name, items)


def unset_value(turn: Turn, frame: Frame, name: str) -> None:
    """Empty a slot, or give a variable its first value again."""
    program = turn.scope.program
    slot = program.slots.get(name)
    if slot is not None:
        record_old_value(frame, name, turn.scope.stored(slot))
        clear_slot(turn, slot)
    elif _kept_by_user(turn, name):
        set_value(turn, frame, name, program.variables[name].default)
    elif name in turn.session.variables:
        record_old_value(frame, name, turn.session.variables.pop(name))
    elif name in frame.args:
        record_old_value(frame, name, frame.args.pop(name))


def _kept_by_user(turn: Turn, name: str) -> bool:
    variable = turn.scope.program.variables.get(name)
    return variable is not None and variable.keep == "user"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
