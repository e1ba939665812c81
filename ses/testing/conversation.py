"""One talk with a robot in memory: no store, no connector, no pipeline. Used by `ses test` and `ses chat`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ses.clock import Clock
from ses.dialogue.engine import run_turn
from ses.dialogue.state.ports import Address, HistoryMessage, Increment, Leg, Link, Model, Services, Voices
from ses.dialogue.state.session import Session
from ses.dialogue.state.view import active_flow, session_values
from ses.errors import SesError
from ses.messages import Attachment, Channel, Delta, Inbound, Outgoing
from ses.scenario.program.robot import Program
from ses.testing.matcher import same_label

T = TypeVar("T")
SESSION = "talk"
Addressing = Callable[[str, str], Awaitable[None]]
"""To whom, and the connector that was named."""


class NoSuchButton(SesError):
    """Nothing the robot said carries a button of that label."""


@dataclass(slots=True)
class Exchange:
    """What one thing the user did led to."""

    messages: list[Outgoing] = field(default_factory=list)
    sent: list[tuple[str, str]] = field(default_factory=list)
    """What steps `send` said to others: to whom, and the text."""
    trace: Mapping[str, Any] = field(default_factory=dict)


class _Ports:
    """What a turn is given (`ses.dialogue.state.ports.Ports`): each leg is kept as soon as it is there."""

    def __init__(
        self,
        clock: Clock,
        services: Services,
        model: Model | None,
        voices: Voices | None,
        talk: Talk,
        show: Callable[[Delta], None] | None,
        address: Addressing | None,
    ) -> None:
        self.clock = clock
        self.services = services
        self.model = model
        self.voices = voices
        self._talk = talk
        self._show = show
        self._address = address

    async def commit(self, leg: Leg) -> None:
        self._talk.keep(leg)

    async def address(self, to: str, connector: str) -> Address:
        if self._address is not None:
            await self._address(to, connector)
        return Address(connector or "chat", to)

    async def link(self, hash_: bytes) -> Link | None:
        return None

    async def offload(self, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(work)

    async def history(self, last: int) -> Sequence[HistoryMessage]:
        return self._talk.spoken[-last:]

    async def arrivals(self) -> AsyncIterator[Inbound]:
        """Nothing comes: the one who talks waits for the answer."""
        nothing: tuple[Inbound, ...] = ()
        for inbound in nothing:
            yield inbound

    def show_transcript(self, inbound: str, text: str) -> None:
        """The one who talks knows what he said."""

    def show(self, delta: Delta) -> None:
        if self._show is not None:
            self._show(delta)


class Talk:
    """A conversation of one person with one robot.

    Each method does what a person may do and returns when the robot has answered. `said` is called with every
    message as soon as it is certain, so that «one moment…» shows before a slow call.
    """

    def __init__(
        self,
        program: Program,
        services: Services,
        clock: Clock,
        *,
        channel: Channel = "chat",
        variables: Mapping[str, Any] | None = None,
        said: Callable[[Outgoing], None] | None = None,
        model: Model | None = None,
        voices: Voices | None = None,
        shown: Callable[[Delta], None] | None = None,
        address: Addressing | None = None,
    ) -> None:
        """`address` is asked whether a step `send` may write to somebody, and raises `StepError` if not. `shown` is called with every piece of a text that is being written. `variables` are the declared variables' first values, those kept by user too. Raises `SesError` for a
        name that the robot does not declare."""
        self._program = program
        self._clock = clock
        self._channel = channel
        self._said = said
        self._ports = _Ports(clock, services, model, voices, self, shown, address)
        self.spoken: list[HistoryMessage] = []
        """Both sides' words of the turns that are over, private values as ‹slot›."""
        self._stored: bytes | None = None
        self._heard = 0
        self._last = ""
        self._exchange = Exchange()
        self.messages: list[Outgoing] = []
        """Everything the robot said, in order; an edited message stands where it first stood."""
        self._begin_with: dict[str, Any] = {}
        self._of_user: dict[str, Any] = {}
        for name, value in (variables or {}).items():
            declared = program.variables.get(name)
            if declared is None:
                raise SesError(f"the robot {program.id} declares no variable `{name}`")
            (self._of_user if declared.keep == "user" else self._begin_with)[name] = value

    @property
    def program(self) -> Program:
        return self._program

    @property
    def session(self) -> Session | None:
        """The conversation's state now, a copy; none before the first turn."""
        return None if self._stored is None else Session.decode(self._stored)

    def follow(self, program: Program) -> None:
        """Go on with another version of the robot; what is under way moves there."""
        self._program = program

    @property
    def typed(self) -> bool:
        """The user has typed a message, which `edit` can change."""
        return bool(self._last)

    async def say(self, text: str) -> Exchange:
        return await self._turn(text=text)

    async def press(self, label: str) -> Exchange:
        """Press the newest button of that label, old ones included. Raises `NoSuchButton`."""
        for message in reversed(self.messages):
            for button in message.buttons:
                if button.id and same_label(label, button.text):
                    return await self.press_id(button.id)
        labels = [button.text for message in self.messages[-3:] for button in message.buttons]
        seen = f"the last ones are: {', '.join(labels)}" if labels else "its last messages have none"
        raise NoSuchButton(f"the robot showed no button «{label}»; {seen}")

    async def press_id(self, button: str) -> Exchange:
        return await self._turn(button=button)

    async def happen(self, event: str, payload: Mapping[str, Any] | None = None) -> Exchange:
        return await self._turn(event=event, payload=dict(payload or {}))

    async def attach(self, attachment: Attachment, text: str | None = None) -> Exchange:
        return await self._turn(text=text, attachments=(attachment,))

    async def edit(self, text: str) -> Exchange:
        """Change the text of the last message the user typed. Raises `SesError` when there is none."""
        if not self.typed:
            raise SesError("there is no message of the user to edit yet")
        return await self._turn(text=text, edit_of=self._last)

    @property
    def ends_in(self) -> float | None:
        """Seconds until the session expires and its event `end` happens; none if there is nothing to happen."""
        session = self.session
        if session is None or not session.touched or self._program.at_event("end", self._channel) is None:
            return None
        return self._left(session)

    def _left(self, session: Session) -> float:
        used = max(session.touched, session.used)
        return used + self._program.session.expire - self._clock.now() if used else -1.0

    def value(self, name: str) -> Any:
        """A slot or variable as it is kept: key, ISO date, number; none when empty. Raises `KeyError` for a name
        that is not declared and that no step has set."""
        session = self.session or Session(robot=self._program.id, connector="chat", id=SESSION)
        return session_values(session, self._program, self._of_user, masked=False)[name]

    @property
    def flow(self) -> str | None:
        """The flow under way, none when nothing is."""
        session = self.session
        return None if session is None else active_flow(session)

    async def _turn(self, **what: Any) -> Exchange:
        now = self._clock.now()
        session = self.session
        new = session is None or self._left(session) < 0
        self._heard += 1
        inbound = Inbound(
            connector="chat", session=SESSION, id=f"user-{self._heard}", robot=self._program.id,
            channel=self._channel, at=now, variables=self._begin_with if new else {}, **what,
        )  # fmt: skip
        self._exchange = exchange = Exchange()
        programs = {self._program.version: self._program}
        leg = await run_turn(
            session, [inbound], programs, self._program, self._ports, user_variables=dict(self._of_user)
        )
        self.keep(leg)
        voice = leg.voices.get(inbound.id)
        if text := inbound.text or (voice.text if voice is not None else ""):
            self.spoken.append(HistoryMessage("user", leg.masked.get(inbound.id, text)))
        self.spoken += [
            HistoryMessage("robot", one.text if one.masked is None else one.masked)
            for one in exchange.messages
            if one.text
        ]
        exchange.trace = leg.trace or {}
        if inbound.text is not None and inbound.edit_of is None:
            self._last = inbound.id
        return exchange

    def keep(self, leg: Leg) -> None:
        """Take over what became durable."""
        self._stored = leg.session.encode()
        for name, value in leg.user_variables.items():
            if isinstance(value, Increment):
                declared = self._program.variables.get(name)
                base = self._of_user.get(name, declared.default if declared else 0) or 0
                self._of_user[name] = base + value.by
            else:
                self._of_user[name] = value
        for message in leg.outgoing:
            self._show(message)
        self._exchange.sent += [
            (one.session, one.say.text) for one in leg.elsewhere.inbounds if one.say is not None
        ]

    def _show(self, message: Outgoing) -> None:
        self._exchange.messages.append(message)
        index = next((k for k, known in enumerate(self.messages) if known.id == message.replaces), None)
        if index is None:
            self.messages.append(message)
        else:
            self.messages[index] = message
        if self._said is not None:
            self._said(message)


def labels(message: Outgoing) -> Sequence[str]:
    """The labels of a message's buttons."""
    return [button.text for button in message.buttons]


def is_spoken(message: Outgoing) -> bool:
    """It comes as a voice message too."""
    return any(one.kind == "voice" for one in message.attachments)
