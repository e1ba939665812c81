"""What every step may have, and how a flow holds its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from typing_extensions import TypeAliasType

from ses.scenario.findings.source import Source
from ses.scenario.models.base_model import ScenarioModel
from ses.scenario.models.scalars import Expr, Label, OneOrMany
from ses.scenario.reading.nodes import Node

if TYPE_CHECKING:
    from ses.scenario.models.steps.any_step import AnyStep

Steps = TypeAliasType("Steps", "Annotated[list[AnyStep], OneOrMany()]")
"""Steps hold steps. `AnyStep`, all of them, is complete after this module only: hence the text, which pydantic reads
when it builds the whole (`Robot`), so that no field that holds steps has to be built once more."""


class Broken:
    """Stands for a step whose faults are already reported, so that the rest of the flow is still checked."""

    def __init__(self, node: Node) -> None:
        self.node = node

    @property
    def at(self) -> Source:
        return self.node.at


class Step(ScenarioModel):
    """What every step may have."""

    called = "a step"

    condition: Annotated[Expr | None, Field(alias="if", description="The step runs only if this is true")] = (
        None
    )
    label: Annotated[
        Label | None, Field(description="A name for `goto`, and the place's name in sessions")
    ] = None
    on_error: Annotated[Steps | None, Field(description="Steps that run when this one fails")] = None
