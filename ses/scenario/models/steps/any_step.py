"""`AnyStep`: a step of whatever kind, told by its key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    Discriminator,
    Tag,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from typing_extensions import TypeAliasType

from ses.scenario.findings.suggestions import similar
from ses.scenario.models.base_model import ScenarioModel, described, report_of
from ses.scenario.models.messages import Short
from ses.scenario.models.steps.assignments import SetStep, UnsetStep
from ses.scenario.models.steps.branches import IfStep, RepeatStep, SwitchStep, TryStep
from ses.scenario.models.steps.calls import HttpStep, QasStep, SbsStep, SeeStep, SmcStep
from ses.scenario.models.steps.generation import LlmStep
from ses.scenario.models.steps.jumps import (
    BreakStep,
    CallStep,
    ContinueStep,
    EndStep,
    GotoStep,
    LabelStep,
    ReturnStep,
)
from ses.scenario.models.steps.questions import AskStep, ConfirmStep, MenuStep
from ses.scenario.models.steps.saying import SayStep, SendStep
from ses.scenario.models.steps.step import Broken
from ses.scenario.reading.nodes import Map, Scalar

LATER_STEPS = frozenset("wait timer cancel script parallel choose track handover".split())
BARE_STEPS = frozenset({"end", "return", "break", "continue"})

STEP_MODELS: Mapping[str, type[ScenarioModel]] = {
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


def _validate_step(node: Any, inner: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
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
        best = similar(node.text, BARE_STEPS)
        report.error(
            "unknown-step", node.at, f"a step is expected here, not {described(node)}",
            suggestion=f"did you mean `{best}`?" if best else f"say: {node.text}" if node.text else "",
            length=max(len(node.text.split(chr(10))[0]), 1),
        )  # fmt: skip
        return
    key = next((key for key in node if key not in ("label", "if", "on_error")), next(iter(node), ""))
    best = similar(key, known)
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
    WrapValidator(_validate_step),
    Short({"enum": sorted(BARE_STEPS)}),
])  # fmt: skip
