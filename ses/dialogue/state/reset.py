"""The end of a session: what it was about goes, its numbers stay."""

from __future__ import annotations

from ses.dialogue.state.session import Session
from ses.dialogue.state.turn import Turn


def reset_session(turn: Turn, session: Session) -> None:
    """The session is over: its stack and its values go, its numbers stay."""
    session.stack = []
    session.pending = None
    session.button_sets = []
    session.labels = False
    session.variables = {}
    session.slots = {}
    session.variants = {}
    session.fallbacks = 0
    session.last = ""
    session.undo_snapshot = b""
    session.user_undo = {}
    session.touched = session.used = 0.0
    turn.enter(None)
