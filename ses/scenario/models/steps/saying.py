"""Steps that say something: `say` here, `send` in another conversation."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ses.scenario.models.base_model import ScenarioModel
from ses.scenario.models.messages import MessageField, Wording
from ses.scenario.models.scalars import Text
from ses.scenario.models.steps.step import Step


class SayStep(Step):
    called = "a step `say`"

    say: Annotated[MessageField, Field(description="Say something")]


class SendBody(ScenarioModel):
    """A message to somebody else, or to the same person in another channel."""

    called = "`send`"

    to: Annotated[
        Text, Field(description="A person (`telegram:123`), a phone (`+79130000000`) or a session's id")
    ]
    connector: Annotated[
        Text | None, Field(description="Only there: a kind (`telegram`) or a name (`telegram.shop`)")
    ] = None
    text: Annotated[Wording, Field(description="The words")]


class SendStep(Step):
    called = "a step `send`"

    send: Annotated[SendBody, Field(description="Say something to somebody else, or elsewhere")]
