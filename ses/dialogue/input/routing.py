"""Who gets an utterance: the order of understanding (§5, §18)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from ses.dialogue.input.built_ins import run_built_in
from ses.dialogue.input.replies import apply_reply, invalid_reply
from ses.dialogue.input.scoring import Candidate, above, candidates_of, closest, see_entities, thousandths
from ses.dialogue.input.shortcuts import answer_pending_question, press_typed_label, run_command
from ses.dialogue.output.questions import Question, open_question
from ses.dialogue.running.calls import answer_json
from ses.dialogue.running.errors import fallback
from ses.dialogue.running.interpreter import run
from ses.dialogue.running.start import start_flow
from ses.dialogue.slots.correction import (
    Correction,
    apply_correction,
    find_correction,
    find_marker,
    only_value_follows,
)
from ses.dialogue.slots.filling import captures_for, mask_answer, slots_of
from ses.dialogue.slots.revision import fill_other_slots
from ses.dialogue.state.session import Pending
from ses.dialogue.state.turn import Draft, Turn
from ses.dialogue.understanding.answers import Reply, recognise_reply
from ses.dialogue.understanding.utterance import Interpretation, interpret
from ses.errors import StepError
from ses.scenario.program.operations import Confirm, Menu
from ses.scenario.program.recognition import Found, Recognised

Captures = dict[str, list[Found]]


async def route(turn: Turn, text: str) -> None:
    """Understand an utterance: afterwards the stack, the slots and what stands before the next question say what is
    to happen."""
    turn.text = text
    newest = turn.newest
    interpretation = interpret(turn, text, newest)
    question = open_question(turn)
    question_interpretation = (
        interpretation
        if question is None or question.program is newest
        else interpret(turn, text, question.program)
    )
    turn.understood = True

    if turn.session.pending is not None and answer_pending_question(
        turn, question_interpretation, turn.session.pending
    ):
        turn.trace.understood("choice")
        return
    name = interpretation.built_in
    if turn.session.pending is not None and name in ("repeat", "help"):
        turn.trace.understood(name)
        turn.repeat_question = True
        return
    turn.interrupted_pending, turn.session.pending = turn.session.pending, None
    if turn.top is not None and not turn.top.frames[-1].open:
        turn.unrouted = True  # a flow that waited for the choice goes on to its question first
        await run(turn)
        turn.unrouted = False
        question = open_question(turn)
        question_interpretation = (
            interpretation
            if question is None or question.program is newest
            else interpret(turn, text, question.program)
        )
    if name and run_built_in(turn, name, question):
        turn.trace.understood(name)
        return
    if text.startswith("/") and run_command(turn, text):
        return
    if press_typed_label(turn, interpretation.label_key, question):
        return
    await recognise(turn, interpretation, question_interpretation, question)


async def recognise(
    turn: Turn,
    interpretation: Interpretation,
    question_interpretation: Interpretation,
    question: Question | None,
) -> None:
    """From a marked correction on: words that are no command, no button, no built-in intent."""
    captures: Captures = {}
    if question is not None:
        flows = [frame.flow for frame in question.activity.frames]
        captures = captures_for(question_interpretation.intents, question.program, flows)
        if _marked_correction(turn, question_interpretation, question, captures):
            return
    reply = None
    if question is not None:
        caught = captures.get(question.slot.name, ()) if question.slot is not None else ()
        if turn.interrupted_pending is None or not isinstance(question.op, Confirm | Menu):
            reply = await recognise_reply(question_interpretation, question, caught)
    candidates = candidates_of(turn, interpretation.intents, question)
    best = candidates[0].score if candidates else 0
    settings = turn.newest.session
    if reply is None and best < thousandths(settings.sure):
        seen = see_entities(turn.newest)
        secret = question is not None and question.slot is not None and question.slot.private
        guess = bool(turn.newest.llm_intents) and not secret
        if (seen or turn.newest.smc_intents or guess) and (
            extra := await _recognise_remotely(interpretation, seen, guess=guess)
        ):
            candidates = candidates_of(turn, [*interpretation.intents, *extra], question)
    turn.trace.scores((one.flow, one.score, one.by) for one in candidates)
    if question is not None and reply is not None:
        turn.trace.scores([(question.op.id, reply.score, "question")])
        winners = above(candidates, reply.score + thousandths(settings.margin), settings.threshold)
    else:
        winners = above(candidates, -1, settings.threshold)
    winners = closest(winners, thousandths(settings.margin))

    if not winners and question is not None and reply is not None:
        _answer_question(turn, question_interpretation, question, reply, captures)
    elif len(winners) == 1:
        winner = winners[0]
        turn.trace.understood("trigger", winner.flow)
        start_flow(turn, winner.flow, trigger=winner.trigger, interpretation=interpretation)
    elif winners:
        _clarify(turn, interpretation, winners)
    elif question is not None:
        await _answer_beside_question(turn, question_interpretation, question, captures)
    elif not await _answer_from_faq(turn, question_interpretation, None):
        turn.understood = False
        turn.trace.understood("fallback")
        fallback(turn)


async def _recognise_remotely(
    interpretation: Interpretation, entities: Iterable[str], *, guess: bool
) -> list[Recognised]:
    """Ask SMC for all intents that need it, SEE for these entities, the language model for the intents described to it
    if it may `guess`, all at once."""
    models = sorted({intent.model for intent in interpretation.program.smc_intents})
    asked = [interpretation.classify(model) for model in models]
    if guess:
        from ses.dialogue.llm.intents import (
            classify_intent as by_model,  # only robots with such intents need it
        )

        asked.append(by_model(interpretation))
    answers = await asyncio.gather(*asked, interpretation.extract(entities))
    return [recognised for answer in answers[:-1] for recognised in answer or ()]


def _marked_correction(
    turn: Turn, interpretation: Interpretation, question: Question, captures: Captures
) -> bool:
    """A correction with a marker, or at a confirm a value that was missing."""
    mark = find_marker(turn, interpretation)
    if mark is None:
        return False
    correction = find_correction(turn, interpretation, question, captures, mark)
    asked = question.slot
    if correction is not None:
        if (
            asked is not None
            and asked.type == "text"
            and not only_value_follows(interpretation, mark, correction)
        ):
            return False
        turn.trace.understood("correction", correction.slots[0].name)
        _apply_corrections(turn, interpretation, question, correction, mark)
        return True
    if isinstance(question.op, Confirm) and asked is None:
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
) -> None:
    """Apply a correction, the others in the same words («нет, маленькую и на тонком»), and what they fill."""
    activity = question.activity
    apply_correction(turn, activity, correction)
    if question.slot is not None and question.slot.type == "text":
        return
    corrected = {slot.name for slot in correction.slots}
    while turn.session.pending is None:
        other = find_correction(turn, interpretation, question, {}, mark)
        if other is None or not corrected.isdisjoint(slot.name for slot in other.slots):
            break
        corrected.update(slot.name for slot in other.slots)
        apply_correction(turn, activity, other)
    if turn.session.pending is None:
        others = [slot for slot in slots_of(turn, activity) if slot is not question.slot]
        fill_other_slots(turn, interpretation, activity, others, {})


def _clarify(turn: Turn, interpretation: Interpretation, winners: list[Candidate]) -> None:
    """Two flows want it: the user is asked, and what was said is kept."""
    turn.trace.understood("clarify", winners[0].flow)
    flows = [one.flow for one in winners[:5]]
    for name in {name for flow in flows for name in turn.newest.flows[flow].slots}:
        slot = turn.newest.slots[name]
        if slot.private and slot.type not in ("", "text"):
            turn.private_spans.extend(
                (one.start, one.end, name) for one in interpretation.entities([slot.type])
            )
    turn.session.pending = Pending(kind="flows", utterance=interpretation.text, options=flows)
    turn.repeat_question = True


# --- the open question ---


def _answer_question(
    turn: Turn, interpretation: Interpretation, question: Question, reply: Reply, captures: Captures
) -> None:
    """The open question takes the utterance; what it leaves fills other slots of its flows."""
    if isinstance(question.op, Confirm) and question.slot is None:
        correction = find_correction(turn, interpretation, question, captures, None)
        if correction is not None:  # «да, только маленькую»
            turn.trace.understood("correction", correction.slots[0].name)
            _apply_corrections(turn, interpretation, question, correction, None)
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


async def _answer_beside_question(
    turn: Turn, interpretation: Interpretation, question: Question, captures: Captures
) -> None:
    """The open question took nothing: a correction, another slot, the FAQ, and at last `invalid`."""
    activity = question.activity
    correction = find_correction(turn, interpretation, question, captures, None, same=True)
    if correction is not None and not (question.slot is not None and question.slot.type == "text"):
        turn.trace.understood("correction", correction.slots[0].name)
        _apply_corrections(turn, interpretation, question, correction, None)
        return
    others = [slot for slot in slots_of(turn, activity) if slot is not question.slot]
    filled = fill_other_slots(turn, interpretation, activity, others, captures)
    if filled:
        turn.trace.understood("fill", filled[0].slot.name)
        question.frame.failures = 0
        turn.repeat_question = True
        return
    if await _answer_from_faq(turn, interpretation, question):
        return
    turn.understood = False
    turn.trace.understood("invalid", question.op.id)
    mask_answer(turn, question.slot)
    invalid_reply(turn, question, pending=turn.interrupted_pending)


async def _answer_from_faq(turn: Turn, interpretation: Interpretation, question: Question | None) -> bool:
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
    told = None if answer is None else answer_json(answer)
    turn.trace.call("qas", "|".join(settings.categories), "", raw, told)
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
