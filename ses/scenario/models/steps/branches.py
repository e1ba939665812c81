"""Steps that hold others: `if`, `switch`, `repeat`, `try`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, ValidatorFunctionWrapHandler, WrapValidator

from ses.scenario.findings.source import Source
from ses.scenario.models.base_model import ScenarioModel, described, report_of, reported
from ses.scenario.models.scalars import Expr, Label, Name, OneOrMany
from ses.scenario.models.steps.step import Step, Steps
from ses.scenario.reading.nodes import Map


class ElifBranch(ScenarioModel):
    """One `elif`."""

    called = "an item of `elif`"

    condition: Annotated[Expr, Field(alias="if", description="The condition")]
    then: Annotated[Steps, Field(description="Steps if it is true")]


class IfStep(ScenarioModel):
    called = "a step `if`"

    condition: Annotated[Expr, Field(alias="if", description="The condition")]
    then: Annotated[Steps, Field(description="Steps if it is true")]
    branches: Annotated[
        list[ElifBranch] | None,
        OneOrMany(),
        Field(alias="elif", description="Further conditions"),
    ] = None
    otherwise: Annotated[Steps | None, Field(alias="else", description="Steps if none is true")] = None
    label: Annotated[Label | None, Field(description="A name for `goto`")] = None
    on_error: Annotated[Steps | None, Field(description="Steps that run when one of these fails")] = None


class Cases(dict[str, Any]):
    """Steps by value; `positions` tells where each value stands."""

    def __init__(self, steps: Mapping[str, Any], positions: Mapping[str, Source]) -> None:
        super().__init__(steps)
        self.positions = dict(positions)


def _validate_cases(node: Any, inner: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    if not isinstance(node, Map):
        report_of(info).error(
            "wrong-type", node.at, f"cases are a map of values and steps, not {described(node)}"
        )
        raise reported()
    return Cases(inner(node), node.keys_at)


class SwitchStep(Step):
    called = "a step `switch`"

    switch: Annotated[Expr, Field(description="The value that chooses")]
    cases: Annotated[dict[str, Steps], WrapValidator(_validate_cases), Field(description="Steps by value")]
    otherwise: Annotated[Steps | None, Field(alias="else", description="Steps when no case fits")] = None


class RepeatBody(ScenarioModel):
    """A loop: `each` with `as`, or `while`, or `times`."""

    called = "`repeat`"

    each: Annotated[Expr | None, Field(description="The list to go through")] = None
    name: Annotated[Name | None, Field(alias="as", description="The name of the item; `item` without it")] = (
        None
    )
    condition: Annotated[Expr | None, Field(alias="while", description="Go on while this is true")] = None
    times: Annotated[Expr | None, Field(description="How often")] = None
    steps: Annotated[Steps, Field(description="Steps of one pass")]


class RepeatStep(Step):
    called = "a step `repeat`"

    repeat: Annotated[RepeatBody, Field(description="Repeat steps")]


class TryStep(Step):
    called = "a step `try`"

    attempt: Annotated[Steps, Field(alias="try", description="Steps whose errors are caught")]
    catch: Annotated[Steps, Field(description="Steps after an error; `error.kind` tells which")]
