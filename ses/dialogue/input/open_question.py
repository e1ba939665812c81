"""An utterance while a question is open: a marked correction, its reply, or what is said beside it."""

from __future__ import annotations

from ses.dialogue.input.replies import apply_reply, ask_revision, invalid_reply
from ses.dialogue.output.questions import Question
from ses.dialogue.running.calls import answer_json
from ses.dialogue.slots.correction import (
    Correction,
    apply_correction,
    find_correction,
    find_marker,
    named_alone,
    only_value_follows,
)
from ses.dialogue.slots.filling import mask_answer, slots_of
from ses.dialogue.slots.revision import fill_other_slots
from ses.dialogue.state.turn import Draft, Turn
from ses.dialogue.understanding.answers import Reply
from ses.dialogue.understanding.utterance import Interpretation
from ses.errors import StepError
from ses.scenario.program.operations import Confirm
from ses.scenario.program.recognition import Found

Captures = dict[str, list[Found]]
"""What patterns caught, by slot."""


def marked_correction(
    turn: Turn, interpretation: Interpretation, question: Question, captures: Captures
) -> bool:
    """A correction with a marker, or at a confirm a value that was missing."""
    mark = find_marker(turn, interpretation)
    if mark is None:
        return False
    correction = find_correction(turn, interpretation, question, captures, mark)
    asked_slot = question.slot
    if correction is not None:
        if (
            asked_slot is not None
            and asked_slot.type == "text"
            and not only_value_follows(interpretation, mark, correction)
        ):
            return False
        turn.trace.understood("correction", correction.slots[0].name)
        _apply_corrections(turn, interpretation, question, correction, mark, captures)
        return True
    if isinstance(question.op, Confirm) and asked_slot is None:
        filled = fill_other_slots(
            turn, interpretation, question.activity, slots_of(turn, question.activity), captures
        )
        if filled:
            turn.trace.understood("fill", filled[0].slot.name)
            return True
    return False


def _apply_corrections(
    turn: Turn,
    interpretation: Interpretation,
    question: Question,
    correction: Correction,
    mark: tuple[int, int] | None,
    captures: Captures,
) -> None:
    """Apply a correction, the others in the same words («нет, маленькую и на тонком»), and what they fill."""
    activity = question.activity
    apply_correction(turn, activity, correction)
    if question.slot is not None and question.slot.type == "text":
        return
    corrected = {slot.name for slot in correction.slots}
    while turn.session.pending is None:
        other = find_correction(turn, interpretation, question, captures, mark, done=corrected)
        if other is None:
            break
        corrected.update(slot.name for slot in other.slots)
        apply_correction(turn, activity, other)
    if turn.session.pending is None:
        others = [slot for slot in slots_of(turn, activity) if slot is not question.slot]
        fill_other_slots(turn, interpretation, activity, others, captures)


def answer_question(
    turn: Turn, interpretation: Interpretation, question: Question, reply: Reply, captures: Captures
) -> None:
    """The open question gets the utterance; what it leaves fills other slots of its flows."""
    if isinstance(question.op, Confirm) and question.slot is None:
        correction = find_correction(turn, interpretation, question, captures, None)
        if correction is not None:  # «да, только маленькую»
            turn.trace.understood("correction", correction.slots[0].name)
            _apply_corrections(turn, interpretation, question, correction, None, captures)
            return
    turn.trace.understood("answer", question.op.id)
    activity = question.activity
    turn.used_spans.extend(reply.spans)
    apply_reply(turn, question, reply)
    if reply.kind == "slot" and turn.answered and activity in turn.session.stack:
        others = [slot for slot in slots_of(turn, activity) if slot is not question.slot]
        caught = {
            name: found
            for name, found in captures.items()
            if question.slot is None or name != question.slot.name
        }
        fill_other_slots(turn, interpretation, activity, others, caught)
    elif reply.kind == "slot" and not turn.answered and turn.session.pending is None:
        turn.understood = False
        mask_answer(turn, question.slot)


async def answer_beside_question(
    turn: Turn, interpretation: Interpretation, question: Question, captures: Captures
) -> None:
    """The utterance does not answer the open question: a correction, another slot, the FAQ, and at last `invalid`."""
    activity = question.activity
    correction = find_correction(turn, interpretation, question, captures, None, same=True)
    if correction is not None and not (question.slot is not None and question.slot.type == "text"):
        turn.trace.understood("correction", correction.slots[0].name)
        _apply_corrections(turn, interpretation, question, correction, None, captures)
        return
    if isinstance(question.op, Confirm) and question.slot is None:
        named = named_alone(turn, interpretation, question)
        if named is not None:
            turn.trace.understood("change", named.name)
            ask_revision(turn, question, named.name)
            return
    others = [slot for slot in slots_of(turn, activity) if slot is not question.slot]
    filled = fill_other_slots(turn, interpretation, activity, others, captures)
    if filled:
        turn.trace.understood("fill", filled[0].slot.name)
        question.frame.failures = 0
        turn.repeat_question = True
        return
    if await answer_from_faq(turn, interpretation, question):
        return
    turn.understood = False
    turn.trace.understood("invalid", question.op.id)
    mask_answer(turn, question.slot)
    invalid_reply(turn, question, pending=turn.interrupted_pending)


async def answer_from_faq(turn: Turn, interpretation: Interpretation, question: Question | None) -> bool:
    """Let QAS answer, if the robot has it and it is confident; the open question follows."""
    settings = turn.newest.qas
    raw = interpretation.utterance.raw.strip()
    if settings is None or not raw:
        return False
    services = turn.ports.services
    try:
        answer = await turn.await_external(
            "qas", services.ask(raw, "|".join(settings.categories), turn.session.channel)
        )
    except StepError as error:
        turn.trace.errors.append({"kind": error.kind, "service": "qas"})
        return False
    reply = None if answer is None else answer_json(answer)
    turn.trace.call("qas", "|".join(settings.categories), "", raw, reply)
    if answer is None or answer.confidence < settings.threshold:
        return False
    turn.trace.understood("qas", answer.source)
    if question is None:
        turn.session.labels = False
        turn.drafts.append(Draft(answer.text, None, voice=turn.with_voice()))
    else:
        turn.prepend(answer.text)
        turn.repeat_question = True
    return True
