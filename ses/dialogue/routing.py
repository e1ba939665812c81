"""Who gets an utterance: the order of understanding (§5, §18)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ses.dialogue.answers import Reply, pick, read_reply
from ses.dialogue.builtins import built_in, run_built_in
from ses.dialogue.buttons import typed
from ses.dialogue.changing import fill_others
from ses.dialogue.correction import correct, find, marker, only_value_follows
from ses.dialogue.failing import fallback
from ses.dialogue.filling import captured, mask_answer, slots_of
from ses.dialogue.pressing import choose, flow_button, press
from ses.dialogue.questions import Question, open_question, pending_labels
from ses.dialogue.replying import apply_reply, failed
from ses.dialogue.session import Pending
from ses.dialogue.stack import under_way
from ses.dialogue.starting import may_interrupt, start
from ses.dialogue.turn import Draft, Turn
from ses.dialogue.understanding import Heard, hear
from ses.errors import StepError
from ses.scenario.program import Confirm, Menu, Program, Trigger
from ses.scenario.recognition import Found, Recognised

Captures = dict[str, list[Found]]


class Candidate(NamedTuple):
    """A flow that wants the utterance."""

    flow: str
    score: int
    """Whole thousandths."""
    near: bool
    """A `within` flow: it beats a global one inside the margin."""
    trigger: Trigger
    by: str


async def route(turn: Turn, text: str) -> None:
    """Understand an utterance: afterwards the stack, the slots and what stands before the next question say what is
    to happen."""
    turn.text = text
    newest = turn.newest
    heard = hear(turn, text, newest)
    question = open_question(turn)
    own = heard if question is None or question.program is newest else hear(turn, text, question.program)
    turn.understood = True

    if turn.session.pending is not None and _choose_typed(turn, own, turn.session.pending):
        turn.trace.understand("choice")
        return
    name = built_in(turn, heard)
    if turn.session.pending is not None and name in ("repeat", "help"):
        turn.trace.understand(name)
        turn.repeat = True
        return
    turn.asked, turn.session.pending = turn.session.pending, None
    if name and run_built_in(turn, name, question):
        turn.trace.understand(name)
        return
    if text.startswith("/") and _command(turn, text):
        return
    if _typed_label(turn, heard.key, question):
        return
    await understand(turn, heard, own, question)


async def understand(turn: Turn, heard: Heard, own: Heard, question: Question | None) -> None:
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
    candidates = _candidates(turn, heard.intents, question)
    best = candidates[0].score if candidates else 0
    settings = turn.newest.session
    if reply is None and best < _whole(settings.sure):
        extra = await heard.network(_seen_entities(turn.newest))
        if extra:
            candidates = _candidates(turn, [*heard.intents, *extra], question)
    turn.trace.scores((one.flow, one.score, one.by) for one in candidates)
    if question is not None and reply is not None:
        turn.trace.scores([(question.op.id, reply.score, "question")])
        winners = _above(candidates, reply.score + _whole(settings.margin), settings.threshold)
    else:
        winners = _above(candidates, -1, settings.threshold)
    winners = _close(winners, _whole(settings.margin))

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


def _whole(score: float) -> int:
    return round(score * 1000)


# --- before the scores ---


def _choose_typed(turn: Turn, heard: Heard, pending: Pending) -> bool:
    labels = pending_labels(turn, pending)
    picked = pick(heard, labels)
    if picked is not None:
        choose(turn, pending, picked[0][0])
        return True
    if pending.kind == "value":
        slot = turn.scope.program.slots[pending.slot]
        named = [one.value for one in heard.values([slot.type]) if one.value in pending.options]
        if len(set(map(repr, named))) == 1:
            choose(turn, pending, pending.options.index(named[0]))
            return True
    label = typed(turn, heard.key)
    if label is not None and label[0].kind == pending.kind:
        choose(turn, pending, label[0].offers[label[1]].value)
        return True
    return False


def _command(turn: Turn, text: str) -> bool:
    name, _, rest = text[1:].partition(" ")
    for trigger in turn.newest.by_command.get(name.partition("@")[0].casefold(), ()):
        if trigger.condition is None or trigger.condition.evaluate(turn.scope):
            turn.trace.understand("command", trigger.flow)
            turn.text = rest.strip()
            heard = hear(turn, turn.text, turn.newest) if turn.text else None
            start(turn, trigger.flow, trigger=trigger, heard=heard)
            return True
    return False


def _typed_label(turn: Turn, key: str, question: Question | None) -> bool:
    label = typed(turn, key)
    if label is not None:
        offered, index = label
        if offered.offers[index].value is not None or offered.offers[index].flow:
            turn.text = ""
            if question is not None:
                mask_answer(turn, question.slot)
            press(turn, offered, index)
            return True
    trigger = flow_button(turn, key)
    if trigger is None or not may_interrupt(turn, question, trigger.flow):
        return False
    turn.trace.understand("button", trigger.flow)
    turn.text = ""
    start(turn, trigger.flow, trigger=trigger)
    return True


def _marked(turn: Turn, heard: Heard, question: Question, captures: Captures) -> bool:
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
        correct(turn, question.activity, correction)
        return True
    if isinstance(question.op, Confirm) and asked is None:
        filled = fill_others(turn, heard, question.activity, slots_of(turn, question.activity), captures)
        if filled:
            turn.trace.understand("fill", filled[0].slot.name)
            return True
    return False


# --- the scores ---


def _candidates(turn: Turn, intents: Sequence[Recognised], question: Question | None) -> list[Candidate]:
    """Flows that the recognised intents trigger, best first, one entry each."""
    newest = turn.newest
    running = set(under_way(turn.session))
    best: dict[str, Candidate] = {}
    for one in intents:
        for trigger in newest.by_intent.get(one.intent, ()):
            flow = newest.flows[trigger.flow]
            if flow.name in running or (flow.within and not flow.within & running):
                continue
            score = round(one.score * 1000)
            known = best.get(flow.name)
            if known is not None and known.score >= score:
                continue
            if not may_interrupt(turn, question, flow.name):
                continue
            if trigger.condition is not None and not trigger.condition.evaluate(turn.scope):
                continue
            best[flow.name] = Candidate(flow.name, score, bool(flow.within), trigger, one.by)
    return sorted(best.values(), key=lambda one: -one.score)


def _above(candidates: list[Candidate], least: int, threshold: float) -> list[Candidate]:
    return [one for one in candidates if one.score > least and one.score >= _whole(threshold)]


def _close(winners: list[Candidate], margin: int) -> list[Candidate]:
    """The best, and those within the margin of it; there `within` flows beat global ones."""
    near = [one for one in winners if one.score >= winners[0].score - margin]
    return [one for one in near if one.near] or near


def _clarify(turn: Turn, heard: Heard, winners: list[Candidate]) -> None:
    """Two flows want it: the user is asked, and what was said is kept."""
    turn.trace.understand("clarify", winners[0].flow)
    flows = [one.flow for one in winners[:5]]
    for name in {name for flow in flows for name in turn.newest.flows[flow].slots}:
        slot = turn.newest.slots[name]
        if slot.private and slot.type not in ("", "text"):
            turn.private.extend((one.start, one.end, name) for one in heard.values([slot.type]))
    turn.session.pending = Pending(kind="flows", utterance=heard.text, options=flows)
    turn.repeat = True


def _seen_entities(program: Program) -> list[str]:
    types = {slot.type for slot in program.slots.values() if slot.type}
    return sorted(name for name in types if program.recogniser.see(name) is not None)


# --- the open question ---


def _take(turn: Turn, heard: Heard, question: Question, reply: Reply, captures: Captures) -> None:
    """The open question takes the utterance; what it leaves fills other slots of its flows."""
    if isinstance(question.op, Confirm) and question.slot is None:
        correction = find(turn, heard, question, captures, None)
        if correction is not None:  # «да, только маленькую»
            turn.trace.understand("correction", correction.slots[0].name)
            correct(turn, question.activity, correction)
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


async def _unasked(turn: Turn, heard: Heard, question: Question, captures: Captures) -> None:
    """The open question took nothing: a correction, another slot, the FAQ, and at last `invalid`."""
    activity = question.activity
    correction = find(turn, heard, question, captures, None, same=True)
    if correction is not None and not (question.slot is not None and question.slot.type == "text"):
        turn.trace.understand("correction", correction.slots[0].name)
        correct(turn, activity, correction)
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


async def _faq(turn: Turn, heard: Heard, question: Question | None) -> bool:
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
    if answer is None or answer.confidence < settings.threshold:
        return False
    turn.trace.understand("qas", answer.source)
    if question is None:
        turn.session.labels = False
        turn.drafts.append(Draft(answer.text, None))
    else:
        turn.precede(answer.text)
        turn.repeat = True
    return True
