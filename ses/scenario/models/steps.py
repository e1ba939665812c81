"""The steps of a flow: a map with one step key each, plus `if`, `label` and `on_error`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from typing_extensions import TypeAliasType

from ses.scenario.findings import nearest
from ses.scenario.models.generation import LlmBody
from ses.scenario.models.messages import Args, MessageField, Question, Short, Wording, choice
from ses.scenario.models.scalars import (
    Boolean,
    Data,
    Expr,
    Fraction,
    Kind,
    Label,
    Name,
    OneOrMany,
    Pattern,
    Reference,
    Text,
    Time,
    WholeNumber,
)
from ses.scenario.models.sending import SendBody
from ses.scenario.models.shape import Shape, described, report_of, reported
from ses.scenario.program import Source
from ses.scenario.reading.nodes import Map, Node, Scalar

LATER_STEPS = frozenset("wait timer cancel script parallel choose track handover".split())
BARE_STEPS = frozenset({"end", "return", "break", "continue"})
_TEXT: dict[str, Any] = {"type": "string"}

Steps = TypeAliasType("Steps", "Annotated[list[AnyStep], OneOrMany()]")
"""Named before the models that hold steps, so that their fields are complete without being built one by one."""


class Nothing(Kind):
    """The value of a step that has none."""

    json_schema: ClassVar[dict[str, Any]] = {"type": "null"}

    @classmethod
    def take(cls, node: Node, info: ValidationInfo) -> Nothing:
        if isinstance(node, Scalar) and node.value() is None:
            return cls()
        report_of(info).error(
            "wrong-type", node.at, f"nothing stands after this step's colon, not {described(node)}"
        )
        raise reported()


class Broken:
    """Stands for a step whose faults are already reported, so that the rest of the flow is still checked."""

    def __init__(self, node: Node) -> None:
        self.node = node

    @property
    def at(self) -> Source:
        return self.node.at


class Step(Shape):
    """What every step may have."""

    called = "a step"

    condition: Annotated[Expr | None, Field(alias="if", description="The step runs only if this is true")] = (
        None
    )
    label: Annotated[
        Label | None, Field(description="A name for `goto`, and the place's name in sessions")
    ] = None
    on_error: Annotated[Steps | None, Field(description="Steps that run when this one fails")] = None


class LabelStep(Shape):
    """A place for `goto`."""

    called = "a label"

    label: Label


class SayStep(Step):
    called = "a step `say`"

    say: Annotated[MessageField, Field(description="Say something")]


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
    list[Annotated[AskItem, Short(_TEXT)]],
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


class MenuItem(Shape):
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


class SetStep(Step):
    called = "a step `set`"

    set: Annotated[Args, Field(description="Give values to variables and slots")]


class UnsetStep(Step):
    called = "a step `unset`"

    unset: Annotated[
        list[Reference],
        OneOrMany(),
        Field(description="Forget variables and slots"),
    ]


class ElifBranch(Shape):
    """One `elif`."""

    called = "an item of `elif`"

    condition: Annotated[Expr, Field(alias="if", description="The condition")]
    then: Annotated[Steps, Field(description="Steps if it is true")]


class IfStep(Shape):
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
    """Steps by value; `places` tells where each value stands."""

    def __init__(self, steps: Mapping[str, Any], places: Mapping[str, Source]) -> None:
        super().__init__(steps)
        self.places = dict(places)


def _take_cases(node: Any, inner: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    if not isinstance(node, Map):
        report_of(info).error(
            "wrong-type", node.at, f"cases are a map of values and steps, not {described(node)}"
        )
        raise reported()
    return Cases(inner(node), node.keys_at)


class SwitchStep(Step):
    called = "a step `switch`"

    switch: Annotated[Expr, Field(description="The value that chooses")]
    cases: Annotated[dict[str, Steps], WrapValidator(_take_cases), Field(description="Steps by value")]
    otherwise: Annotated[Steps | None, Field(alias="else", description="Steps when no case fits")] = None


class RepeatBody(Shape):
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


class CallBody(Shape):
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

    call: Annotated[CallBody, Short(_TEXT), Field(description="Run a flow and come back")]


class GotoStep(Step):
    called = "a step `goto`"

    goto: Annotated[Reference, Field(description="Go on in a flow, or at a label of this one")]


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


class HttpBody(Shape):
    """A call of a web address: one of the five methods."""

    called = "`http`"

    get: Annotated[Text | None, Field(description="The address")] = None
    post: Annotated[Text | None, Field(description="The address")] = None
    put: Annotated[Text | None, Field(description="The address")] = None
    patch: Annotated[Text | None, Field(description="The address")] = None
    delete: Annotated[Text | None, Field(description="The address")] = None
    body: Annotated[Data | None, Field(alias="json", description="The body, sent as JSON")] = None
    form: Annotated[Args | None, Field(description="The body, sent as a form")] = None
    headers: Annotated[dict[str, Text] | None, Field(description="Headers")] = None
    timeout: Annotated[Time, Field(description="For the whole exchange; 10s without it")] = 10.0
    retry: Annotated[WholeNumber, Field(description="How often a failed call is tried again")] = 0
    save: Annotated[Name | None, Field(description="Keeps the answer: parsed JSON, or text")] = None

    def methods(self) -> list[tuple[str, Text]]:
        """The methods given, one of them in a right call."""
        given = ((method, getattr(self, method)) for method in ("get", "post", "put", "patch", "delete"))
        return [(method, url) for method, url in given if url is not None]


class HttpStep(Step):
    called = "a step `http`"

    http: Annotated[HttpBody, Field(description="Call a web address")]


class ModelBody(Shape):
    """A call of the classifier (`smc`) or of the entity finder (`see`)."""

    called = "a service's call"

    model: Annotated[Text, Field(description="The service's model")]
    text: Annotated[Text | None, Field(description="The text; the user's words without it")] = None
    save: Annotated[Name, Field(description="Keeps the answer")]


class SmcStep(Step):
    called = "a step `smc`"

    smc: Annotated[ModelBody, Field(description="Classify a text: saves `class` and `confidence`")]


class SeeStep(Step):
    called = "a step `see`"

    see: Annotated[ModelBody, Field(description="Find entities in a text: saves a list of them")]


class QasBody(Shape):
    """A question to the FAQ."""

    called = "`qas`"

    text: Annotated[Text | None, Field(description="The question; the user's words without it")] = None
    category: Annotated[Text | None, Field(description="Categories, `a|b`")] = None
    save: Annotated[Name, Field(description="Keeps the answer, none when the FAQ has nothing")]


class QasStep(Step):
    called = "a step `qas`"

    qas: Annotated[QasBody, Field(description="Ask the FAQ")]


class SbsBody(Shape):
    """A question to the biometry of voices."""

    called = "`sbs`"

    voice: Annotated[
        Text | None, Field(description="The recording, such as `{{ sample }}`; the message's own without it")
    ] = None
    method: Annotated[
        Literal["analyze", "search", "noiselevel"], choice("analyze", "search", "noiselevel"),
        Field(description="Who may it be (`analyze`), whose voice is it (`search`), how noisy is it"),
    ] = "analyze"  # fmt: skip
    dataset: Annotated[Text | None, Field(description="`search`: among which voices")] = None
    threshold: Annotated[Fraction | None, Field(description="`search`: how alike, from 0 to 1")] = None
    text: Annotated[Text | None, Field(description="`search`: what is said in the recording")] = None
    similarity: Annotated[Fraction | None, Field(description="`search`: how alike the texts are")] = None
    save: Annotated[Name, Field(description="Keeps the answer")]


class SbsStep(Step):
    called = "a step `sbs`"

    sbs: Annotated[SbsBody, Field(description="Ask the biometry about a voice")]


class LlmStep(Step):
    called = "a step `llm`"

    llm: Annotated[LlmBody, Field(description="Ask the language model")]


class SendStep(Step):
    called = "a step `send`"

    send: Annotated[SendBody, Field(description="Say something to somebody else, or elsewhere")]


class TryStep(Step):
    called = "a step `try`"

    attempt: Annotated[Steps, Field(alias="try", description="Steps whose errors are caught")]
    catch: Annotated[Steps, Field(description="Steps after an error; `error.kind` tells which")]


STEP_MODELS: Mapping[str, type[Shape]] = {
    "say": SayStep, "ask": AskStep, "confirm": ConfirmStep, "menu": MenuStep, "set": SetStep, "unset": UnsetStep,
    "if": IfStep, "switch": SwitchStep, "repeat": RepeatStep, "call": CallStep, "goto": GotoStep, "end": EndStep,
    "return": ReturnStep, "break": BreakStep, "continue": ContinueStep, "http": HttpStep, "smc": SmcStep,
    "see": SeeStep, "qas": QasStep, "sbs": SbsStep, "llm": LlmStep, "send": SendStep, "try": TryStep,
    "label": LabelStep,
}  # fmt: skip


def step_key(node: Any) -> str:
    """The step key of a well-formed step."""
    if isinstance(node, Map):
        for key in STEP_MODELS:
            if key in node and key not in ("if", "label"):
                return key
        return "if" if "if" in node else "label"
    return ""


def _take_step(node: Any, inner: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """Normalise a bare step, refuse what is not one step, and let the rest of the flow be checked all the same."""
    report = report_of(info)
    if isinstance(node, Scalar):
        if node.text in BARE_STEPS:
            full = Map(node.at)
            full.put(node.text, node.at, Scalar("", "", node.at))
            node = full
        else:
            _not_a_step(node, info)
            return Broken(node)
    if not isinstance(node, Map):
        report.error("wrong-type", node.at, "a step is expected here, not a list",
                     suggestion="steps stand one below another, each after its own `- `")  # fmt: skip
        return Broken(node)
    found = [key for key in node if (key in STEP_MODELS and key not in ("if", "label")) or key in LATER_STEPS]
    later = [key for key in found if key in LATER_STEPS]
    if later:
        report.error(
            "later-step", node.keys_at[later[0]],
            f"`{later[0]}` is a step of the language that this version does not run yet",
            suggestion="leave it out for now", length=len(later[0]),
        )  # fmt: skip
        return Broken(node)
    if len(found) > 1:
        report.error(
            "two-steps", node.keys_at[found[1]], f"`{found[0]}` and `{found[1]}` in one step: each is a step of its own",
            suggestion=f"- {found[1]}: …", also=node.keys_at[found[0]], length=len(found[1]),
        )  # fmt: skip
        return Broken(node)
    if not found and "if" not in node and set(node) != {"label"}:
        _not_a_step(node, info)
        return Broken(node)
    if not found and "if" in node and "then" not in node:
        report.error(
            "missing-key", node.keys_at["if"], "a step `if` lacks `then`", suggestion="then: […]", length=2
        )
        return Broken(node)
    try:
        return inner(node)
    except ValidationError:
        return Broken(node)


def _not_a_step(node: Scalar | Map, info: ValidationInfo) -> None:
    report = report_of(info)
    known = [*STEP_MODELS, *LATER_STEPS]
    if isinstance(node, Scalar):
        best = nearest(node.text, BARE_STEPS)
        report.error(
            "unknown-step", node.at, f"a step is expected here, not {described(node)}",
            suggestion=f"did you mean `{best}`?" if best else f"say: {node.text}" if node.text else "",
            length=max(len(node.text.split(chr(10))[0]), 1),
        )  # fmt: skip
        return
    key = next((key for key in node if key not in ("label", "if", "on_error")), next(iter(node), ""))
    best = nearest(key, known)
    report.error(
        "unknown-step", node.keys_at.get(key, node.at), f"`{key}` is not a step" if key else "an empty step",
        suggestion=f"did you mean `{best}`?" if best else "", length=max(len(key), 1),
    )  # fmt: skip


AnyStep = TypeAliasType("AnyStep", Annotated[
    Annotated[SayStep, Tag("say")]
    | Annotated[AskStep, Tag("ask")]
    | Annotated[ConfirmStep, Tag("confirm")]
    | Annotated[MenuStep, Tag("menu")]
    | Annotated[SetStep, Tag("set")]
    | Annotated[UnsetStep, Tag("unset")]
    | Annotated[IfStep, Tag("if")]
    | Annotated[SwitchStep, Tag("switch")]
    | Annotated[RepeatStep, Tag("repeat")]
    | Annotated[CallStep, Tag("call")]
    | Annotated[GotoStep, Tag("goto")]
    | Annotated[EndStep, Tag("end")]
    | Annotated[ReturnStep, Tag("return")]
    | Annotated[BreakStep, Tag("break")]
    | Annotated[ContinueStep, Tag("continue")]
    | Annotated[HttpStep, Tag("http")]
    | Annotated[SmcStep, Tag("smc")]
    | Annotated[SeeStep, Tag("see")]
    | Annotated[QasStep, Tag("qas")]
    | Annotated[SbsStep, Tag("sbs")]
    | Annotated[LlmStep, Tag("llm")]
    | Annotated[SendStep, Tag("send")]
    | Annotated[TryStep, Tag("try")]
    | Annotated[LabelStep, Tag("label")],
    Discriminator(step_key),
    WrapValidator(_take_step),
    Short({"enum": sorted(BARE_STEPS)}),
])  # fmt: skip
