"""The hours in which a robot does not write first."""

from __future__ import annotations

from datetime import datetime, timedelta

from ses.clock import Clock
from ses.connectors.contract import Refused
from ses.conversations.external.recipients import Target
from ses.conversations.lifecycle.robots import Robots
from ses.dialogue.state.scope import zone_of
from ses.scenario.program.robot import Program
from ses.storage.contract import Store


class QuietHours:
    """Keeps messages from people who sleep. Who has written within `session.idle` is in a conversation and awake."""

    def __init__(self, store: Store, robots: Robots, clock: Clock) -> None:
        self._store = store
        self._robots = robots
        self._clock = clock

    async def check(self, program: Program, target: Target) -> None:
        """Raises `Refused("quiet")` with the seconds until the robot may write."""
        quiet, now = program.session.quiet, self._clock.now()
        if quiet is None or now - target.touched <= program.session.idle:
            return
        zone = program.timezone
        if self._robots.keeps_user_values(program):
            user = target.user or "/".join(target.conversation)
            zone = (await self._store.user_values(program.id, user)).get("timezone") or zone
        local = datetime.fromtimestamp(now, zone_of(str(zone)))
        wait = _left(quiet, local)
        if wait:
            until = (local + timedelta(seconds=wait)).isoformat(timespec="minutes")
            raise Refused("quiet", f"this person is not written to before {until}", wait)


def _left(quiet: tuple[int, int], local: datetime) -> float:
    """Seconds until the quiet hours end; 0 outside of them. They may go over midnight."""
    start, stop = quiet
    minute = local.hour * 60 + local.minute + local.second / 60
    length = (stop - start) % 1440
    passed = (minute - start) % 1440
    return (length - passed) * 60 if passed < length else 0.0
