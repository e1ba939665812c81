"""A pipeline in a process of its own, which messages can kill.

`python -m doubles.mortal_pipeline` reads a line `[database, how, [[session, text], …]]` for each life and forks, which takes a
hundredth of the time of a start; when the life is over it writes a line `[exit code, [what the life told, …]]`. In a life the
text `die` kills the process; with `how` "deadlier" the robot's answer to it does, too.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from doubles import environment
from doubles.conversations import Inbox, StoredPrograms, echo, echo_poison, echo_program
from ses.clock import SystemClock
from ses.conversations.conversations import Conversations
from ses.conversations.engine import Engine
from ses.conversations.inbound.rate_limit import Limits
from ses.conversations.lifecycle.robots import Robots
from ses.dialogue.state.ports import Leg
from ses.messages import Conversation, Inbound, Outgoing
from ses.storage.sqlite.store import SqliteStore

Told = list[list[Any]]


class MortalPipeline:
    """The process that forks the lives, and what a test asks of it."""

    def __init__(self) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in `close`
        self._process = subprocess.Popen(
            [sys.executable, "-m", "doubles.mortal_pipeline"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, env=environment(),
        )  # fmt: skip

    def live(self, database: Path, *says: tuple[str, str], how: str = "deadly") -> tuple[int, Told]:
        """One life: its exit code, and `["acknowledged", session, text]` or `["said", session, seq, text]` for what it did."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(database), how, says]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        self._errors.seek(0)
        assert not (errors := self._errors.read()), errors
        code, told = json.loads(answer)
        return code, told

    def close(self) -> None:
        self._process.communicate()
        self._errors.close()


def _tell(*what: object) -> None:
    print(json.dumps(what), flush=True)


class _Teller(Inbox):
    async def deliver(self, conversation: Conversation, message: Outgoing) -> None:
        _tell("said", conversation.session, message.seq, message.text)


def _engine(how: str) -> Engine:
    async def deadly(session: Any, inbounds: Sequence[Inbound], *rest: Any, **values: Any) -> Leg:
        if inbounds[0].text == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        return await echo(session, inbounds, *rest, **values)

    async def deadly_poison(session: Any, inbound: Inbound, *rest: Any, **values: Any) -> Leg:
        if how == "deadlier":
            os.kill(os.getpid(), signal.SIGKILL)
        return await echo_poison(session, inbound, *rest, **values)

    return Engine(deadly, deadly_poison)


async def _life(database: str, how: str, says: Sequence[tuple[str, str]]) -> None:
    store = SqliteStore(Path(database))
    await store.open()
    clock = SystemClock()
    robots = Robots(StoredPrograms(echo_program()), store, clock)
    await robots.reload()
    free = Limits(messages=1e6, per=1.0, burst=1e6)
    services: Any = None
    conversations = Conversations(store, robots, services, clock=clock, limits=free, engine=_engine(how))
    conversations.attach(_Teller())
    await conversations.start()
    for session, text in says:
        await conversations.receive(
            Inbound(
                connector="web.site", session=session, id=f"{session}-{text}", robot="echo", channel="web",
                at=clock.now(), text=text,
            )
        )  # fmt: skip
        _tell("acknowledged", session, text)
    while conversations.stats().live:
        await asyncio.sleep(0)
    await conversations.stop()
    await store.close()


def _fork(life: Sequence[Any]) -> tuple[int, Told]:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.dup2(writer, sys.stdout.fileno())
            asyncio.run(_life(*life))
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with open(reader) as told:
        lines = [json.loads(line) for line in told if line.startswith("[")]
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), lines


if __name__ == "__main__":
    for line in sys.stdin:
        _tell(*_fork(json.loads(line)))
