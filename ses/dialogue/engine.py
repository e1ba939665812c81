"""One turn of a conversation, from what a person did to what the robot says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ses.dialogue.input.dispatch import begin_event, take_outside, understand
from ses.dialogue.input.transcription import listen
from ses.dialogue.output.buttons import withdraw
from ses.dialogue.output.questions import put
from ses.dialogue.output.speech import speak
from ses.dialogue.running.errors import event_flow, fail, report
from ses.dialogue.running.interpreter import run
from ses.dialogue.slots.revision import go_back_for_lost
from ses.dialogue.state.ports import Leg, Ports
from ses.dialogue.state.reset import drop_everything
from ses.dialogue.state.session import Session
from ses.dialogue.state.stack import end, push
from ses.dialogue.state.turn import Turn
from ses.dialogue.state.versions import settle_versions
from ses.errors import StepError
from ses.messages import Inbound
from ses.scenario.program.robot import Program

ATTEMPTS = 20
"""Questions of one turn that may fail to be put before the turn gives up."""


async def run_turn(
    session: Session | None,
    inbounds: Sequence[Inbound],
    programs: Mapping[str, Program],
    newest: Program,
    ports: Ports,
    *,
    user_variables: Mapping[str, Any],
) -> Leg:
    """Handle one inbound, or several of a burst, in one turn; or go on with a turn that died.

    `session` is none for a conversation that has none yet. It belongs to the engine from now on: it is changed in
    place, and must be decoded anew if the turn raises. `programs` holds every version that `session.versions()`
    names (one that is missing counts as edited away: its activities move to `newest`). `user_variables` are the
    stored values of `keep: user` names. When `session.flight` is set, `inbounds` begins with the inbounds it names,
    and the turn goes on from its checkpoint.

    The same session, inbounds, programs and answers give the same leg, ids and texts: a turn may be repeated.
    Only faults of the program itself raise; an author's are answered by the robot's event `error`.
    """
    turn = _begin(session, inbounds, programs, newest, ports, user_variables)
    fresh = not turn.resumed or turn.ending or turn.listening
    if turn.ending:
        await _end_former(turn)
    if fresh and newest.voice.spr is not None:
        await listen(turn)
    turn.listening = False
    resumed = not fresh
    for index in range(turn.index, len(inbounds)):
        inbound = turn.take(index)
        if resumed:
            await _go_on(turn)
        else:
            await _handle(turn, inbound)
        resumed = False
    if turn.speaking:
        await speak(turn)
    return turn.finish()


async def run_poison(
    session: Session | None,
    inbound: Inbound,
    programs: Mapping[str, Program],
    newest: Program,
    ports: Ports,
    *,
    user_variables: Mapping[str, Any],
) -> Leg:
    """Answer an inbound whose turn brought the process down three times: event `error`, kind `poison`."""
    turn = _begin(session, [inbound], programs, newest, ports, user_variables, poison=True)
    turn.take(0)
    turn.listening = False
    turn.session.before = b""
    if turn.ending:
        _begin_anew(turn)  # what may have done it is the former session's `end`: it is not tried again
    top = turn.top
    if top is not None and not top.frames[-1].open:
        end(turn)  # the call in flight is what may have done it
    facts = {
        "kind": "poison",
        "service": None,
        "status": None,
        "message": "this message could not be handled",
    }
    turn.trace.understand("poison")
    turn.trace.errors.append({"kind": "poison"})
    report(turn, None, facts)
    await _settle(turn)
    if inbound.event == "end":
        _drop(turn)
    if turn.speaking:
        await speak(turn)
    return turn.finish()


def _begin(
    session: Session | None,
    inbounds: Sequence[Inbound],
    programs: Mapping[str, Program],
    newest: Program,
    ports: Ports,
    user_variables: Mapping[str, Any],
    *,
    poison: bool = False,
) -> Turn:
    if not inbounds:
        raise ValueError("a turn needs an inbound")
    first = inbounds[0]
    if session is None:
        session = Session(robot=newest.id, connector=first.connector, id=first.session, channel=first.channel)
    new = not session.touched
    flight = session.flight
    now = ports.clock.now() if flight is None else flight.at
    turn = Turn(session, inbounds, programs, newest, ports, user_variables, now)
    if flight is not None:
        if not poison and [inbound.id for inbound in inbounds[: len(flight.inbounds)]] != flight.inbounds:
            raise ValueError(f"the turn in flight handles {flight.inbounds}")
        turn.resume(flight)
        turn.resumed = True
        settle_versions(turn, release=False)
        return turn
    session.turn += 1
    session.channel = first.channel
    silence = 0.0 if new else now - session.touched
    unused = 0.0 if new else first.at - max(session.touched, session.used)
    if unused > newest.session.expire and first.event != "end":
        if not poison and event_flow(turn, "end") is not None:
            turn.ending = True
            return turn
        drop_everything(turn, session)
        new = True
    _count(turn, first, new=new)
    turn.hot = not new and silence > newest.session.idle
    if first.event == "leave":
        session.left = True
    elif not first.external:
        session.left = False
    settle_versions(turn, release=turn.hot)
    turn.enter(turn.top)
    return turn


def _count(turn: Turn, first: Inbound, *, new: bool) -> None:
    """The session is in use: its pauses are counted from here."""
    session = turn.session
    turn.scope.first = new
    if first.spoken or new:
        session.touched = turn.at
        session.used = 0.0
    else:
        session.used = turn.at


async def _end_former(turn: Turn) -> None:
    """The session had expired when this message came: first its event `end` runs, then the message begins a new one."""
    if not turn.resumed:
        begin_event(turn, "end", {"event": {"name": "end"}})
    await _settle(turn)
    _begin_anew(turn)


def _begin_anew(turn: Turn) -> None:
    turn.ending = turn.repeat = False
    turn.back = 0
    turn.prefix = []
    drop_everything(turn, turn.session)
    _count(turn, turn.inbounds[0], new=True)


async def _handle(turn: Turn, inbound: Inbound) -> None:
    """One inbound of the turn."""
    session = turn.session
    turn.text = ""
    turn.heard = {}
    turn.seen = None
    turn.used = []
    turn.private = []
    turn.understood = turn.fell = turn.answered = False
    turn.over = False
    turn.asked = None
    if inbound.edit_of is not None:
        if not _restore(turn, inbound):
            turn.trace.understand("edit")
            return
    elif inbound.spoken:
        session.snapshot()
        session.last = inbound.id if inbound.button is None else ""
    session.answers = (session.turn, turn.said + len(turn.drafts) + 1, 0)
    take_outside(turn, inbound)
    if turn.hot and inbound.spoken:
        turn.hot = False
        flow = event_flow(turn, "resume")
        if flow is not None:
            turn.route = True
            push(turn, flow, kind="event", args={"event": {"name": "resume"}}).quiet = True
            await run(turn)
    await _route(turn, inbound)
    await _close(turn, inbound)


async def _go_on(turn: Turn) -> None:
    """The inbound during which the turn died."""
    await run(turn)
    if turn.route:
        await _route(turn, turn.inbound)
    await _close(turn, turn.inbound)


async def _route(turn: Turn, inbound: Inbound) -> None:
    turn.route = False
    held = [draft for draft in turn.drafts if draft.question]
    try:
        top = turn.top
        if top is not None and not top.frames[-1].open and turn.session.pending is None:
            await run(turn)
        await understand(turn, inbound)
    except StepError as error:
        fail(turn, error)
    for draft in held:
        if turn.answered:
            turn.drafts.remove(draft)
            withdraw(turn, draft.buttons)
            number, first, last = turn.session.answers
            turn.session.answers = (number, first - 1, last)
        draft.question = False
    if turn.understood and not turn.fell:
        turn.session.fallbacks = 0


async def _close(turn: Turn, inbound: Inbound) -> None:
    """Run what the inbound started, put the question, mask what is private."""
    await _settle(turn)
    _mask(turn, inbound)
    session = turn.session
    if session.last == inbound.id or inbound.edit_of is not None:
        session.answers = (session.turn, session.answers[1], turn.said + len(turn.drafts))
    else:
        session.before = b""
    if inbound.event == "end":
        _drop(turn)


def _drop(turn: Turn) -> None:
    drop_everything(turn, turn.session)
    turn.over = True


async def _settle(turn: Turn) -> None:
    for _ in range(ATTEMPTS):
        await run(turn)
        try:
            if turn.back and go_back_for_lost(turn):
                await run(turn)
            if turn.repeat or turn.prefix:
                put(turn)
            return
        except StepError as error:
            fail(turn, error)
    turn.session.stack = []
    turn.session.pending = None
    turn.prefix = []
    report(turn, None, {"kind": "runaway"})


def _mask(turn: Turn, inbound: Inbound) -> None:
    if not turn.private or inbound.text is None:
        return
    raw = turn.newest.recogniser.read(inbound.text).raw
    spans = sorted(set(turn.private), reverse=True)
    masked, last = raw, len(raw)
    if turn.text and turn.text != inbound.text:  # the words after a command, or those said before a choice
        for start, stop, slot in spans:
            masked = masked.replace(turn.text[start:stop], f"‹{slot}›")
    else:
        for start, stop, slot in spans:
            if start < last:
                masked = f"{masked[:start]}‹{slot}›{masked[min(stop, last) :]}"
                last = start
    if masked == raw:
        return
    turn.masked[inbound.id] = masked


def _restore(turn: Turn, inbound: Inbound) -> bool:
    """Undo the turn of the user's last message, which they edited: its answers are replaced. False when it is too
    late for that."""
    session = turn.session
    if not session.before or inbound.edit_of != session.last:
        return False
    turn.take_back()
    number, first, last = session.answers
    turn.replaces = [f"{session.id}/{number}/{n}" for n in range(first, last + 1)]
    turn.enter(turn.top)
    return True
