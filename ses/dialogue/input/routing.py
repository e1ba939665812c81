"""Routing: which flow, question or slot gets an utterance, and in which order they are tried.

The scores, their margin and thresholds: docs/language.md, "Routing".
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from ses.dialogue.input.built_ins import run_built_in
from ses.dialogue.input.open_question import (
    Captures,
    answer_beside_question,
    answer_from_faq,
    answer_question,
    marked_correction,
)
from ses.dialogue.input.scoring import Candidate, above, candidates_of, closest, see_entities, thousandths
from ses.dialogue.input.shortcuts import (
    answer_pending_question,
    press_typed_label,
    run_command,
    unknown_command,
)
from ses.dialogue.output.questions import Question, open_question
from ses.dialogue.running.errors import fallback
from ses.dialogue.running.interpreter import run
from ses.dialogue.running.start import start_flow
from ses.dialogue.slots.filling import captures_for
from ses.dialogue.state.session import Pending
from ses.dialogue.state.turn import Turn
from ses.dialogue.understanding.answers import recognise_reply
from ses.dialogue.understanding.utterance import Interpretation, interpret
from ses.scenario.program.operations import Confirm, Menu
from ses.scenario.program.recognition import Recognised


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
    if text.startswith("/") and (run_command(turn, text) or unknown_command(turn, text, question)):
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
        if marked_correction(turn, question_interpretation, question, captures):
            return
    reply = None
    if question is not None and (
        turn.interrupted_pending is None or not isinstance(question.op, Confirm | Menu)
    ):
        reply = await recognise_reply(question_interpretation, question, captures)
    candidates = candidates_of(turn, interpretation.intents, question)
    best = candidates[0].score if candidates else 0
    settings = turn.newest.session
    if reply is None and best < thousandths(settings.sure):
        seen = see_entities(turn.newest)
        secret = question is not None and question.slot is not None and question.slot.private
        by_model = bool(turn.newest.llm_intents) and not secret
        if (seen or turn.newest.smc_intents or by_model) and (
            extra := await _recognise_remotely(interpretation, seen, by_model=by_model)
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
        answer_question(turn, question_interpretation, question, reply, captures)
    elif len(winners) == 1:
        winner = winners[0]
        turn.trace.understood("trigger", winner.flow)
        start_flow(turn, winner.flow, trigger=winner.trigger, interpretation=interpretation)
    elif winners:
        _clarify(turn, interpretation, winners)
    elif question is not None:
        await answer_beside_question(turn, question_interpretation, question, captures)
    elif not await answer_from_faq(turn, question_interpretation, None):
        turn.understood = False
        turn.trace.understood("fallback")
        fallback(turn)


async def _recognise_remotely(
    interpretation: Interpretation, entities: Iterable[str], *, by_model: bool
) -> list[Recognised]:
    """Ask SMC for all intents that need it, SEE for these entities, the language model for the intents described to it
    if `by_model`, all at once."""
    models = sorted({intent.model for intent in interpretation.program.smc_intents})
    calls = [interpretation.classify(model) for model in models]
    if by_model:
        from ses.dialogue.llm.intents import classify_intent  # only robots with such intents need it

        calls.append(classify_intent(interpretation))
    results = await asyncio.gather(*calls, interpretation.extract(entities))
    return [recognised for result in results[:-1] for recognised in result or ()]


def _clarify(turn: Turn, interpretation: Interpretation, winners: list[Candidate]) -> None:
    """Two flows match: a clarification question; the utterance is kept for the flow that is chosen."""
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
