"""How a turn becomes durable, in legs: each with its messages and a checkpoint, the last one with the trace."""

from __future__ import annotations

from functools import partial

from ses.dialogue.state.ports import NOTHING_ELSEWHERE, Leg
from ses.dialogue.state.session import Checkpoint
from ses.dialogue.state.turn import CARRIED, Turn
from ses.messages import Outgoing


def _outgoing(turn: Turn) -> list[Outgoing]:
    """The drafts as messages, numbered."""
    session = turn.session
    trace = f"{session.id}/{session.turn}"
    messages = []
    for draft in turn.drafts:
        turn.message_count += 1
        session.seq += 1
        replaces = turn.replaces.pop(0) if turn.replaces else ""
        messages.append(
            Outgoing(
                id=f"{trace}/{turn.message_count}",
                seq=session.seq,
                text=draft.text,
                buttons=draft.buttons,
                attachments=draft.attachments,
                format=draft.format,
                masked=draft.masked,
                trace=trace,
                replaces=replaces,
            )
        )
    turn.drafts = []
    return messages


async def commit_leg(turn: Turn) -> None:
    """Make durable what happened so far, with a checkpoint to resume from, before a step that leaves the process. What is to be
    spoken has its voice already."""
    outgoing = _outgoing(turn)
    session = turn.session
    session.checkpoint = Checkpoint(
        inbounds=[inbound.id for inbound in turn.inbounds],
        at=turn.at,
        first_turn=turn.scope.first,
        **{name: getattr(turn, name) for name in CARRIED},
    )
    written, turn.user_changes = turn.user_changes, {}
    elsewhere, turn.elsewhere = turn.elsewhere, NOTHING_ELSEWHERE
    leg = Leg(session, outgoing, final=False, user_variables=written, elsewhere=elsewhere)
    await turn.await_external("commit", turn.ports.commit(leg))
    session.checkpoint = None


def resume(turn: Turn, checkpoint: Checkpoint) -> None:
    """Let a turn that died go on from its checkpoint."""
    turn.restore(checkpoint)
    turn.attempt += 1
    turn.scope.first = checkpoint.first_turn
    for index, inbound in enumerate(turn.inbounds):
        if inbound.id in checkpoint.voices:
            turn.set_transcript(index, checkpoint.voices[inbound.id])
    turn.session.checkpoint = None


def final_leg(turn: Turn) -> Leg:
    """The leg with which the turn ends."""
    turn.interpretations = {}  # it points back here: without a cycle nothing waits for the garbage collector
    outgoing = _outgoing(turn)
    return Leg(
        turn.session,
        outgoing,
        final=True,
        user_variables=turn.user_changes,
        masked=turn.masked,
        voices=turn.voices,
        make_trace=partial(turn.trace.build, turn.inbounds, turn.masked),
        elsewhere=turn.elsewhere,
        keep_trace=turn.trace.to_keep,
        errors=tuple(turn.trace.errors),
        session_ended=turn.session_ended,
    )
