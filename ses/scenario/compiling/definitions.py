"""Slots, variables and settings of the models as the program holds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ses.scenario.compiling.lowering import message_names
from ses.scenario.compiling.pieces import Pieces
from ses.scenario.compiling.speech import Speech
from ses.scenario.findings.source import Source
from ses.scenario.models.definitions import Slot as SlotModel
from ses.scenario.models.messages import Question
from ses.scenario.models.scalars import Text
from ses.scenario.models.settings import Session
from ses.scenario.models.settings import Variable as VariableModel
from ses.scenario.program.definitions import Choices, Slot, Variable
from ses.scenario.program.messages import Message
from ses.scenario.program.settings import SessionSettings
from ses.scenario.reading.nodes import plain_data

TypeCheck = Callable[[Text | None, bool, Source], str]
"""(type as written, has `choices`, where) → the entity's name, `text`, or empty with `choices`."""


def compile_slot(name: str, model: SlotModel, pieces: Pieces, speech: Speech, check_type: TypeCheck) -> Slot:
    """One slot."""
    pieces.owner, pieces.slot = model.at, name
    kind = check_type(model.type, model.choices is not None, model.at)
    _check_keys(model, pieces)
    question = _question(model, speech)
    choices = None
    if model.choices is not None:
        choices = Choices(
            pieces.condition(model.choices),
            pieces.template(model.label, extra=("item",))
            if model.label is not None
            else pieces.template_of("{{ item }}"),
            pieces.value(model.value, ("item",))
            if model.value is not None
            else pieces.value_of("{{ item }}"),
        )
    check = pieces.condition(model.check, ("value",), "check") if model.check is not None else None
    reads: set[str] = set()
    if question is not None:
        reads |= message_names(question)
    if choices is not None:
        reads |= choices.items.names | choices.label.names | choices.value.names
    kept = pieces.names.kept - {name, "value", "item"}
    slot = Slot(
        name=name,
        title=speech.titles(model.title) if model.title is not None else {"": name},
        type=kind,
        ask=question,
        choices=choices,
        check=check,
        invalid=speech.message(model.invalid, ("value",)) if model.invalid is not None else None,
        help=speech.message(model.help) if model.help is not None else None,
        retries=max(model.retries, 1),
        many=model.many,
        optional=model.optional,
        greedy=model.greedy,
        interruptible=model.interruptible,
        default=pieces.value(model.default) if model.default is not None else None,
        keep=model.keep,
        private=model.private,
        reads=frozenset(reads | (check.names if check is not None else frozenset())) & kept,
        question_reads=frozenset(reads) & kept,
        on_correct=f"#on_correct.{name}" if model.on_correct is not None else "",
        on_fail=f"#on_fail.{name}" if model.on_fail is not None else "",
    )
    pieces.slot = ""
    return slot


def _question(model: SlotModel, speech: Speech) -> Message | None:
    """The slot's question; `buttons:` of the slot itself belong to it."""
    if model.ask is None:
        return None
    ask = model.ask
    if model.buttons is not None and ask.buttons is None:
        ask = ask.model_copy(update={"buttons": model.buttons})
    return speech.message(ask, ("item",))


def _check_keys(model: SlotModel, pieces: Pieces) -> None:
    report = pieces.report
    for key in ("label", "value"):
        if getattr(model, key) is not None and model.choices is None:
            report.error("bad-value", model.key_at(key), f"`{key}` goes with `choices`", length=len(key))
    if model.greedy and str(model.type or "") != "text":
        report.error("bad-value", model.key_at("greedy"), "`greedy` is for slots of type `text`", length=6)
    if model.buttons is not None and isinstance(model.ask, Question) and model.ask.buttons is not None:
        report.error("bad-value", model.key_at("buttons"), "the buttons stand here and in `ask`", length=7)
    if model.buttons is not None and model.ask is None:
        report.error(
            "bad-value",
            model.key_at("buttons"),
            "`buttons` belong to a question, and `ask` is missing",
            length=7,
        )
    if model.retries == 0:
        report.warning("doubtful", model.key_at("retries"), "`retries: 0` is no number of failures: it counts as 1",
                       suggestion="retries: 1", length=len("retries"))  # fmt: skip
    if model.many and model.choices is not None:
        report.warning(
            "doubtful",
            model.key_at("many"),
            "`many` with `choices`: only one button can be pressed at a time",
            length=4,
        )


def compile_variable(name: str, model: VariableModel) -> Variable:
    default = plain_data(model.value.node) if model.value is not None else None
    return Variable(name, default, model.keep, model.source == "page")


def session_settings(model: Session | None) -> SessionSettings:
    if model is None:
        return SessionSettings()
    more: dict[str, Any] = {}
    if model.routing is not None:
        more = {
            "margin": model.routing.margin,
            "threshold": model.routing.threshold,
            "sure": model.routing.sure,
        }
    return SessionSettings(
        idle=model.idle,
        expire=model.expire,
        burst=model.burst,
        on_update=model.on_update,
        quiet=model.quiet,
        **more,
    )
