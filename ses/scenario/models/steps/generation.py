"""The step `llm`: what is asked of the language model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo

from ses.scenario.findings.source import Source
from ses.scenario.models.base_model import ScenarioModel, report_of, reported
from ses.scenario.models.messages import choice
from ses.scenario.models.scalars import (
    Boolean,
    Data,
    Fraction,
    Kind,
    Name,
    OneOrMany,
    Reference,
    Text,
    Time,
    WholeNumber,
)
from ses.scenario.models.steps.step import Step
from ses.scenario.reading.nodes import Map, Node, Scalar, Seq

_TEXT: dict[str, Any] = {"type": ["string", "number", "boolean"]}


class Options(Kind):
    """What the model may answer: a list of keys or texts, or texts by key."""

    json_schema = {
        "anyOf": [
            {"type": "array", "items": _TEXT, "minItems": 2},
            {"type": "object", "additionalProperties": _TEXT},
        ]
    }

    def __init__(self, options: dict[str, Text | None], at: Source) -> None:
        self.options = options
        """By key; none where the key itself is the text."""
        self.at = at

    @classmethod
    def parse(cls, node: Node, info: ValidationInfo) -> Options:
        report = report_of(info)
        options: dict[str, Text | None] = {}
        if isinstance(node, Map):
            options = {key: Text.parse(value, info) for key, value in node.items()}
        elif isinstance(node, Seq):
            options = dict.fromkeys((str(Text.parse(item, info)) for item in node), None)
        if len(options) < 2 or isinstance(node, Scalar):
            report.error("bad-value", node.at, "`choice` is a list of two or more different texts, or texts by key",
                         suggestion="choice: [yes, no]")  # fmt: skip
            raise reported()
        return cls(options, node.at)


class LlmBody(ScenarioModel):
    """A question to the language model."""

    called = "`llm`"

    prompt: Annotated[Text | None, Field(description="What it is asked; the user's words without it")] = None
    system: Annotated[Text | None, Field(description="Who it is, what it knows, how it answers")] = None
    history: Annotated[
        WholeNumber, Field(description="How many earlier messages of the conversation it sees")
    ] = 0
    options: Annotated[
        Options | None,
        Field(
            alias="choice",
            description="It answers with one of these, letter for letter: texts, or texts by key",
        ),
    ] = None
    form: Annotated[
        Data | None,
        Field(alias="json", description="It answers with JSON of this form: types by name, or a JSON Schema"),
    ] = None
    tools: Annotated[
        list[Reference] | None,
        OneOrMany(),
        Field(description="Flows it may call before it answers; they cannot wait"),
    ] = None
    route: Annotated[
        list[Reference] | None,
        OneOrMany(),
        Field(description="It picks one of these flows, with arguments, or none"),
    ] = None
    fill: Annotated[
        list[Reference] | None, OneOrMany(), Field(description="It finds values of these slots in the prompt")
    ] = None
    stream: Annotated[Boolean, Field(description="Show the text while it is being written")] = False
    max_tokens: Annotated[WholeNumber | None, Field(description="The longest answer, in tokens")] = None
    temperature: Annotated[
        Fraction, Field(description="0: always the likeliest word; 1: the most lively; 0.2 without it")
    ] = 0.2
    timeout: Annotated[Time, Field(description="For the whole answer; 30s without it")] = 30.0
    private: Annotated[
        Literal["allow"] | None,
        choice("allow"),
        Field(description="`allow`: the model sees private values; without it ‹slot›"),
    ] = None
    abort: Annotated[
        Literal["input"] | None,
        choice("input"),
        Field(description="`input`: any message of the user ends it, not only `cancel`"),
    ] = None
    save: Annotated[
        Name | None, Field(description="Keeps the answer; it is not said then, unless streamed")
    ] = None


class LlmStep(Step):
    called = "a step `llm`"

    llm: Annotated[LlmBody, Field(description="Ask the language model")]
