"""Who gets an utterance: the order of understanding (§5, §18)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from ses.dialogue.input.built_ins import run_built_in
from ses.dialogue.input.replies import apply_reply, failed
from ses.dialogue.input.scoring import Candidate, above, candidates_of, closest, seen_entities, thousandths
from ses.dialogue.input.shortcuts import choose_typed, command, typed_label
from ses.dialogue.output.questions import Question, open_question
from ses.dialogue.running.calls import answer_shown
from ses.dialogue.running.errors import fallback
from ses.dialogue.running.interpreter import run
from ses.dialogue.running.start import start
from ses.dialogue.slots.correction import Correction, correct, find, marker, only_value_follows
from ses.dialogue.slots.filling import captured, mask_answer, slots_of
from ses.dialogue.slots.revision import fill_others
from ses.dialogue.state.session import Pending
from ses.dialogue.state.turn import Draft, Turn
from ses.dialogue.understanding.answers import Reply, read_reply
from ses.dialogue.understanding.utterance import Interpretation, hear
from ses.errors import StepError
from ses.scenario.program.operations import Confirm, Menu
from ses.scenario.program.recognition import Found, Recognised

Captures = dict[str, list[Found]]


async def route(turn: Turn, text: str) -> None:
    """Understand an utterance: afterwards the stack, the slots and what stands before the next question say what is
    to happen."""
    turn.text = text
    newest = turn.newest
    heard = hear(turn, text, newest)
    question = open_question(turn)
    own = heard if question is None or question.program is newest else hear(turn, text, question.program)
    turn.understood = True

    if turn.session.pending is not None and choose_typed(turn, own, turn.session.pending):
        turn.trace.understand("choice")
        return
    name = heard.built_in
    if turn.session.pending is not None and name in ("repeat", "help"):
        turn.trace.understand(name)
        turn.repeat = True
        return
    turn.asked, turn.session.pending = turn.session.pending, None
    if turn.top is not None and not turn.top.frames[-1].open:
        turn.route = True  # a flow that waited for the choice goes on to its question first
        await run(turn)
        turn.route = False
        question = open_question(turn)
        own = heard if question is None or question.program is newest else hear(turn, text, question.program)
    if name and run_built_in(turn, name, question):
        turn.trace.understand(name)
        return
    if text.startswith("/") and command(turn, text):
        return
    if typed_label(turn, heard.key, question):
        return
    await understand(turn, heard, own, question)


async def understand(
    turn: Turn, heard: Interpretation, own: Interpretation, question: Question | None
) -> None:
    """From a marked correction on: words that are no command, no button, no built-in intent."""
    captures: Captures = {}
    if question is not None:
        flows = [frame.flow for frame in question.activity.frames]
        captures = captured(own.intents, question.program, flows)
        if _marked(turn, own, question, captures):
            return
    reply = None
    if question is not None:
        caught = captures.get(question.slot.name, ()) if question.slot is not None else ()
        if turn.asked is None or not isinstance(question.op, Confirm | Menu):
            reply = await read_reply(own, question, caught)
    candidates = candidates_of(turn, heard.intents, question)
    best = candidates[0].score if candidates else 0
    settings = turn.newest.session
    if reply is None and best < thousandths(settings.sure):
        seen = seen_entities(turn.newest)
        secret = question is not None and question.slot is not None and question.slot.private
        guess = bool(turn.newest.llm_intents) and not secret
        if (seen or turn.newest.smc_intents or guess) and (
            extra := await _recognise_remotely(heard, seen, guess=guess)
        ):
            candidates = candidates_of(turn, [*heard.intents, *extra], question)
    turn.trace.scores((one.flow, one.score, one.by) for one in candidates)
    if question is not None and reply is not None:
        turn.trace.scores([(question.op.id, reply.score, "question")])
        winners = above(candidates, reply.score + thousandths(settings.margin), settings.threshold)
    else:
        winners = above(candidates, -1, settings.threshold)
    winners = closest(winners, thousandths(settings.margin))

    if not winners and question is not None and reply is not None:
        _take(turn, own, question, reply, captures)
    elif len(winners) == 1:
        winner = winners[0]
        turn.trace.understand("trigger", winner.flow)
        start(turn, winner.flow, trigger=winner.trigger, heard=heard)
    elif winners:
        _clarify(turn, heard, winners)
    elif question is not None:
        await _unasked(turn, own, question, captures)
    elif not await _faq(turn, own, None):
        turn.understood = False
        turn.trace.understand("fallback")
        fallback(turn)


async def _recognise_remotely(
    heard: Interpretation, entities: Iterable[str], *, guess: bool
) -> list[Recognised]:
    """Ask SMC for all intents that need it, SEE for these entities, the language model for the intents described to it
    if it may `guess`, all at once."""
    models = sorted({intent.model for intent in heard.program.smc_intents})
    asked = [heard.classify(model) for model in models]
    if guess:
        from ses.dialogue.llm.intents import guess as by_model  # only robots with such intents need it

        asked.append(by_model(heard))
    answers = await asyncio.gather(*asked, heard.see(entities))
    return [recognised for answer in answers[:-1] for recognised in answer or ()]


def _marked(turn: Turn, heard: Interpretation, question: Question, captures: Captures) -> bool:
    """A correction with a marker, or at a confirm a value that was missing."""
    mark = marker(turn, heard)
    if mark is None:
        return False
    correction = find(turn, heard, question, captures, mark)
    asked = question.slot
    if correction is not None:
        if asked is not None and asked.type == "text" and not only_value_follows(heard, mark, correction):
            return False
        turn.trace.understand("correction", correction.slots[0].name)
        _correct(turn, heard, question, correction, mark)
        return True
    if isinstance(question.op, Confirm) and asked is None:
        filled = fill_others(turn, heard, question.activity, slots_of(turn, question.activity), captures)
        if filled:
            turn.trace.understand("fill", filled[0].slot.name)
            return True
    return False


def _correct(
    turn: Turn,
    heard: Interpretation,
    question: Question,
    correction: Correction,
    mark: tuple[int, int] | None,
) -> None:
    """Apply a correction, the others in the same words («нет, маленькую и на тонком»), and what they fill."""
    activity = question.activity
    correct(turn, activity, correction)
    if question.slot is not None and question.slot.type == "text":
        return
    corrected = {slot.name for slot in correction.slots}
    while turn.session.pending is None:
        other = find(turn, heard, question, {}, mark)
        if other is None or not corrected.isdisjoint(slot.name for slot in other.slots):
            break
        corrected.update(slot.name for slot in other.slots)
        correct(turn, activity, other)
    if turn.session.pending is None:
        others = [slot for slot in slots_of(turn, activity) if slot is not question.slot]
        fill_others(turn, heard, activity, others, {})


def _clarify(turn: Turn, heard: Interpretation, winners: list[Candidate]) -> None:
    """Two flows want it: the user is asked, and what was said is kept."""
    turn.trace.understand("clarify", winners[0].flow)
    flows = [one.flow for one in winners[:5]]
    for name in {name for flow in flows for name in turn.newest.flows[flow].slots}:
        slot = turn.newest.slots[name]
        if slot.private and slot.type not in ("", "text"):
            turn.private.extend((one.start, one.end, name) for one in heard.values([slot.type]))
    turn.session.pending = Pending(kind="flows", utterance=heard.text, options=flows)
    turn.repeat = True


# --- the open question ---


def _take(turn: Turn, heard: Interpretation, question: Question, reply: Reply, captures: Captures) -> None:
    """The open question takes the utterance; what it leaves fills other slots of its flows."""
    if isinstance(question.op, Confirm) and question.slot is None:
        correction = find(turn, heard, question, captures, None)
        if correction is not None:  # «да, только маленькую»
            turn.trace.understand("correction", correction.slots[0].name)
            _correct(turn, heard, question, correction, None)
            return
    turn.trace.understand("answer", question.op.id)
    activity = question.activity
    turn.used.extend(reply.spans)
    apply_reply(turn, question, reply)
    if reply.kind == "slot" and turn.answered and activity in turn.session.stack:
        others = [slot for slot in slots_of(turn, activity) if slot is not question.slot]
        caught = {
            name: found
            for name, found in captures.items()
            if question.slot is None or name != question.slot.name
        }
        fill_others(turn, heard, activity, others, caught)
    elif reply.kind == "slot" and not turn.answered and turn.session.pending is None:
        turn.understood = False
        mask_answer(turn, question.slot)


async def _unasked(turn: Turn, heard: Interpretation, question: Question, captures: Captures) -> None:
    """The open question took nothing: a correction, another slot, the FAQ, and at last `invalid`."""
    activity = question.activity
    correction = find(turn, heard, question, captures, None, same=True)
    if correction is not None and not (question.slot is not None and question.slot.type == "text"):
        turn.trace.understand("correction", correction.slots[0].name)
        _correct(turn, heard, question, correction, None)
        return
    others = [slot for slot in slots_of(turn, activity) if slot is not question.slot]
    filled = fill_others(turn, heard, activity, others, captures)
    if filled:
        turn.trace.understand("fill", filled[0].slot.name)
        question.frame.failures = 0
        turn.repeat = True
        return
    if await _faq(turn, heard, question):
        return
    turn.understood = False
    turn.trace.understand("invalid", question.op.id)
    mask_answer(turn, question.slot)
    failed(turn, question, pending=turn.asked)


async def _faq(turn: Turn, heard: Interpretation, question: Question | None) -> bool:
    """Let QAS answer, if the robot has it and it is confident; the open question follows."""
    settings = turn.newest.qas
    raw = heard.utterance.raw.strip()
    if settings is None or not raw:
        return False
    services = turn.ports.services
    try:
        answer = await turn.waiting(
            "qas", services.ask(raw, "|".join(settings.categories), turn.session.channel)
        )
    except StepError as error:
        turn.trace.errors.append({"kind": error.kind, "service": "qas"})
        return False
    told = None if answer is None else answer_shown(answer)
    turn.trace.call("qas", "|".join(settings.categories), "", raw, told)
    if answer is None or answer.confidence < settings.threshold:
        return False
    turn.trace.understand("qas", answer.source)
    if question is None:
        turn.session.labels = False
        turn.drafts.append(Draft(answer.text, None, voice=turn.aloud()))
    else:
        turn.precede(answer.text)
        turn.repeat = True
    return True
