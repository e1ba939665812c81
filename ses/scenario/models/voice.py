"""`voice:` of a robot: how it hears and how it speaks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ses.scenario.models.base_model import ScenarioModel
from ses.scenario.models.messages import Short, choice
from ses.scenario.models.scalars import Boolean, Text
from ses.scenario.reading.nodes import Map, Node, Scalar

_TEXT: dict[str, Any] = {"type": "string"}


class Recognition(ScenarioModel):
    """What the recogniser of speech (SPR) is asked: its model, or a map."""

    called = "`spr`"

    model: Annotated[Text, Field(description="The recogniser's model")]
    speakers: Annotated[Boolean, Field(description="Tell the speakers apart")] = False
    emotion: Annotated[Boolean, Field(description="Tell the emotion too")] = False
    vad: Annotated[Text | None, Field(description="How speech is told from silence")] = None
    preset: Annotated[Text | None, Field(description="Settings that the recogniser knows by a name")] = None
    asynchronous: Annotated[
        Boolean | None,
        Field(
            alias="async",
            description="Ask for the text again and again (`async=1`); without it: long recordings only",
        ),
    ] = None

    @classmethod
    def spread(cls, node: Node) -> Node:
        if isinstance(node, Scalar):
            full = Map(node.at)
            full.put("model", node.at, node)
            return full
        return node


class Voice(ScenarioModel):
    """How a robot hears and speaks."""

    called = "`voice`"

    spr: Annotated[
        Recognition | None, Short(_TEXT), Field(description="Recognise voice messages, with this model")
    ] = None
    tts: Annotated[
        Text | None, Field(description="The voice of spoken messages; the service's own without it")
    ] = None
    answer: Annotated[
        Literal["never", "when_spoken", "always"], choice("never", "when_spoken", "always"),
        Field(description="Which messages are spoken too, unless they say `voice` themselves"),
    ] = "never"  # fmt: skip
