"""What a robot remembers, and its settings: variables, sessions, thresholds, the FAQ."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ses.scenario.models.base_model import ScenarioModel
from ses.scenario.models.messages import choice
from ses.scenario.models.scalars import (
    Data,
    DayHours,
    Fraction,
    OneOrMany,
    Text,
    Time,
)
from ses.scenario.reading.nodes import Map, Node


class Variable(ScenarioModel):
    """A value that is remembered: a plain value, or `{value, keep}`."""

    called = "a variable"

    value: Annotated[Data | None, Field(description="Its first value")] = None
    keep: Annotated[
        Literal["session", "user"], choice("session", "user"), Field(description="How long it lives")
    ] = "session"
    source: Annotated[
        Literal["page"] | None,
        choice("page"),
        Field(alias="from", description="`page`: a web page may give it"),
    ] = None

    @classmethod
    def spread(cls, node: Node) -> Node:
        if isinstance(node, Map) and (not node or set(node) & {"value", "keep", "from"}):
            return node
        full = Map(node.at)
        full.put("value", node.at, node)
        return full


class Routing(ScenarioModel):
    """Thresholds of understanding."""

    called = "`routing`"

    margin: Annotated[Fraction, Field(description="How much better another flow must be")] = 0.05
    threshold: Annotated[Fraction, Field(description="Below it nothing is understood")] = 0.5
    sure: Annotated[Fraction, Field(description="From it on no service is asked")] = 0.8


class Session(ScenarioModel):
    """Settings of sessions."""

    called = "`session`"

    idle: Annotated[
        Time, Field(description="After this pause the next message is a hot start (event `resume`)")
    ] = 1800.0
    expire: Annotated[
        Time, Field(description="After this pause the session ends (event `end`) and is forgotten")
    ] = 30 * 86400.0
    burst: Annotated[Time, Field(description="Wait that long for more messages")] = 0.0
    on_update: Annotated[
        Literal["pin", "move"],
        choice("pin", "move"),
        Field(description="What a new version does to open conversations"),
    ] = "pin"
    quiet: Annotated[
        DayHours | None,
        Field(description="In these hours of the user's time zone the robot does not write first"),
    ] = None
    routing: Annotated[Routing | None, Field(description="Thresholds of understanding")] = None


class Qas(ScenarioModel):
    """When nothing else understood: ask the FAQ."""

    called = "`qas`"

    categories: Annotated[
        list[Text] | None,
        OneOrMany(),
        Field(description="Categories of the FAQ"),
    ] = None
    threshold: Annotated[Fraction, Field(description="A less confident answer is not said")] = 0.6
