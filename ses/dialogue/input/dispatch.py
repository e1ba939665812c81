"""What came in: a text, a press, an attachment, an event, an edit; and external values."""

from __future__ import annotations

from typing import Any

from ses.dialogue.input.channel_transfer import offer_transfer, run_transfer_step
from ses.dialogue.input.presses import press, say_stale
from ses.dialogue.input.replies import answer_slot
from ses.dialogue.input.routing import route
from ses.dialogue.input.transcription import handle_unclear
from ses.dialogue.output.buttons import find_pressed
from ses.dialogue.output.injected_message import inject_message
from ses.dialogue.output.messages import engine_text
from ses.dialogue.output.questions import Question, open_question
from ses.dialogue.running.errors import event_flow
from ses.dialogue.running.start import start_flow
from ses.dialogue.state.stack import active_flows, push_activity
from ses.dialogue.state.turn import Turn
from ses.messages import Attachment, Inbound
from ses.scenario.program.definitions import Variable
from ses.scenario.recognising.attached import found_in_attachments

BUILT_IN_EVENTS = frozenset(
    "start resume fallback silence unclear attachment error limit operator leave end".split()
)


async def dispatch(turn: Turn, inbound: Inbound) -> None:
    """Let an inbound change the session; what it started has not run yet."""
    if inbound.id == turn.session.cancelled_by:
        turn.session.cancelled_by = ""
        turn.trace.understood("cancel")
        turn.understood = turn.repeat_question = True
        turn.prepend(engine_text(turn, "ses.cancelled"), name="ses.cancelled")
    elif inbound.event is not None:
        if not await offer_transfer(turn, inbound):
            _handle_event(turn, inbound)
    elif inbound.say is not None:
        inject_message(turn, inbound.say)
    elif inbound.transfer is not None:
        await run_transfer_step(turn, inbound, inbound.transfer)
    elif inbound.button is not None:
        await _press(turn, inbound.button)
    elif (voice := turn.scope.voice) is not None and voice.problem:
        handle_unclear(turn, voice)
    elif inbound.attachments and voice is None and _handle_attachments(turn, inbound):
        pass
    elif inbound.text is not None and inbound.text.strip():
        await route(turn, inbound.text)
    elif not inbound.attachments:
        await route(turn, "")


async def _press(turn: Turn, button: str) -> None:
    found = find_pressed(turn, button)
    if found is None:
        turn.trace.understood("stale", button)
        turn.understood = True
        say_stale(turn)
        return
    words = press(turn, *found)
    if words:
        await route(turn, words)


# --- events ---


def _handle_event(turn: Turn, inbound: Inbound) -> None:
    name = inbound.event or ""
    facts: dict[str, Any] = {"event": {**inbound.payload, "name": name}}
    if name == "error":  # a message could not be delivered: told like a step's error
        facts["error"] = {"service": None, "status": None, **inbound.payload}
    turn.trace.understood("event", name)
    if name in BUILT_IN_EVENTS:
        if start_event_flow(turn, name, facts):
            return
        if name == "limit":
            turn.prepend(engine_text(turn, "ses.limit"), name="ses.limit")
            turn.repeat_question = True
        elif name == "attachment":
            _unsupported_attachment(turn)
        elif name == "start":
            turn.repeat_question = True
        return
    for trigger in turn.newest.by_event.get(name, ()):
        before, turn.scope.local = turn.scope.local, {**turn.scope.local, **facts}
        try:
            wanted = trigger.condition is None or trigger.condition.evaluate(turn.scope)
        finally:
            turn.scope.local = before
        if wanted:
            start_flow(turn, trigger.flow, trigger=trigger, facts=facts)
            return


def start_event_flow(turn: Turn, name: str, facts: dict[str, Any]) -> bool:
    """Begin the flow of a built-in event; false when there is none, or it is active already."""
    if name == "end":  # what was under way will never go on
        turn.session.stack = []
        turn.session.pending = None
    flow = event_flow(turn, name)
    if flow is None or flow in active_flows(turn.session):
        return False
    push_activity(turn, flow, kind="event", args=facts)
    return True


# --- attachments ---


def _handle_attachments(turn: Turn, inbound: Inbound) -> bool:
    """Accept attachments; false when the text beside them is to be understood instead."""
    question = open_question(turn)
    turn.understood = True
    if question is not None and question.slot is not None:
        value = _attached(question.slot.type, inbound.attachments)
        if value is not None:
            turn.trace.understood("answer", question.op.id)
            if question.slot.private:  # what is masked keeps no attachments
                turn.masked[inbound.id] = inbound.text or f"‹{question.slot.name}›"
            answer_slot(turn, question, [value] if question.slot.many else value)
            return not (inbound.text or "").strip()
    if (inbound.text or "").strip():
        return False
    turn.trace.understood("attachment")
    _unsupported_attachment(turn, question)
    return True


def _attached(kind: str, attachments: tuple[Attachment, ...]) -> Any:
    found = found_in_attachments(kind, attachments)
    return found[0].value if found else None


def _unsupported_attachment(turn: Turn, question: Question | None = None) -> None:
    """An attachment of a kind that nothing accepts: event `attachment`, else as something not understood."""
    flow = event_flow(turn, "attachment")
    if flow is not None and flow not in active_flows(turn.session):
        push_activity(turn, flow, kind="event", args={"event": {"name": "attachment"}})
        return
    turn.prepend(engine_text(turn, "ses.attachment"), name="ses.attachment")
    turn.repeat_question = True


# --- external values ---


def apply_external_values(turn: Turn, inbound: Inbound) -> None:
    """Set declared variables of a fitting type from the connector, and from the page where the robot allows it."""
    session = turn.session
    if inbound.user:
        session.user = inbound.user
    if inbound.page:
        session.page = inbound.page
    if inbound.language:
        language = inbound.language.replace("_", "-").partition("-")[0].casefold()
        if language in turn.newest.languages:
            session.language = language
    variables = turn.newest.variables
    dropped = []
    for name, value in inbound.variables.items():
        variable = variables.get(name)
        if variable is not None and _same_type(variable.default, value):
            _set_variable(turn, variable, value)
        else:
            dropped.append(name)
    if dropped:
        turn.trace.errors.append({"kind": "value", "dropped": sorted(dropped)})
    for name, value in inbound.page.items():
        variable = variables.get(name)
        if variable is not None and variable.from_page and _same_type(variable.default, value):
            _set_variable(turn, variable, value)


def _set_variable(turn: Turn, variable: Variable, value: Any) -> None:
    if variable.keep == "user":
        if turn.user.get(variable.name, variable.default) != value:
            turn.set_user_variable(variable.name, value)
    else:
        turn.session.variables[variable.name] = value


def _same_type(default: Any, value: Any) -> bool:
    """Whether a value is of the kind that a variable's first value has; none fits any scalar."""
    if default is None:
        return not isinstance(value, dict | list)
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, int | float):
        return isinstance(value, int | float)
    return isinstance(value, type(default))
