"""Steps after which another place goes on: `call`, `goto`, `end`, `return`, `break`, `continue`; and `label`, such a place."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationInfo

from ses.scenario.models.base_model import ScenarioModel, described, report_of, reported
from ses.scenario.models.messages import Args, Short
from ses.scenario.models.scalars import Data, Kind, Label, Name, Reference
from ses.scenario.models.steps.step import Step
from ses.scenario.reading.nodes import Map, Node, Scalar


class LabelStep(ScenarioModel):
    """A place for `goto`."""

    called = "a label"

    label: Label


class CallBody(ScenarioModel):
    """A flow to run and come back from."""

    called = "`call`"

    flow: Annotated[Reference, Field(description="The flow")]
    args: Annotated[Args | None, Field(description="Values for its slots and variables")] = None
    save: Annotated[Name | None, Field(description="Keeps what it returns")] = None

    @classmethod
    def spread(cls, node: Node) -> Node:
        if isinstance(node, Scalar):
            full = Map(node.at)
            full.put("flow", node.at, node)
            return full
        return node


class CallStep(Step):
    called = "a step `call`"

    call: Annotated[CallBody, Short({"type": "string"}), Field(description="Run a flow and come back")]


class GotoStep(Step):
    called = "a step `goto`"

    goto: Annotated[Reference, Field(description="Go on in a flow, or at a label of this one")]


class Nothing(Kind):
    """The value of a step that has none."""

    json_schema: ClassVar[dict[str, Any]] = {"type": "null"}

    @classmethod
    def parse(cls, node: Node, info: ValidationInfo) -> Nothing:
        if isinstance(node, Scalar) and node.value() is None:
            return cls()
        report_of(info).error(
            "wrong-type", node.at, f"nothing stands after this step's colon, not {described(node)}"
        )
        raise reported()


class EndStep(Step):
    called = "a step `end`"

    end: Annotated[Nothing, Field(description="End the activity")]


class BreakStep(Step):
    called = "a step `break`"

    leave: Annotated[Nothing, Field(alias="break", description="Leave the loop")]


class ContinueStep(Step):
    called = "a step `continue`"

    again: Annotated[Nothing, Field(alias="continue", description="The next pass of the loop")]


class ReturnStep(Step):
    called = "a step `return`"

    value: Annotated[Data, Field(alias="return", description="Go back to the caller, with a value if given")]
