"""Steps that wait for the user: `ask`, `confirm`, `menu`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ses.scenario.models.base_model import ScenarioModel
from ses.scenario.models.messages import Question, Short, Wording
from ses.scenario.models.scalars import Boolean, Expr, OneOrMany, Pattern, Reference
from ses.scenario.models.steps.step import Step, Steps
from ses.scenario.reading.nodes import Map, Node, Scalar


class AskItem(Question):
    """A slot to ask for."""

    called = "an item of `ask`"

    slot: Annotated[Reference, Field(description="The slot")]
    condition: Annotated[Expr | None, Field(alias="if", description="Asked only if this is true")] = None
    again: Annotated[Boolean, Field(description="Forget its value and ask anew")] = False

    @classmethod
    def spread(cls, node: Node) -> Node:
        if isinstance(node, Scalar):
            full = Map(node.at)
            full.put("slot", node.at, node)
            return full
        return node


AskItems = Annotated[
    list[Annotated[AskItem, Short({"type": "string"})]],
    OneOrMany(),
]


class AskStep(Step):
    called = "a step `ask`"

    ask: Annotated[AskItems, Field(description="Ask for slots, in this order; known ones are skipped")]


class ConfirmBody(Question):
    """What `confirm` asks and does."""

    called = "`confirm`"

    yes: Annotated[Steps | None, Field(description="Steps after «yes», before the next ones")] = None
    no: Annotated[
        Steps | None, Field(description="Steps after «no»; the activity ends unless they leave")
    ] = None


class ConfirmStep(Step):
    called = "a step `confirm`"

    confirm: Annotated[
        ConfirmBody, Short({"type": ["string", "array"]}), Field(description="Ask «is it right?»")
    ]


class MenuItem(ScenarioModel):
    """One item of a menu."""

    called = "an item of a menu"

    text: Annotated[Wording, Field(description="The label of its button")]
    phrases: Annotated[
        list[Pattern] | None,
        OneOrMany(),
        Field(alias="is", description="Patterns that choose it"),
    ] = None
    steps: Annotated[Steps | None, Field(description="What it does")] = None
    condition: Annotated[Expr | None, Field(alias="if", description="Offered only if this is true")] = None


class MenuBody(Question):
    """A menu: a question and its items."""

    called = "`menu`"

    items: Annotated[list[MenuItem], Field(description="What may be chosen")]


class MenuStep(Step):
    called = "a step `menu`"

    menu: Annotated[
        MenuBody, Field(description="Let the user choose; the item's steps run, then those after the menu")
    ]
