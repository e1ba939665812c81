"""A robot written inline, and a conversation with it that reads like a dialogue.

user: хочу пиццу          what a person types
press: Да                 the newest button of that label
event: start              something that happens
pass: 1h                  the clock moves
bot: Какую? [Да | Нет]    one message of the robot, exactly; its buttons, if the line names them
"""

from __future__ import annotations

import asyncio
import textwrap
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from ses.clock import VirtualClock
from ses.dialogue.engine import run_turn
from ses.dialogue.state.ports import Address, HistoryMessage, Increment, Leg, Link, Model
from ses.dialogue.state.session import Session
from ses.errors import StepError
from ses.messages import Attachment, Delta, Inbound, Outgoing
from ses.scenario.load import load_files
from ses.scenario.program.robot import Program
from ses.scenario.reading.files import RobotFiles
from ses.services.answers import Answer, ClassScore, FoundEntity, HttpReply, HttpRequest

START = 1_795_348_800.0
"""2026-11-22 12:00 UTC, a Sunday."""


def compile_robot(text: str, tables: Mapping[str, str] | None = None) -> Program:
    source = textwrap.dedent(text)
    if "language:" not in source:
        source = "language: ru\n" + source
    loaded = load_files(
        RobotFiles(
            "demo",
            {"robot.yaml": source.encode()},
            {name: table.encode() for name, table in (tables or {}).items()},
        )
    )
    assert loaded.program is not None, "\n".join(str(finding) for finding in loaded.errors)
    return loaded.program


@dataclass
class Services:
    """Answers as a test gives them; everything called is noted."""

    smc: dict[str, float] | StepError = field(default_factory=dict)
    see: list[FoundEntity] | StepError = field(default_factory=list)
    qas: Answer | StepError | None = None
    replies: list[Any] = field(default_factory=list)
    """To `http`, in turn: bodies or errors; the last repeats."""
    called: list[Any] = field(default_factory=list)

    async def classify(self, model: str, text: str) -> Sequence[ClassScore]:
        self.called.append(("smc", model, text))
        if isinstance(self.smc, StepError):
            raise self.smc
        return [ClassScore(name, confidence) for name, confidence in self.smc.items()]

    async def extract(self, model: str, text: str) -> Sequence[FoundEntity]:
        self.called.append(("see", model, text))
        if isinstance(self.see, StepError):
            raise self.see
        return [one for one in self.see if one.text.casefold() in text.casefold()]

    async def ask(self, text: str, category: str, channel: str) -> Answer | None:
        self.called.append(("qas", category, text))
        if isinstance(self.qas, StepError):
            raise self.qas
        return self.qas

    async def http(self, request: HttpRequest) -> HttpReply:
        self.called.append(request)
        reply = self.replies[0] if len(self.replies) == 1 else self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return HttpReply(200, reply)


class Killed(Exception):
    """The process dies."""


@dataclass
class Ports:
    clock: VirtualClock
    services: Services
    legs: list[tuple[bytes, list[Outgoing]]] = field(default_factory=list)
    user: dict[str, Any] = field(default_factory=dict)
    users: list[dict[str, Any]] = field(default_factory=list)
    """The user's variables after each leg."""
    die_after: int | None = None
    """Legs after which the process dies."""
    model: Model | None = None
    voices: Any = None
    transcripts: list[tuple[str, str]] = field(default_factory=list)
    unreachable: StepError | None = None
    """Raised for whoever a step `send` is for."""
    spoken: list[HistoryMessage] = field(default_factory=list)
    coming: asyncio.Queue[Inbound] = field(default_factory=asyncio.Queue)
    """What comes while the turn runs."""
    shown: list[Delta] = field(default_factory=list)

    async def history(self, last: int) -> Sequence[HistoryMessage]:
        return self.spoken[-last:]

    async def arrivals(self) -> AsyncIterator[Inbound]:
        while True:
            yield await self.coming.get()

    def show(self, delta: Delta) -> None:
        self.shown.append(delta)

    def show_transcript(self, inbound: str, text: str) -> None:
        self.transcripts.append((inbound, text))

    async def commit(self, leg: Leg) -> None:
        self.legs.append((leg.session.encode(), list(leg.outgoing)))
        self.keep(leg)
        self.users.append(dict(self.user))
        if self.die_after is not None and len(self.legs) > self.die_after:
            self.die_after = None
            raise Killed

    def keep(self, leg: Leg) -> None:
        for name, value in leg.user_variables.items():
            self.user[name] = self.user.get(name, 0) + value.by if isinstance(value, Increment) else value

    async def address(self, to: str, connector: str) -> Address:
        if isinstance(self.unreachable, StepError):
            raise self.unreachable
        return Address(connector or "telegram.shop", to)

    async def link(self, hash_: bytes) -> Link | None:
        return None

    async def offload(self, work: Callable[[], Any]) -> Any:
        return work()


class Talk:
    """A conversation. Between two turns the session exists only as bytes."""

    def __init__(
        self, program: Program | str, *, data: Mapping[str, str] | None = None, **services: Any
    ) -> None:
        self.program = compile_robot(program, data) if isinstance(program, str) else program
        self.programs: dict[str, Program] = {self.program.version: self.program}
        self.clock = VirtualClock(START)
        self.services = Services(**services)
        self.ports = Ports(self.clock, self.services)
        self.stored: bytes | None = None
        self.received: list[Outgoing] = []
        self.said: list[Outgoing] = []
        """Messages of the last turn."""
        self.leg: Leg | None = None
        self.processor_time: Callable[[], float] = time.thread_time
        self.inbounds = 0
        self.channel: Any = "chat"

    @property
    def session(self) -> Session:
        assert self.stored is not None
        return Session.decode(self.stored)

    @property
    def slots(self) -> Mapping[str, Any]:
        return self.session.slots

    def publish(self, text: str) -> None:
        """The author saves another version."""
        self.program = compile_robot(text)
        self.programs[self.program.version] = self.program

    def inbound(self, **what: Any) -> Inbound:
        self.inbounds += 1
        given = {"id": f"m{self.inbounds}", **what}
        return Inbound(
            connector="chat", session="s", robot="demo", channel=self.channel, at=self.clock.now(), **given
        )

    async def turn(self, *inbounds: Inbound) -> list[str]:
        session = None if self.stored is None else Session.decode(self.stored)
        self.ports.legs = []
        self.ports.users = []
        leg = await run_turn(
            session,
            inbounds,
            self.programs,
            self.program,
            self.ports,
            user_variables=dict(self.ports.user),
            processor_time=self.processor_time,
        )
        self.keep(leg)
        return [message.text for message in self.said]

    def keep(self, leg: Leg) -> None:
        self.leg = leg
        self.stored = leg.session.encode()
        self.ports.keep(leg)
        self.said = [*(message for _, out in self.ports.legs for message in out), *leg.outgoing]
        self.received.extend(self.said)
        assert [one.seq for one in self.received] == list(range(1, len(self.received) + 1)), "seq has a gap"
        assert len({one.id for one in self.received}) == len(self.received), "two messages with one id"

    async def say(self, text: str, **more: Any) -> list[str]:
        return await self.turn(self.inbound(text=text, **more))

    async def burst(self, *texts: str) -> list[str]:
        return await self.turn(*(self.inbound(text=text) for text in texts))

    async def press(self, label: str, *, old: int = 0) -> list[str]:
        """Press the newest button of that label, or the one before (`old=1`) …"""
        ids = [
            b.id for message in reversed(self.received) for b in message.buttons if b.text == label and b.id
        ]
        assert len(ids) > old, f"no button {label!r} was shown"
        return await self.turn(self.inbound(button=ids[old]))

    async def event(self, name: str, **payload: Any) -> list[str]:
        return await self.turn(self.inbound(event=name, payload=payload))

    async def attach(self, *attachments: Attachment, text: str | None = None) -> list[str]:
        return await self.turn(self.inbound(attachments=attachments, text=text))

    @property
    def buttons(self) -> list[str]:
        return [button.text for button in self.said[-1].buttons] if self.said else []

    @property
    def trace(self) -> dict[str, Any]:
        assert self.leg is not None
        assert self.leg.trace is not None
        return self.leg.trace

    async def __call__(self, dialogue: str) -> None:
        """Play a dialogue; every message of the robot must stand in it."""
        waiting: list[Outgoing] = []
        for number, line in enumerate(textwrap.dedent(dialogue).strip().splitlines(), 1):
            who, _, what = line.strip().partition(":")
            what = what.strip()
            if who == "bot":
                assert waiting, f"line {number}: the robot said nothing more, expected {what!r}"
                message = waiting.pop(0)
                text, _, labels = what.partition(" [")
                assert message.text == text.strip(), f"line {number}: {message.text!r} instead of {text!r}"
                if labels:
                    shown = [button.text for button in message.buttons]
                    assert shown == [one.strip() for one in labels.rstrip("]").split("|")], (
                        f"line {number}: {shown}"
                    )
                continue
            assert not waiting, f"before line {number} the robot also said {[one.text for one in waiting]}"
            if who == "user":
                await self.say(what)
            elif who == "press":
                await self.press(what)
            elif who == "event":
                await self.event(what)
            elif who == "pass":
                self.clock.advance(float(what[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[what[-1]])
                continue
            else:
                raise AssertionError(f"line {number}: {line!r}")
            waiting = list(self.said)
        assert not waiting, f"at the end the robot also said {[one.text for one in waiting]}"


@pytest.fixture
def talk() -> type[Talk]:
    """Starts a conversation with a robot: `talk(yaml, qas=Answer(…))`."""
    return Talk


@pytest.fixture
def killed() -> type[Killed]:
    return Killed


@pytest.fixture(scope="session")
def compiled() -> Callable[[str], Program]:
    """Compiles a robot once for many conversations."""
    return compile_robot
