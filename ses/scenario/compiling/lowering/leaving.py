"""Steps behind which nothing runs."""

from __future__ import annotations

from typing import Any

from ses.scenario.compiling.lowering.assembly import labelled_steps
from ses.scenario.models import steps as model
from ses.scenario.models.shape import Shape
from ses.scenario.models.steps import Broken
from ses.scenario.program import (
    Source,
)


def always_leaves(step: Any) -> bool:
    """Nothing behind this step runs, unless something goes there."""
    if isinstance(
        step, model.GotoStep | model.EndStep | model.ReturnStep | model.BreakStep | model.ContinueStep
    ):
        return step.condition is None and step.on_error is None
    if isinstance(step, model.IfStep):
        branches = [step.then, *(one.then for one in step.branches or ()), step.otherwise or []]
        return all(branch and always_leaves(branch[-1]) for branch in branches) and step.on_error is None
    return False


def reachable_by_label(step: Any) -> bool:
    return isinstance(step, Broken) or bool(labelled_steps(step))


def key_place(step: Any) -> Source:
    """Where the step's key stands."""
    if isinstance(step, Shape):
        for key in type(step).keys():  # noqa: SIM118 - the keys of the language, not of a dict
            if key not in ("if", "label", "on_error") or isinstance(step, model.IfStep | model.LabelStep):
                return step.key_at(key)
        return step.at
    return Source("", 1, 1) if not isinstance(step, Broken) else step.at
