"""One turn after the other: from the inbounds at the head of a mailbox to rows on the disk and messages under way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import structlog

from ses.clock import Clock
from ses.connectors.contract import Refused, Transcribing
from ses.conversations.engine import Engine
from ses.conversations.external.quiet_hours import QuietHours
from ses.conversations.external.recipients import STATUS, Recipients, addressee
from ses.conversations.inbound import debounce
from ses.conversations.inbound.mailbox import Mailbox
from ses.conversations.lifecycle.expiry import ends
from ses.conversations.lifecycle.robots import Robots
from ses.conversations.observer import Observer, Outcome
from ses.conversations.outbound.delivery import Delivery
from ses.conversations.recovery.quarantine import OutsideCalls, OutsideModel, OutsideVoices, Quarantine
from ses.conversations.turns import rows
from ses.conversations.turns.ports import TurnPorts
from ses.conversations.turns.waiters import ReplyWaiters
from ses.conversations.voice.voices import DaemonVoices
from ses.dialogue.state.ports import Address, Leg, Link, Model, Services, Spoken, Voices
from ses.dialogue.state.session import Session
from ses.errors import ErrorKind, SesError, StepError
from ses.messages import Delta, Inbound
from ses.scenario.program.robot import Program
from ses.storage.contract import Store, StoreUnavailable
from ses.storage.rows import Accepted, TurnRecord

log = structlog.get_logger("ses.conversations")

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
NOTHING: Mapping[str, Any] = {}

Arrived = Callable[[Inbound, Accepted], None]

Treatment = Literal["run", "poison", "drop"]
"""What becomes of an inbound: its turn, the robot's `error` in its place, nothing."""


class TurnRunner:
    """Runs a turn and makes it durable, leg by leg."""

    def __init__(
        self,
        store: Store,
        robots: Robots,
        engine: Engine,
        services: Services,
        model: Model | None,
        *,
        delivery: Delivery,
        askers: ReplyWaiters,
        clock: Clock,
        observer: Observer,
        addresses: Recipients,
        quiet: QuietHours,
        arrived: Arrived,
        voices: DaemonVoices | None = None,
    ) -> None:
        """`arrived` is told of inbounds that a leg brought to other conversations, when they are durable."""
        self.clock = clock
        self._store = store
        self._robots = robots
        self._engine = engine
        self._services = services
        self._model = model
        self._voices = voices
        self._delivery = delivery
        self._askers = askers
        self._observer = observer
        self._addresses = addresses
        self._quiet = quiet
        self._arrived = arrived

    # --- one turn ----------------------------------------------------------------------------------------------

    async def run(
        self, mailbox: Mailbox, treatment: Treatment = "run", solitude: Quarantine | None = None
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
            mailbox.learn(row)
        session = self._session(mailbox, program)
        if session is not None and session.flight is not None:
            batch = debounce.in_flight(mailbox.waiting, session) or [mailbox.waiting[0]]
        elif program.session.burst and treatment == "run":
            batch = await debounce.gather(mailbox, program.session.burst, self.clock)
        else:
            batch = [mailbox.waiting[0]]
        resumed = session is not None and session.flight is not None
        services = OutsideCalls(self._services, solitude) if solitude is not None else self._services
        model = self._model
        if model is not None and solitude is not None:
            model = OutsideModel(model, solitude)
        voices: Voices | None = self._voices
        if voices is not None and solitude is not None:
            voices = OutsideVoices(voices, solitude)
        run = TurnPorts(
            self, services, mailbox, program, batch, model=model, resumed=resumed, solitude=solitude, voices=voices,
            user=session.user if session is not None else "",
        )  # fmt: skip
        structlog.contextvars.bind_contextvars(conversation=_name(mailbox), trace=run.trace)
        outcome: Outcome = "answered" if treatment == "run" else "poison"
        try:
            if treatment == "drop" or _too_late(mailbox, session):
                await self._give_up(run)
            else:
                leg = await self._run(run, session, poison=treatment == "poison")
                await self.write(run, leg)
        except StoreUnavailable:
            raise
        except Exception as error:
            log.exception("a turn failed")
            outcome = "failed"
            await self._apologise(run, error)
        first = batch[0].inbound
        self._observer.turn_ended(program.id, first.channel, self.clock.now() - first.at, outcome)
        return len(batch)

    async def _run(self, run: TurnPorts, session: Session | None, *, poison: bool) -> Leg:
        program = run.program
        programs = self._robots.programs(program.id)
        inbounds = [one.inbound for one in run.batch]
        versions = session.versions() if session is not None and session.stack else set()
        for inbound in inbounds:
            if inbound.passage is not None:
                versions.update(inbound.passage.versions)
        if missing := versions - programs.keys():
            programs = await self._robots.fetch(program.id, missing)
        values = NOTHING
        if self._robots.keeps_user_values(program):
            values = await self._store.user_values(program.id, run.user)
        with run.computing():
            if poison:
                return await self._engine.poison(
                    session, inbounds[0], programs, program, run, user_variables=values
                )
            return await self._engine.run(session, inbounds, programs, program, run, user_variables=values)

    def _session(self, mailbox: Mailbox, program: Program) -> Session | None:
        """The state to go on from: none for a conversation that never had a turn, a fresh one if the old one has ended,
        belongs to another robot or cannot be read. One that expired is the engine's if it has an event `end` to run."""
        assert mailbox.waiting
        if mailbox.state is not None:
            try:
                session = Session.decode(mailbox.state)
            except ValueError:
                log.exception("a session cannot be read and begins anew", conversation=_name(mailbox))
            else:
                alive = session.flight is not None or mailbox.waiting[0].inbound.at < mailbox.expires
                if (
                    alive or ends(self._robots, program.id, mailbox.conversation.connector)
                ) and session.robot == program.id:
                    return session
        if not mailbox.turn and not mailbox.seq:
            return None
        connector, name = mailbox.conversation
        return Session(robot=program.id, connector=connector, id=name, turn=mailbox.turn, seq=mailbox.seq)

    async def _apologise(self, run: TurnPorts, error: Exception) -> None:
        """The engine itself failed: the robot's `error` answers, and if that fails too the inbound is done with."""
        if not isinstance(error, SesError):
            try:
                leg = await self._run(run, self._session(run.mailbox, run.program), poison=True)
                await self.write(run, leg)
                return
            except StoreUnavailable:
                raise
            except Exception:
                log.exception("the answer to a failed turn failed too")
        await self._give_up(run)

    async def _give_up(self, run: TurnPorts) -> None:
        """Done with, without a word; the conversation stands as it stood before."""
        session = self._session(run.mailbox, run.program)
        if session is None:
            connector, name = run.mailbox.conversation
            session = Session(robot=run.program.id, connector=connector, id=name)
        over = run.batch[0].inbound.event == "end" and not _too_late(run.mailbox, session)
        if session.flight is None:
            session.turn += 1
        session.flight = None
        await self.write(run, Leg(session, over=over))

    # --- what a turn asks for while it runs ----------------------------------------------------------------------

    async def link(self, hash_: bytes) -> Link | None:
        """See `ses.dialogue.state.ports.Ports.link`. Raises `StoreUnavailable`."""
        row = await self._store.link(hash_)
        return None if row is None else Link(row.connector, row.session, row.robot, row.to, row.expires)

    async def address(self, run: TurnPorts, to: str, connector: str) -> Address:
        """See `ses.dialogue.state.ports.Ports.address`."""
        try:
            target = await self._addresses.find((run.program.id,), addressee(to, connector))
            if target.conversation != run.mailbox.conversation:
                await self._quiet.check(run.program, target)
        except Refused as refusal:
            kind: ErrorKind = "connect" if refusal.code == "busy" else "denied"
            raise StepError(kind, str(refusal), service="send", status=STATUS.get(refusal.code)) from None
        return Address(*target.conversation, target.user, target.variables)

    async def history(self, run: TurnPorts, last: int) -> Sequence[Spoken]:
        """See `ses.dialogue.state.ports.Ports.history`. Raises `StoreUnavailable`."""
        mailbox = run.mailbox  # the turn's first leg is stored by now
        lines = await self._store.turns(mailbox.row, last=last + 1)
        earlier = [line for line in lines if line.turn is not None and line.turn < mailbox.turn]
        spoken = [rows.spoken(line) for line in earlier[-last:]]
        return [one for one in spoken if one is not None]

    def show(self, run: TurnPorts, delta: Delta) -> None:
        conversation = run.mailbox.conversation
        connector = self._delivery.connector(conversation.connector)
        if connector is not None:
            connector.stream(conversation, delta)

    def show_heard(self, run: TurnPorts, inbound: str, text: str) -> None:
        conversation = run.mailbox.conversation
        connector: object = self._delivery.connector(conversation.connector)
        if isinstance(connector, Transcribing):
            connector.transcript(conversation, inbound, text)

    # --- legs --------------------------------------------------------------------------------------------------

    async def write(self, run: TurnPorts, leg: Leg) -> None:
        """Make a leg durable, then deliver it. On the final one the batch is done with."""
        mailbox, now = run.mailbox, self.clock.now()
        confirmed = self._delivery.confirmed(mailbox.conversation.connector)
        record = rows.turn_record(run, leg, now, confirmed=confirmed)
        if leg.final and run.solitude is not None:
            run.solitude.leave()
        came = await self._commit(record)
        if leg.beyond.inbounds:
            for inbound, accepted in zip(leg.beyond.inbounds, came, strict=True):
                self._arrived(inbound, accepted)
        mailbox.state, mailbox.turn, mailbox.seq = record.state, record.turn, record.seq
        mailbox.robot, mailbox.expires, mailbox.private = record.robot, record.expires, record.private
        run.said.extend(leg.outgoing)
        if leg.final:
            self._done(run, leg)
            if leg.masked and leg.voices:
                await self._forget_private(run, leg)
        if leg.outgoing:
            await self._delivery.send(mailbox.conversation, record.robot, mailbox.row, leg.outgoing, now)
        run.show_typing(self._delivery.connector(mailbox.conversation.connector), on=not leg.final)

    async def _forget_private(self, run: TurnPorts, leg: Leg) -> None:
        """What was said is stored without its private values; the recording, which still has them, goes."""
        for name in leg.masked.keys() & leg.voices.keys():
            if self._voices is not None and leg.voices[name].media:
                try:
                    await self._voices.forget(run.mailbox.conversation, leg.voices[name].media)
                except OSError:
                    log.exception("a private recording could not be removed")

    def _done(self, run: TurnPorts, leg: Leg) -> None:
        waiting = run.mailbox.waiting
        assert waiting
        for one in run.batch:
            if waiting[0] is one:
                waiting.popleft()
            else:
                waiting.remove(one)
        self._askers.answer(run, leg)

    async def _commit(self, record: TurnRecord) -> Sequence[Accepted]:
        """While nothing can be stored, the turn waits; its conversation waits with it."""
        pause = FIRST_PAUSE
        while True:
            try:
                return await self._store.commit(record)
            except StoreUnavailable:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)


def _too_late(mailbox: Mailbox, session: Session | None) -> bool:
    """An `end` at the head came after somebody spoke: the session lives."""
    assert mailbox.waiting
    inbound = mailbox.waiting[0].inbound
    in_flight = session is not None and session.flight is not None
    return inbound.event == "end" and not in_flight and inbound.at < mailbox.expires


def _name(mailbox: Mailbox) -> str:
    return "/".join(mailbox.conversation)
