"""Activities and versions of their robot: pinned to the one they began in, or moved to the newest by a migration."""

from __future__ import annotations

from ses.dialogue.state.frames import Activity
from ses.dialogue.state.stack import end_activity, forget_activity
from ses.dialogue.state.turn import Turn
from ses.scenario.program.operations import Ask, Confirm, Menu
from ses.scenario.program.robot import Program


def migrate_versions(turn: Turn, *, release: bool) -> None:
    """Move what may be moved to the newest version: all activities if the robot says `on_update: move`, or after
    `idle` (`release`); else only those whose version is gone."""
    newest = turn.newest
    move = release or newest.session.on_update == "move"
    for activity in list(turn.session.stack):
        if activity.version != newest.version and (move or activity.version not in turn.programs):
            _migrate(turn, activity, newest)
    turn.enter(turn.top)


def _migrate(turn: Turn, activity: Activity, newest: Program) -> None:
    activity.version = newest.version
    for depth, frame in enumerate(activity.frames):
        flow = newest.flows.get(frame.flow)
        if flow is None:
            _drop(turn, activity)
            return
        if frame.op_id in flow.index_of:
            frame.undo_log = [step for step in frame.undo_log if not step.id or step.id in flow.index_of]
            if not isinstance(flow.ops[flow.index_of[frame.op_id]], Ask | Confirm | Menu):
                frame.open = False
            continue
        # the operation is gone: the flow starts again with its slots kept, so known ones are not asked
        frame.op_id = flow.ops[0].id
        frame.open = False
        frame.revising = ""
        frame.choices = []
        frame.loops = {}
        frame.undo_log = []
        for above in activity.frames[depth + 1 :]:
            for name in above.owns:
                turn.session.slots.pop(name, None)
        del activity.frames[depth + 1 :]
        return


def _drop(turn: Turn, activity: Activity) -> None:
    """The flow is gone: what it was about ends."""
    if activity is turn.top:
        end_activity(turn)
    else:
        turn.session.stack.remove(activity)
        forget_activity(turn, activity)
