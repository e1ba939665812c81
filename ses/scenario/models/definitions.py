"""What steps stand in or belong to: flows and what starts them, slots, events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo

from ses.scenario.findings.suggestions import did_you_mean
from ses.scenario.models.base_model import ScenarioModel, report_of, reported
from ses.scenario.models.messages import (
    Buttons,
    MessageField,
    QuestionField,
    Short,
    Wording,
    choice,
    is_channel,
    no_such_channel,
)
from ses.scenario.models.scalars import (
    Boolean,
    Data,
    Expr,
    Label,
    OneOrMany,
    Pattern,
    Reference,
    Text,
    WholeNumber,
)
from ses.scenario.models.steps.step import Steps
from ses.scenario.reading.nodes import Map, Node, Scalar

_TEXT: dict[str, Any] = {"type": "string"}
EVENTS = ("start", "resume", "fallback", "error", "limit", "attachment", "unclear", "end")
LATER_EVENTS = ("silence", "operator", "leave")


class Trigger(ScenarioModel):
    """What starts a flow: a pattern, or one of intent, command, button, event."""

    called = "a trigger"

    pattern: Annotated[Pattern | None, Field(description="A pattern; a bare text is one")] = None
    intent: Annotated[Reference | None, Field(description="An intent")] = None
    command: Annotated[Text | None, Field(description="A command without its `/`")] = None
    button: Annotated[Text | None, Field(description="The label of a button, pressed or typed")] = None
    event: Annotated[Label | None, Field(description="An event of the robot's own")] = None
    condition: Annotated[Expr | None, Field(alias="if", description="Listens only if this is true")] = None

    @classmethod
    def spread(cls, node: Node) -> Node:
        if isinstance(node, Scalar):
            full = Map(node.at)
            full.put("pattern", node.at, node)
            return full
        return node

    def given(self) -> list[str]:
        """The keys given of which exactly one is right."""
        return [
            key
            for key in ("pattern", "intent", "command", "button", "event")
            if getattr(self, key) is not None
        ]


class Need(ScenarioModel):
    """A slot that a flow needs."""

    called = "an item of `needs`"

    slot: Annotated[Reference, Field(description="The slot")]
    condition: Annotated[Expr | None, Field(alias="if", description="Needed only if this is true")] = None

    @classmethod
    def spread(cls, node: Node) -> Node:
        if isinstance(node, Scalar):
            full = Map(node.at)
            full.put("slot", node.at, node)
            return full
        return node


class ToolArgument(ScenarioModel):
    """What the language model gives to a flow: a type, or `{type, about, optional}`."""

    called = "an argument of `callable`"

    type: Annotated[Reference, Field(description="An entity, or `text`")]
    about: Annotated[Text | None, Field(description="What it is, for the model")] = None
    optional: Annotated[Boolean, Field(description="The model may leave it out")] = False

    @classmethod
    def spread(cls, node: Node) -> Node:
        if isinstance(node, Scalar):
            full = Map(node.at)
            full.put("type", node.at, node)
            return full
        return node


class Tool(ScenarioModel):
    """Lets the language model call a flow."""

    called = "`callable`"

    about: Annotated[Text, Field(description="What the flow does, for the model")]
    args: Annotated[
        dict[str, Annotated[ToolArgument, Short(_TEXT)]] | None,
        Field(description="What the model has to give: names that the flow's steps read"),
    ] = None

    @classmethod
    def spread(cls, node: Node) -> Node:
        if isinstance(node, Scalar):
            full = Map(node.at)
            full.put("about", node.at, node)
            return full
        return node


class Flow(ScenarioModel):
    """A piece of dialogue with its triggers."""

    called = "a flow"

    title: Annotated[
        Wording | None, Field(description="What the user is shown when the robot asks which flow is meant")
    ] = None
    on: Annotated[
        list[Annotated[Trigger, Short(_TEXT)]] | None, OneOrMany(),
        Field(description="Any one of these starts the flow"),
    ] = None  # fmt: skip
    within: Annotated[
        list[Reference] | None, OneOrMany(),
        Field(description="Listens only while one of these flows is under way"),
    ] = None  # fmt: skip
    interruptible: Annotated[
        Boolean, Field(description="Whether other flows may be started from its questions")
    ] = True
    needs: Annotated[
        list[Annotated[Need, Short(_TEXT)]] | None, OneOrMany(),
        Field(description="Slots to collect first, in this order"),
    ] = None  # fmt: skip
    steps: Annotated[Steps | None, Field(description="What it does")] = None
    on_fail: Annotated[Steps | None, Field(description="Steps when a question failed too often")] = None
    callable: Annotated[
        Tool | None,
        Short(_TEXT),
        Field(description="The language model may call it: what it does, and its arguments"),
    ] = None


class Slot(ScenarioModel):
    """A piece of data that the robot asks for."""

    called = "a slot"
    later: ClassVar[Mapping[str, str]] = {"from": "a source of values"}

    title: Annotated[
        Wording | None, Field(description="Its name for the user; the slot's name without it")
    ] = None
    type: Annotated[Reference | None, Field(description="An entity, or `text`: whatever was said")] = None
    ask: Annotated[QuestionField | None, Field(description="The question")] = None
    buttons: Annotated[
        Buttons | None, Field(description="Buttons of the question; `choices`: the entity's values")
    ] = None
    choices: Annotated[Expr | None, Field(description="Values known only at run time: a list")] = None
    label: Annotated[Text | None, Field(description="What a choice prints as, over `item`")] = None
    value: Annotated[Data | None, Field(description="What a choice is, over `item`")] = None
    check: Annotated[Expr | None, Field(description="Must be true for `value`")] = None
    invalid: Annotated[
        MessageField | None, Field(description="Said when nothing fits or `check` is false")
    ] = None
    help: Annotated[MessageField | None, Field(description="Said to «why?»")] = None
    retries: Annotated[WholeNumber, Field(description="The failure of this number runs `on_fail`")] = 2
    many: Annotated[Boolean, Field(description="A list of values")] = False
    optional: Annotated[Boolean, Field(description="May be skipped")] = False
    greedy: Annotated[Boolean, Field(description="A text slot that takes nearly everything")] = False
    interruptible: Annotated[
        Boolean, Field(description="Whether other flows may be started from its question")
    ] = True
    default: Annotated[Data | None, Field(description="Its value when nothing was said")] = None
    keep: Annotated[
        Literal["flow", "session", "user"],
        choice("flow", "session", "user"),
        Field(description="How long it lives"),
    ] = "flow"
    private: Annotated[Boolean, Field(description="Never stored or logged after the turn")] = False
    on_correct: Annotated[Steps | None, Field(description="Steps when it changes too late to go back")] = None
    on_fail: Annotated[Steps | None, Field(description="Steps when the question failed too often")] = None


class Handler(ScenarioModel):
    """What happens at an event: a flow, or steps."""

    called = "an event"

    flow: Reference | None = None
    steps: Steps | None = None
    ladder: list[Steps] | None = None


_EVENT = re.compile(r"(?P<event>[^@]+)(@(?P<channel>.+))?")


def check_event_name(name: str, node: Map, info: ValidationInfo) -> None:
    """Report an event that does not exist, or comes later."""
    report = report_of(info)
    at = node.keys_at[name]
    match = _EVENT.fullmatch(name)
    event, channel = (match["event"], match["channel"]) if match else (name, None)
    if event in LATER_EVENTS:
        report.error("later", at, f"`{event}` is an event of the language that this version does not run yet",
                     suggestion="leave it out for now", length=len(name))  # fmt: skip
        raise reported()
    if event not in EVENTS:
        report.error(
            "unknown-event", at, f"there is no built-in event `{event}`",
            suggestion=did_you_mean(event, (*EVENTS, *LATER_EVENTS))
            or "the robot's own events stand in a flow's `on:` as `event: …`",
            length=len(name),
        )  # fmt: skip
        raise reported()
    if channel is not None and not is_channel(channel):
        no_such_channel(name, at, report)
        raise reported()
