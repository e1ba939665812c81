"""Steps behind which nothing runs."""

from __future__ import annotations

from typing import Any

from ses.scenario.compiling.lowering.assembly import labelled_steps
from ses.scenario.findings.source import Source
from ses.scenario.models.base_model import ScenarioModel
from ses.scenario.models.steps.branches import IfStep
from ses.scenario.models.steps.jumps import BreakStep, ContinueStep, EndStep, GotoStep, LabelStep, ReturnStep
from ses.scenario.models.steps.step import Broken


def always_leaves(step: Any) -> bool:
    """Nothing behind this step runs, unless something goes there."""
    if isinstance(step, GotoStep | EndStep | ReturnStep | BreakStep | ContinueStep):
        return step.condition is None and step.on_error is None
    if isinstance(step, IfStep):
        branches = [step.then, *(one.then for one in step.branches or ()), step.otherwise or []]
        return all(branch and always_leaves(branch[-1]) for branch in branches) and step.on_error is None
    return False


def reachable_by_label(step: Any) -> bool:
    return isinstance(step, Broken) or bool(labelled_steps(step))


def key_position(step: Any) -> Source:
    """Where the step's key stands."""
    if isinstance(step, ScenarioModel):
        for key in type(step).keys():  # noqa: SIM118 - the keys of the language, not of a dict
            if key not in ("if", "label", "on_error") or isinstance(step, IfStep | LabelStep):
                return step.key_at(key)
        return step.at
    return Source("", 1, 1) if not isinstance(step, Broken) else step.at
