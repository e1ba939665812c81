"""What stands behind the ports of all turns: legs become durable and are delivered, questions of a turn are answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from ses.clock import Clock
from ses.connectors.contract import Refused, Transcribing
from ses.conversations.external.quiet_hours import QuietHours
from ses.conversations.external.recipients import STATUS, Recipients, recipient_of
from ses.conversations.outbound.delivery import Delivery
from ses.conversations.turns import rows
from ses.conversations.turns.ports import TurnPorts
from ses.conversations.turns.waiters import ReplyWaiters
from ses.conversations.voice.processor import VoiceProcessor
from ses.dialogue.state.ports import Address, HistoryMessage, Leg, Link
from ses.errors import ErrorKind, StepError
from ses.flow.backoff import Backoff
from ses.messages import Delta, Inbound
from ses.storage.contract import Store, StoreUnavailable
from ses.storage.rows import Accepted, TurnRecord

log = structlog.get_logger("ses.conversations")

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0

StoredWithLeg = Callable[[Inbound, Accepted], None]


class TurnBackend:
    """Implements `ses.conversations.turns.ports.PortsBackend`."""

    def __init__(
        self,
        store: Store,
        delivery: Delivery,
        waiters: ReplyWaiters,
        recipients: Recipients,
        quiet: QuietHours,
        *,
        stored_with_leg: StoredWithLeg,
        clock: Clock,
        voices: VoiceProcessor | None = None,
    ) -> None:
        """`stored_with_leg` is told of inbounds that a leg brought to other conversations, when they are durable."""
        self.clock = clock
        self._store = store
        self._delivery = delivery
        self._waiters = waiters
        self._recipients = recipients
        self._quiet = quiet
        self._stored_with_leg = stored_with_leg
        self._voices = voices

    # --- legs --------------------------------------------------------------------------------------------------

    async def write(self, ports: TurnPorts, leg: Leg) -> None:
        """Make a leg durable, then deliver it. On the final one the batch is done with."""
        mailbox, now = ports.mailbox, self.clock.now()
        confirmed = self._delivery.confirmed(mailbox.conversation.connector)
        record = rows.turn_record(ports, leg, now, confirmed=confirmed)
        if leg.final and ports.isolation is not None:
            ports.isolation.leave()
        accepted = await self._commit(record)
        if leg.elsewhere.inbounds:
            for inbound, one in zip(leg.elsewhere.inbounds, accepted, strict=True):
                self._stored_with_leg(inbound, one)
        mailbox.state, mailbox.turn, mailbox.seq = record.state, record.turn, record.seq
        mailbox.robot, mailbox.expires, mailbox.private = record.robot, record.expires, record.private
        ports.said.extend(leg.outgoing)
        if leg.final:
            self._done(ports, leg)
            if leg.masked and leg.voices:
                await self._forget_private(ports, leg)
        if leg.outgoing:
            await self._delivery.send(mailbox.conversation, record.robot, mailbox.row, leg.outgoing, now)
        ports.show_typing(self._delivery.connector(mailbox.conversation.connector), on=not leg.final)

    async def _forget_private(self, ports: TurnPorts, leg: Leg) -> None:
        """What was said is stored without its private values; the recording, which still has them, goes."""
        for name in leg.masked.keys() & leg.voices.keys():
            if self._voices is not None and leg.voices[name].media:
                try:
                    await self._voices.forget(ports.mailbox.conversation, leg.voices[name].media)
                except OSError:
                    log.exception("a private recording could not be removed")

    def _done(self, ports: TurnPorts, leg: Leg) -> None:
        waiting = ports.mailbox.waiting
        assert waiting
        for one in ports.batch:
            if waiting[0] is one:
                waiting.popleft()
            else:
                waiting.remove(one)
        self._waiters.answer(ports, leg)

    async def _commit(self, record: TurnRecord) -> Sequence[Accepted]:
        """While nothing can be stored, the turn waits; its conversation waits with it."""
        backoff = None
        while True:
            try:
                return await self._store.commit(record)
            except StoreUnavailable:
                backoff = backoff or Backoff(FIRST_PAUSE, LONGEST_PAUSE)
                await self.clock.sleep(backoff.next())

    # --- what a turn asks for while it runs ----------------------------------------------------------------------

    async def link(self, hash_: bytes) -> Link | None:
        """See `ses.dialogue.state.ports.Ports.link`. Raises `StoreUnavailable`."""
        row = await self._store.link(hash_)
        return None if row is None else Link(row.connector, row.session, row.robot, row.to, row.expires)

    async def address(self, ports: TurnPorts, to: str, connector: str) -> Address:
        """See `ses.dialogue.state.ports.Ports.address`."""
        try:
            target = await self._recipients.find((ports.program.id,), recipient_of(to, connector))
            if target.conversation != ports.mailbox.conversation:
                await self._quiet.check(ports.program, target)
        except Refused as refusal:
            kind: ErrorKind = "connect" if refusal.code == "busy" else "denied"
            raise StepError(kind, str(refusal), service="send", status=STATUS.get(refusal.code)) from None
        return Address(*target.conversation, target.user, target.variables)

    async def history(self, ports: TurnPorts, last: int) -> Sequence[HistoryMessage]:
        """See `ses.dialogue.state.ports.Ports.history`. Raises `StoreUnavailable`."""
        mailbox = ports.mailbox  # the turn's first leg is stored by now
        lines = await self._store.turns(mailbox.row, last=last + 1)
        earlier = [line for line in lines if line.turn is not None and line.turn < mailbox.turn]
        spoken = [rows.spoken(line) for line in earlier[-last:]]
        return [one for one in spoken if one is not None]

    def show(self, ports: TurnPorts, delta: Delta) -> None:
        conversation = ports.mailbox.conversation
        connector = self._delivery.connector(conversation.connector)
        if connector is not None:
            connector.stream(conversation, delta)

    def show_transcript(self, ports: TurnPorts, inbound: str, text: str) -> None:
        conversation = ports.mailbox.conversation
        connector: object = self._delivery.connector(conversation.connector)
        if isinstance(connector, Transcribing):
            connector.transcript(conversation, inbound, text)
