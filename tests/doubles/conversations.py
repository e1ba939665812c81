"""Doubles for tests and benches of the pipeline: a robot that echoes, a source of robots without files, a
connector that keeps what it was handed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from ses.conversations.engine import Engine
from ses.conversations.lifecycle.robots import RobotBuild
from ses.dialogue.state.ports import Leg, Ports
from ses.dialogue.state.session import Session
from ses.messages import Conversation, Delta, Inbound, Outgoing
from ses.scenario.program.recognition import Recogniser
from ses.scenario.program.robot import Program
from ses.scenario.program.settings import SessionSettings


def echo_program(robot: str = "echo", version: str = "1", *, burst: float = 0.0) -> Program:
    """A program without flows."""
    return Program(
        id=robot, title=robot, version=version, language="ru", languages=("ru",), timezone="UTC",
        session=SessionSettings(burst=burst), variables={}, slots={}, flows={}, data={}, texts={}, events={},
        fallback={}, by_intent={}, by_command={}, by_button={}, by_event={}, smc_intents=(),
        recogniser=cast("Recogniser", None),
    )  # fmt: skip


class StoredPrograms:
    """A source of robots that a test changes by hand."""

    folder = Path()

    def __init__(self, *programs: Program) -> None:
        self.builds: dict[str, RobotBuild] = {}
        for program in programs:
            self.put(program)

    def put(self, program: Program) -> None:
        self.builds[program.id] = RobotBuild(program, (), f"{program.id} {program.version}".encode())

    def read(self, known: Mapping[str, str]) -> Mapping[str, RobotBuild | None]:
        return self.builds

    def unpack(self, archive: bytes) -> Program | None:
        robot, version = archive.decode().split()
        return echo_program(robot, version)


async def echo(
    session: Session | None,
    inbounds: Sequence[Inbound],
    programs: Mapping[str, Program],
    newest: Program,
    ports: Ports,
    *,
    user_variables: Mapping[str, Any],
) -> Leg:
    """Say back each inbound: one message for each, `TEXT`."""
    first = inbounds[0]
    session = session or Session(robot=newest.id, connector=first.connector, id=first.session)
    session.turn += 1
    said = []
    for number, inbound in enumerate(inbounds, 1):
        session.seq += 1
        name = f"{session.id}/{session.turn}/{number}"
        said.append(Outgoing(id=name, seq=session.seq, text=inbound.text or f"[{inbound.event}]"))
    return Leg(session, said, make_trace=lambda: {"id": f"{session.id}/{session.turn}"})


async def echo_poison(
    session: Session | None,
    inbound: Inbound,
    programs: Mapping[str, Program],
    newest: Program,
    ports: Ports,
    *,
    user_variables: Mapping[str, Any],
) -> Leg:
    """Say `poison`."""
    session = session or Session(robot=newest.id, connector=inbound.connector, id=inbound.session)
    session.turn += 1
    session.seq += 1
    session.checkpoint = None
    return Leg(session, [Outgoing(id=f"{session.id}/{session.turn}/1", seq=session.seq, text="poison")])


ECHO = Engine(echo, echo_poison)


class Inbox:
    """A connector that keeps what was delivered, by conversation."""

    def __init__(self, name: str = "web.site", *, replays: bool = True) -> None:
        self.name = name
        self.replays = replays
        self.delivered: defaultdict[str, list[Outgoing]] = defaultdict(list)
        self.failures: list[Exception] = []
        """Raised by the next deliveries, first one first."""
        self.typed: list[bool] = []
        self.streamed: list[Delta] = []
        self.heard: list[tuple[str, str]] = []
        """Voice messages by id, with what was recognised in them."""
        self._changed = asyncio.Condition()

    async def start(self, reception: object) -> None: ...

    async def stop(self) -> None: ...

    async def deliver(self, conversation: Conversation, message: Outgoing) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.delivered[conversation.session].append(message)
        async with self._changed:
            self._changed.notify_all()

    def typing(self, conversation: Conversation, on: bool) -> None:
        self.typed.append(on)

    def stream(self, conversation: Conversation, delta: Delta) -> None:
        self.streamed.append(delta)

    def transcript(self, conversation: Conversation, inbound: str, text: str) -> None:
        self.heard.append((inbound, text))

    async def until(self, session: str, count: int) -> list[str]:
        """The texts delivered to a session, when there are so many of them."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: len(self.delivered[session]) >= count)
        return [message.text for message in self.delivered[session]]


class DeafInbox(Inbox):
    """Keeps nothing: the messages of a bench are many."""

    async def deliver(self, conversation: Conversation, message: Outgoing) -> None:
        """A push to nobody."""
