"""One turn after the other: from the inbounds at the head of a mailbox to rows on the disk and messages under way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import structlog

from ses.conversations.engine import Engine
from ses.conversations.inbound import debounce
from ses.conversations.inbound.mailbox import Mailbox, Unanswered
from ses.conversations.lifecycle.expiry import runs_end_event
from ses.conversations.lifecycle.robots import Robots
from ses.conversations.observer import Observer, Outcome
from ses.conversations.turns.backend import TurnBackend
from ses.conversations.turns.ports import Isolation, TurnPorts
from ses.dialogue.state.ports import Leg, Model, Services, Voices
from ses.dialogue.state.session import Session
from ses.errors import SesError
from ses.scenario.program.robot import Program
from ses.storage.contract import Store, StoreUnavailable

log = structlog.get_logger("ses.conversations")

NOTHING: Mapping[str, Any] = {}

Treatment = Literal["run", "poison", "drop"]
"""What becomes of an inbound: its turn, the robot's `error` in its place, nothing."""


class TurnRunner:
    """Runs a turn and makes it durable, leg by leg."""

    def __init__(
        self,
        store: Store,
        robots: Robots,
        engine: Engine,
        backend: TurnBackend,
        *,
        services: Services,
        model: Model | None,
        voices: Voices | None,
        observer: Observer,
    ) -> None:
        self._store = store
        self._robots = robots
        self._engine = engine
        self._backend = backend
        self._clock = backend.clock
        self._services = services
        self._model = model
        self._voices = voices
        self._observer = observer

    async def run(
        self, mailbox: Mailbox, treatment: Treatment = "run", isolation: Isolation | None = None
    ) -> int:
        """The next turn of a mailbox: how many inbounds are done with, 0 when their robot is not there.

        Raises `StoreUnavailable` when what it needs cannot be read; nothing has happened then.
        """
        assert mailbox.waiting
        program = self._robots.newest(mailbox.waiting[0].inbound.robot)
        if program is None:
            log.error("a message waits for a robot that is not there", robot=mailbox.waiting[0].inbound.robot)
            return 0
        if not mailbox.row:
            row = await self._store.session(*mailbox.conversation)
            assert row is not None
            mailbox.load(row)
        session = self._session(mailbox, program)
        if session is not None and session.checkpoint is not None:
            batch = debounce.in_flight(mailbox.waiting, session) or [mailbox.waiting[0]]
        elif program.session.burst and treatment == "run":
            batch = await debounce.debounced(mailbox, program.session.burst, self._clock)
        else:
            batch = [mailbox.waiting[0]]
        ports = self._ports(mailbox, program, batch, session, isolation)
        trace = ports.trace
        structlog.contextvars.bind_contextvars(conversation=_name(mailbox), trace=trace)
        outcome: Outcome = "answered" if treatment == "run" else "poison"
        try:
            if treatment == "drop" or _too_late(mailbox, session):
                await self._give_up(ports)
            else:
                leg = await self._run(ports, session, poison=treatment == "poison")
                await self._backend.write(ports, leg)
                if _log_errors(program, leg, trace) and outcome == "answered":
                    outcome = "error"
        except StoreUnavailable:
            raise
        except Exception as error:
            log.exception("a turn failed")
            outcome = "failed"
            await self._apologise(ports, error)
        first = batch[0].inbound
        self._observer.turn_ended(program.id, first.channel, self._clock.now() - first.at, outcome)
        return len(batch)

    def _ports(
        self,
        mailbox: Mailbox,
        program: Program,
        batch: Sequence[Unanswered],
        session: Session | None,
        isolation: Isolation | None,
    ) -> TurnPorts:
        services, model, voices = self._services, self._model, self._voices
        if isolation is not None:
            services = isolation.services(services)
            model = isolation.model(model) if model is not None else None
            voices = isolation.voices(voices) if voices is not None else None
        return TurnPorts(
            self._backend, services, mailbox, program, batch, model=model, voices=voices, isolation=isolation,
            resumed=session is not None and session.checkpoint is not None,
            user=session.user if session is not None else "",
        )  # fmt: skip

    async def _run(self, ports: TurnPorts, session: Session | None, *, poison: bool) -> Leg:
        program = ports.program
        programs = self._robots.programs(program.id)
        inbounds = [one.inbound for one in ports.batch]
        versions = session.versions() if session is not None and session.stack else set()
        for inbound in inbounds:
            if inbound.transfer is not None:
                versions.update(inbound.transfer.versions)
        if missing := versions - programs.keys():
            programs = await self._robots.fetch(program.id, missing)
        values = NOTHING
        if self._robots.keeps_user_values(program):
            values = await self._store.user_values(program.id, ports.user)
        with ports.computing():
            if poison:
                return await self._engine.poison(
                    session, inbounds[0], programs, program, ports, user_variables=values
                )
            return await self._engine.run(session, inbounds, programs, program, ports, user_variables=values)

    def _session(self, mailbox: Mailbox, program: Program) -> Session | None:
        """The state to go on from: none for a conversation that never had a turn, a fresh one if the old one has ended,
        belongs to another robot or cannot be read. One that expired is the engine's if it has an event `end` to run."""
        assert mailbox.waiting
        connector, name = mailbox.conversation
        if mailbox.state is not None:
            try:
                session = Session.decode(mailbox.state)
            except ValueError:
                log.exception("a session cannot be read and begins anew", conversation=_name(mailbox))
            else:
                alive = session.checkpoint is not None or mailbox.waiting[0].inbound.at < mailbox.expires
                if session.robot == program.id and (
                    alive or runs_end_event(self._robots, program.id, connector)
                ):
                    return session
        if not mailbox.turn and not mailbox.seq:
            return None
        return Session(robot=program.id, connector=connector, id=name, turn=mailbox.turn, seq=mailbox.seq)

    async def _apologise(self, ports: TurnPorts, error: Exception) -> None:
        """The engine itself failed: the robot's `error` answers, and if that fails too the inbound is done with."""
        if not isinstance(error, SesError):
            try:
                leg = await self._run(ports, self._session(ports.mailbox, ports.program), poison=True)
                await self._backend.write(ports, leg)
                return
            except StoreUnavailable:
                raise
            except Exception:
                log.exception("the answer to a failed turn failed too")
        await self._give_up(ports)

    async def _give_up(self, ports: TurnPorts) -> None:
        """Done with, without a word; the conversation stands as it stood before."""
        session = self._session(ports.mailbox, ports.program)
        if session is None:
            connector, name = ports.mailbox.conversation
            session = Session(robot=ports.program.id, connector=connector, id=name)
        over = ports.batch[0].inbound.event == "end" and not _too_late(ports.mailbox, session)
        if session.checkpoint is None:
            session.turn += 1
        session.checkpoint = None
        await self._backend.write(ports, Leg(session, session_ended=over))


def _log_errors(program: Program, leg: Leg, trace: str) -> bool:
    """Log each step that failed, once: the turn is durable now. True when one was left to the event `error`.

    An error that the author took care of is told as information; what its user cancelled is no error.
    """
    left = False
    for error in leg.errors:
        if error["kind"] in ("cancelled", "poison"):
            continue
        caught = bool(error.get("caught"))
        left |= not caught
        facts = {key: error[key] for key in ("line", "flow", "step", "service", "status") if key in error}
        (log.info if caught else log.warning)(
            "a step failed",
            robot=program.id,
            trace=trace,
            kind=error["kind"],
            reason=error.get("message", ""),
            **facts,
        )
    return left


def _too_late(mailbox: Mailbox, session: Session | None) -> bool:
    """An `end` at the head came after somebody spoke: the session lives."""
    assert mailbox.waiting
    inbound = mailbox.waiting[0].inbound
    in_flight = session is not None and session.checkpoint is not None
    return inbound.event == "end" and not in_flight and inbound.at < mailbox.expires


def _name(mailbox: Mailbox) -> str:
    return "/".join(mailbox.conversation)
