"""The robot's words: variants in turn, the right language and channel, private values masked for the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ses.dialogue.output.buttons import make_buttons
from ses.dialogue.state.scope import Scope
from ses.dialogue.state.turn import Draft, Turn
from ses.errors import StepError
from ses.messages import Attachment, Button
from ses.scenario.program.expressions import Template
from ses.scenario.program.messages import Message
from ses.scenario.program.robot import Program

VARIANTS_KEPT = 40
"""Texts with variants whose turn a session remembers."""


def say(
    turn: Turn, message: Message, key: str, buttons: tuple[Button, ...] = (), *, question: bool = False
) -> None:
    """Say a message, after what stands before it (`Turn.prefix`) when it is a question."""
    message = for_channel(turn, message)
    text, masked = render(turn, message, key)
    if question and turn.prefix:
        text, masked = with_prefix(turn, text, masked)
    attachments = _media_of(turn, message)
    if not text and not attachments:
        return
    turn.session.labels = any(button.id for button in buttons)
    turn.drafts.append(
        Draft(text, masked, buttons, attachments, message.format, turn.with_voice(message.voice), question)
    )


def _media_of(turn: Turn, message: Message) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(kind=media.kind, name=path.rsplit("/", 1)[-1], media=path)
        for media in message.media
        if (path := media.path.render(turn.scope))
    )


def say_prefix(turn: Turn) -> None:
    """What was to stand before a question is a message of its own when no question follows."""
    if not turn.prefix:
        return
    message = turn.scope.program.texts.get(turn.prefix_text) if len(turn.prefix) == 1 else None
    text, masked = with_prefix(turn, "", None)
    if message is None:
        turn.session.labels = False
        turn.drafts.append(Draft(text, masked, voice=turn.with_voice()))
        return
    message = for_channel(turn, message)
    buttons = make_buttons(turn, "say", message.buttons)
    turn.session.labels = any(button.id for button in buttons)
    turn.drafts.append(
        Draft(text, masked, buttons, _media_of(turn, message), message.format, turn.with_voice(message.voice))
    )


def with_prefix(turn: Turn, text: str, masked: str | None) -> tuple[str, str | None]:
    """A text after what stands before it, and its masked twin."""
    whole = " ".join([*(before for before, _ in turn.prefix), *([text] if text else ())])
    hidden = " ".join([*(before for _, before in turn.prefix), *([masked or text] if text else ())])
    turn.prefix = []
    return whole, None if hidden == whole else hidden


def for_channel(turn: Turn, message: Message) -> Message:
    if message.channels:
        return message.channels.get(turn.session.channel, message)
    return message


def engine_text(turn: Turn, name: str, **local: Any) -> str:
    """One of the engine's own texts (`ses.back` …), which a robot may override."""
    message = turn.scope.program.texts.get(name)
    if message is None:
        return ""
    scope = turn.scope
    if not local:
        return render(turn, message, name)[0]
    before, scope.local = scope.local, {**scope.local, **local}
    try:
        return render(turn, message, name)[0]
    finally:
        scope.local = before


def variants_of(turn: Turn, message: Message) -> tuple[Template, ...]:
    """The variants in the conversation's language."""
    variants = message.variants
    if len(variants) == 1:
        return next(iter(variants.values()))
    program = turn.scope.program
    for language in (turn.scope.language, "", program.language):
        if language in variants:
            return variants[language]
    return next(iter(variants.values()), ())


def render(turn: Turn, message: Message, key: str) -> tuple[str, str | None]:
    """The text, and its masked twin when it prints private values."""
    variants = variants_of(turn, message)
    if not variants:
        return "", None
    template = variants[0]
    if len(variants) > 1:
        counts = turn.session.variants
        number = counts.pop(key, 0)
        template = variants[number % len(variants)]
        counts[key] = (number + 1) % len(variants)
        if len(counts) > VARIANTS_KEPT:
            del counts[next(iter(counts))]
    if template.constant is not None:
        return template.constant, None
    text = template.render(turn.scope)
    return text, mask(turn, template, text)


def mask(turn: Turn, template: Template, text: str) -> str | None:
    """The text with private values as ‹slot›, none when it holds none."""
    program = turn.scope.program
    hidden = private_names(turn.scope, program)
    if not hidden:
        return None
    result = text
    if not template.names.isdisjoint(hidden):
        try:
            result = template.render(MaskedScope(turn.scope, hidden))
        except StepError:
            result = "‹…›"  # a mask is a text: what the template computes of it may not be possible
    result = _hide_values(turn, hidden, result)
    return result if result != text else None


def mask_values(turn: Turn, text: str) -> str | None:
    """A text that no template made, with private values as ‹slot›; none when it holds none."""
    result = _hide_values(turn, private_names(turn.scope, turn.scope.program), text)
    return result if result != text else None


def _hide_values(turn: Turn, hidden: Mapping[str, str], text: str) -> str:
    for name, slot in hidden.items():
        value = turn.scope[name]
        if isinstance(value, str) and len(value) > 3:
            text = text.replace(value, f"‹{slot}›")
    return text


def private_names(scope: Scope, program: Program) -> dict[str, str]:
    """Names that hold a private value now, each with the slot it comes from."""
    slots = program.slots
    names = {
        name: name
        for held in (scope.session.slots, scope.user)
        for name in held
        if name in slots and slots[name].private
    }
    if names and scope.frame is not None:
        flow = program.flows.get(scope.frame.flow)
        for variable, sources in (flow.derived if flow else {}).items():
            for slot in sources & names.keys():
                names.setdefault(variable, slot)
    return names


class MaskedScope(Mapping[str, Any]):
    """A scope in which private values print as ‹slot›."""

    def __init__(self, scope: Scope, hidden: Mapping[str, str]) -> None:
        self._scope = scope
        self._hidden = hidden

    def __getitem__(self, name: str) -> Any:
        value = self._scope[name]
        slot = self._hidden.get(name)
        return value if slot is None or isinstance(value, dict | list) else f"‹{slot}›"

    def get(self, name: str, default: Any = None) -> Any:
        value = self[name]
        return default if value is None else value

    def __contains__(self, name: object) -> bool:
        return name in self._scope

    def __iter__(self) -> Any:
        return iter(self._scope)

    def __len__(self) -> int:
        return len(self._scope)
