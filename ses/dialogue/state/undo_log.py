"""The undo log of a frame, by which a correction rolls back: steps that read or write, with what they overwrote.

An operation stands in a log at most once: when it runs again (a loop, a jump back) everything from its earlier run on is
folded into the entry before, whose old values then span it. So a correction inside a loop rolls back within the current
iteration, one before the loop restores what all iterations changed, and a log never grows beyond the operations of its flow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ses.dialogue.state.frames import Frame, UndoEntry
from ses.scenario.program.operations import Op


def record_step(frame: Frame, op: Op, *, question: bool = False) -> None:
    """Note that an operation runs."""
    log = frame.undo_log
    for index, step in enumerate(log):
        if step.id == op.id:
            base = log[index - 1] if index else UndoEntry("")
            _fold(base, log[index:])
            del log[index:]
            if not index and (base.effect or base.undo or base.unset):
                log.append(base)
            break
    log.append(UndoEntry(op.id, {}, [], op.effect, question))


def record_old_value(frame: Frame, name: str, old: Any) -> None:
    """Note a name's value before the running operation sets it; none if it had none."""
    if not frame.undo_log:
        frame.undo_log.append(UndoEntry(""))
    _keep(frame.undo_log[-1], name, old)


def merge_into_caller(caller: Frame, callee: Frame) -> None:
    """What a called flow did counts as what the caller's `call` did."""
    if not callee.undo_log:
        return
    if not caller.undo_log:
        caller.undo_log.append(UndoEntry(""))
    _fold(caller.undo_log[-1], callee.undo_log)


def effect_since(frames: Sequence[Frame], index: int) -> bool:
    """Whether an effect ran in the first of these frames since the step at `index`, or in one it called."""
    return any(step.effect for step in frames[0].undo_log[index:]) or any(
        step.effect for frame in frames[1:] for step in frame.undo_log
    )


def _fold(base: UndoEntry, steps: Sequence[UndoEntry]) -> None:
    for step in steps:
        for name, value in step.undo.items():
            _keep(base, name, value)
        for name in step.unset:
            _keep(base, name, None)
        base.effect = base.effect or step.effect


def _keep(step: UndoEntry, name: str, old: Any) -> None:
    if name in step.undo or name in step.unset:
        return
    if old is None:
        step.unset.append(name)
    else:
        step.undo[name] = old
