"""One turn of a conversation, from what a person did to what the robot says."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ses.dialogue.input.dispatch import apply_external_values, dispatch, start_event_flow
from ses.dialogue.input.transcription import transcribe
from ses.dialogue.output.buttons import withdraw_buttons
from ses.dialogue.output.questions import put_question
from ses.dialogue.output.speech import speak
from ses.dialogue.running.errors import event_flow, handle_error, run_error_event
from ses.dialogue.running.interpreter import run
from ses.dialogue.slots.revision import reask_lost_slot
from ses.dialogue.state.legs import final_leg, resume
from ses.dialogue.state.ports import Leg, Ports
from ses.dialogue.state.reset import reset_session
from ses.dialogue.state.session import Session
from ses.dialogue.state.stack import end_activity, push_activity
from ses.dialogue.state.turn import Turn
from ses.dialogue.state.versions import migrate_versions
from ses.errors import StepError
from ses.messages import Inbound
from ses.scenario.program.robot import Program

ATTEMPTS = 20
"""Questions of one turn that may fail before the turn gives up."""


async def run_turn(
    session: Session | None,
    inbounds: Sequence[Inbound],
    programs: Mapping[str, Program],
    newest: Program,
    ports: Ports,
    *,
    user_variables: Mapping[str, Any],
    processor_time: Callable[[], float] = time.thread_time,
) -> Leg:
    """Handle one inbound, or several that came at once, in one turn; or resume a turn that died at its checkpoint.

    `session` is none for a conversation that has none yet. It belongs to the engine from now on: it is changed in
    place, and must be decoded anew if the turn raises. `programs` holds every version that `session.versions()`
    names (one that is missing counts as edited away: its activities move to `newest`). `user_variables` are the
    stored values of `keep: user` names. When `session.checkpoint` is set, `inbounds` begins with the inbounds it names,
    and the turn goes on from its checkpoint.

    `processor_time` counts the seconds this thread has computed.

    The same session, inbounds, programs and answers give the same leg, ids and texts: a turn may be repeated.
    Only faults of the program itself raise; an author's are answered by the robot's event `error`.
    """
    turn = _begin(session, inbounds, programs, newest, ports, user_variables, processor_time)
    fresh = not turn.resumed or turn.expiring or turn.transcribing
    if turn.expiring:
        await _end_expired_session(turn)
    if fresh and newest.voice.spr is not None:
        await transcribe(turn)
    turn.transcribing = False
    resumed = not fresh
    for index in range(turn.index, len(inbounds)):
        inbound = turn.select_inbound(index)
        if resumed:
            await _go_on(turn)
        else:
            await _handle(turn, inbound)
        resumed = False
    if turn.needs_speech:
        await speak(turn)
    return final_leg(turn)


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
    turn.select_inbound(0)
    turn.transcribing = False
    turn.session.undo_snapshot = b""
    if turn.expiring:
        _begin_new_session(turn)  # what may have done it is the former session's `end`: it is not tried again
    top = turn.top
    if top is not None and not top.frames[-1].open:
        end_activity(turn)  # the call in checkpoint is what may have done it
    facts = {
        "kind": "poison",
        "service": None,
        "status": None,
        "message": "this message could not be handled",
    }
    turn.trace.understood("poison")
    turn.trace.errors.append({"kind": "poison"})
    run_error_event(turn, None, facts)
    await _settle(turn)
    if inbound.event == "end":
        _end_session(turn)
    if turn.needs_speech:
        await speak(turn)
    return final_leg(turn)


def _begin(
    session: Session | None,
    inbounds: Sequence[Inbound],
    programs: Mapping[str, Program],
    newest: Program,
    ports: Ports,
    user_variables: Mapping[str, Any],
    processor_time: Callable[[], float] = time.thread_time,
    *,
    poison: bool = False,
) -> Turn:
    if not inbounds:
        raise ValueError("a turn needs an inbound")
    first = inbounds[0]
    if session is None:
        session = Session(robot=newest.id, connector=first.connector, id=first.session, channel=first.channel)
    new = not session.touched
    checkpoint = session.checkpoint
    now = ports.clock.now() if checkpoint is None else checkpoint.at
    turn = Turn(session, inbounds, programs, newest, ports, user_variables, now, processor_time)
    if checkpoint is not None:
        if (
            not poison
            and [inbound.id for inbound in inbounds[: len(checkpoint.inbounds)]] != checkpoint.inbounds
        ):
            raise ValueError(f"the turn in flight handles {checkpoint.inbounds}")
        resume(turn, checkpoint)
        turn.resumed = True
        migrate_versions(turn, release=False)
        return turn
    session.turn += 1
    session.channel = first.channel
    silence = 0.0 if new else now - session.touched
    unused = 0.0 if new else first.at - max(session.touched, session.used)
    if unused > newest.session.expire and first.event != "end":
        if not poison and event_flow(turn, "end") is not None:
            turn.expiring = True
            return turn
        reset_session(turn, session)
        new = True
    _touch(turn, first, new=new)
    turn.resume_due = not new and silence > newest.session.idle
    if first.event == "leave":
        session.left = True
    elif not first.external:
        session.left = False
    migrate_versions(turn, release=turn.resume_due)
    turn.enter(turn.top)
    return turn


def _touch(turn: Turn, first: Inbound, *, new: bool) -> None:
    """The session is in use: its pauses are counted from here."""
    session = turn.session
    turn.scope.first = new
    if first.spoken or new:
        session.touched = turn.at
        session.used = 0.0
    else:
        session.used = turn.at


async def _end_expired_session(turn: Turn) -> None:
    """The session had expired when this message came: first its event `end` runs, then the message begins a new one."""
    if not turn.resumed:
        start_event_flow(turn, "end", {"event": {"name": "end"}})
    await _settle(turn)
    _begin_new_session(turn)


def _begin_new_session(turn: Turn) -> None:
    turn.expiring = turn.repeat_question = False
    turn.returns_to = 0
    turn.prefix = []
    reset_session(turn, turn.session)
    _touch(turn, turn.inbounds[0], new=True)


async def _handle(turn: Turn, inbound: Inbound) -> None:
    """One inbound of the turn."""
    session = turn.session
    turn.text = ""
    turn.interpretations = {}
    turn.see_results = None
    turn.used_spans = []
    turn.private_spans = []
    turn.understood = turn.fell_back = turn.answered = False
    turn.session_ended = False
    turn.interrupted_pending = None
    if inbound.edit_of is not None:
        if not _undo_for_edit(turn, inbound):
            turn.trace.understood("edit")
            return
    elif inbound.spoken:
        session.take_snapshot()
        session.last = inbound.id if inbound.button is None else ""
    session.answers = (session.turn, turn.message_count + len(turn.drafts) + 1, 0)
    apply_external_values(turn, inbound)
    if turn.resume_due and inbound.spoken:
        turn.resume_due = False
        flow = event_flow(turn, "resume")
        if flow is not None:
            turn.unrouted = True
            push_activity(turn, flow, kind="event", args={"event": {"name": "resume"}}).quiet = True
            await run(turn)
    await _dispatch(turn, inbound)
    await _close(turn, inbound)


async def _go_on(turn: Turn) -> None:
    """The inbound during which the turn died."""
    await run(turn)
    if turn.unrouted:
        await _dispatch(turn, turn.inbound)
    await _close(turn, turn.inbound)


async def _dispatch(turn: Turn, inbound: Inbound) -> None:
    turn.unrouted = False
    held = [draft for draft in turn.drafts if draft.question]
    try:
        top = turn.top
        if top is not None and not top.frames[-1].open and turn.session.pending is None:
            await run(turn)
        await dispatch(turn, inbound)
    except StepError as error:
        handle_error(turn, error)
    for draft in held:
        if turn.answered:
            turn.drafts.remove(draft)
            withdraw_buttons(turn, draft.buttons)
            number, first, last = turn.session.answers
            turn.session.answers = (number, first - 1, last)
        draft.question = False
    if turn.understood and not turn.fell_back:
        turn.session.fallbacks = 0


async def _close(turn: Turn, inbound: Inbound) -> None:
    """Run what the inbound started, put the question, mask what is private."""
    await _settle(turn)
    _mask(turn, inbound)
    session = turn.session
    if session.last == inbound.id or inbound.edit_of is not None:
        session.answers = (session.turn, session.answers[1], turn.message_count + len(turn.drafts))
    else:
        session.undo_snapshot = b""
    if inbound.event == "end":
        _end_session(turn)


def _end_session(turn: Turn) -> None:
    reset_session(turn, turn.session)
    turn.session_ended = True


async def _settle(turn: Turn) -> None:
    for _ in range(ATTEMPTS):
        await run(turn)
        try:
            if turn.returns_to and reask_lost_slot(turn):
                await run(turn)
            if turn.repeat_question or turn.prefix:
                put_question(turn)
            return
        except StepError as error:
            handle_error(turn, error)
    turn.session.stack = []
    turn.session.pending = None
    turn.prefix = []
    turn.trace.errors.append(
        {"kind": "runaway", "message": f"{ATTEMPTS} questions in a row could not be put"}
    )
    run_error_event(turn, None, {"kind": "runaway"})


def _mask(turn: Turn, inbound: Inbound) -> None:
    if not turn.private_spans or inbound.text is None:
        return
    raw = turn.newest.recogniser.read(inbound.text).raw
    spans = sorted(set(turn.private_spans), reverse=True)
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


def _undo_for_edit(turn: Turn, inbound: Inbound) -> bool:
    """Undo the turn of the user's last message, which they edited: its answers are replaced. False when it is too
    late for that."""
    session = turn.session
    if not session.undo_snapshot or inbound.edit_of != session.last:
        return False
    turn.undo_last_message()
    number, first, last = session.answers
    turn.replaces = [f"{session.id}/{number}/{n}" for n in range(first, last + 1)]
    turn.enter(turn.top)
    return True
