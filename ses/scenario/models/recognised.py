"""What a robot recognises: entities, which are kinds of values, and intents, which are what a user may want."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ses.scenario.models.base_model import ScenarioModel
from ses.scenario.models.messages import Short, Wording
from ses.scenario.models.scalars import (
    OneOrMany,
    Pattern,
    Text,
)
from ses.scenario.reading.nodes import Map, Node, Scalar, Seq


class ListEntry(ScenarioModel):
    """A value of a list entity: its forms, and a label when it is not the first form."""

    called = "a value of an entity"

    label: Annotated[Wording | None, Field(description="What it prints as")] = None
    forms: Annotated[
        list[Pattern],
        OneOrMany(),
        Field(description="How people say it, in the rules of patterns"),
    ]

    @classmethod
    def spread(cls, node: Node) -> Node:
        if isinstance(node, Scalar | Seq):
            full = Map(node.at)
            full.put("forms", node.at, node)
            return full
        return node


class SeeSource(ScenarioModel):
    """Where the SEE service finds it."""

    called = "`see`"

    model: Annotated[Text, Field(description="The service's model")]
    entity: Annotated[Text, Field(description="The entity's name there")]


class Entity(ScenarioModel):
    """A kind of value: a list of values, a regular expression, or an entity of the SEE service."""

    called = "an entity"

    values: Annotated[
        dict[str, Annotated[ListEntry, Short({"type": ["string", "array"]})]] | None,
        Field(description="Values by key, each with its forms"),
    ] = None
    pattern: Annotated[Text | None, Field(description="A regular expression on the raw text")] = None
    see: Annotated[SeeSource | None, Field(description="Found by the SEE service")] = None


class SmcSource(ScenarioModel):
    """A class of the SMC service."""

    called = "`smc`"

    model: Annotated[Text, Field(description="The service's model")]
    cls: Annotated[Text, Field(alias="class", description="The class's name there")]


class Intent(ScenarioModel):
    """What a user may want."""

    called = "an intent"

    patterns: Annotated[list[Pattern] | None, OneOrMany(), Field(description="Patterns")] = None
    examples: Annotated[
        list[Text] | None,
        OneOrMany(),
        Field(description="Phrases; similar ones are recognised"),
    ] = None
    smc: Annotated[SmcSource | None, Field(description="Recognised by the SMC service")] = None
    llm: Annotated[
        Text | None, Field(description="What the user wants, for the language model to recognise")
    ] = None
