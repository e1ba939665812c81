"""One turn of a conversation, from what a person did to what the robot says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ses.dialogue.ports import Leg, Ports
from ses.dialogue.session import Session
from ses.messages import Inbound
from ses.scenario.program import Program


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
    raise NotImplementedError


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
    raise NotImplementedError
