"""Messages on their way to their channels: in order within a conversation, again and again until they arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import structlog

from ses.clock import Clock
from ses.connectors.contract import Connector, DeliveryFailed
from ses.conversations.observer import Observer
from ses.conversations.outbound.outbox_queue import HELD, OutboxQueue, QueuedDelivery
from ses.errors import SesError
from ses.messages import Conversation, Outgoing
from ses.storage.contract import Store
from ses.storage.rows import Undelivered

log = structlog.get_logger("ses.delivery")

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
GIVE_UP = 24 * 3600.0
"""Seconds after which a message that does not arrive counts as failed."""
PAGE = 1000
"""Rows of the outbox read at once."""
LANES = 5_000
"""Conversations whose messages are under way at once; those of others wait in the outbox."""
REPLAYING = frozenset({"api", "web", "chat"})
"""Kinds whose readers fetch what they missed, whether their connector is there now or not."""

Lost = Callable[[OutboxQueue, Outgoing, str], Awaitable[None]]
"""Told of each message that will never arrive, with the reason."""

_decode = msgspec.json.Decoder(Outgoing).decode


async def _unheard(lane: OutboxQueue, message: Outgoing, reason: str) -> None:
    """Nobody is told."""


class Delivery:
    """Hands outgoing messages to the connectors they belong to. Memory is bounded: the outbox holds the rest."""

    def __init__(self, store: Store, clock: Clock, observer: Observer, lost: Lost = _unheard) -> None:
        self._store = store
        self._clock = clock
        self._observer = observer
        self._lost = lost
        self._connectors: dict[str, Connector] = {}
        self.lanes: dict[Conversation, OutboxQueue] = {}
        self._left = 0
        """Messages of conversations without a lane that were left in the outbox since it was last looked through."""
        self._looking: asyncio.Task[None] | None = None
        self._done: set[tuple[int, int]] | None = None
        """Session and `seq` of what was delivered while the outbox is looked through: its rows may be older."""
        self._recovered = False
        self._stopping = False

    def attach(self, connector: Connector) -> None:
        """From now on that connector's messages go through it, those that waited for it in the outbox too."""
        self._connectors[connector.name] = connector
        if self._recovered and not connector.replays:
            self._left += 1
            self._look_again()

    def connector(self, name: str) -> Connector | None:
        return self._connectors.get(name)

    @property
    def connectors(self) -> Mapping[str, Connector]:
        """All of them, by name."""
        return self._connectors

    def confirmed(self, name: str) -> bool:
        """Messages of that connector wait until they are known to have arrived; all others count as delivered
        with their commit (readers fetch them: the widget, `/ses/ask`)."""
        connector = self._connectors.get(name)
        if connector is None:
            return name.partition(".")[0] not in REPLAYING
        return not connector.replays

    async def send(
        self, conversation: Conversation, robot: str, session: int, messages: Sequence[Outgoing], at: float
    ) -> None:
        """Deliver what was committed. Live pushes are done on return; everything else goes on by itself."""
        connector = self._connectors.get(conversation.connector)
        if connector is None:
            return
        lane = self.lanes.get(conversation)
        for message in messages:
            if connector.replays and lane is None and not message.delay:
                await self._push(connector, conversation, message)
                continue
            if lane is None:
                # While earlier messages may lie in the outbox, a new one must not go before them.
                if not connector.replays and (self._left or len(self.lanes) >= LANES):
                    self._left += 1
                    if len(self.lanes) <= LANES // 2:
                        self._look_again()
                    continue
                lane = self.lanes[conversation] = OutboxQueue(
                    conversation, robot, 0 if connector.replays else session
                )
            lane.take(at, message)
        if lane is not None:
            self._start(lane)

    async def recover(self) -> None:
        """Take up what a former process did not deliver."""
        self._left += 1
        await self._look_through()
        self._recovered = True
        missing = {name for name in await self._waiting_for() if name not in self._connectors}
        for name in sorted(missing):
            log.warning("messages wait for a connector that is not configured", connector=name)

    async def stop(self, grace: float) -> None:
        """Let running deliveries finish for a while; what is left stays in the outbox."""
        self._stopping = True
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        tasks = [lane.task for lane in self.lanes.values() if lane.task is not None]
        for lane in self.lanes.values():
            lane.left = 0
            while len(lane.parcels) > 1:
                lane.parcels.pop()
            if lane.pausing and lane.task is not None:
                lane.task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # --- the outbox --------------------------------------------------------------------------------------------

    async def _look_through(self) -> None:
        """Give a lane to the conversations whose messages wait in the outbox, as long as there is room."""
        while self._left and not self._stopping:
            left, after = self._left, (0, 0)
            self._done = set()
            while len(self.lanes) < LANES and (rows := await self._store.undelivered(after, PAGE)):
                after = (rows[-1].session, rows[-1].seq)
                self._give_lanes(rows)
            self._done = None
            if len(self.lanes) >= LANES:
                return  # looked through again when there is room
            if self._left == left:
                self._left = 0

    def _give_lanes(self, rows: Sequence[Undelivered]) -> None:
        given: dict[Conversation, OutboxQueue] = {}
        for row in rows:
            if row.connector not in self._connectors or (row.session, row.seq) in (self._done or ()):
                continue
            conversation = Conversation(row.connector, row.session_id)
            lane = given.get(conversation)
            if lane is None:
                if conversation in self.lanes or len(self.lanes) >= LANES:
                    continue  # a lane at work sees to its own
                lane = given[conversation] = self.lanes[conversation] = OutboxQueue(
                    conversation, row.robot, row.session
                )
            lane.take(row.at, _decode(row.body))
        for lane in given.values():
            lane.left += 1  # its rows may go on in the next page: it looks for them itself
            self._start(lane)

    async def _waiting_for(self) -> set[str]:
        """The connectors that something waits for, as far as the first page tells."""
        return {row.connector for row in await self._store.undelivered((0, 0), PAGE)}

    async def _refill(self, lane: OutboxQueue) -> bool:
        """Take the conversation's next messages from the outbox; false when there is none."""
        if not lane.left or not lane.session:
            return False
        left = lane.left
        rows = await self._store.undelivered((lane.session, lane.last), HELD)
        own = [row for row in rows if row.session == lane.session]
        # What was left meanwhile may be missing among these rows.
        lane.left = lane.left - left + (len(own) == HELD)
        for row in own:
            lane.parcels.append(QueuedDelivery(row.at, _decode(row.body)))
            lane.last = row.seq
        return bool(own) or lane.left > 0

    # --- lanes -------------------------------------------------------------------------------------------------

    def _start(self, lane: OutboxQueue) -> None:
        if lane.task is None:
            lane.task = asyncio.get_running_loop().create_task(self._run(lane))

    async def _run(self, lane: OutboxQueue) -> None:
        try:
            while lane.parcels or await self._refill(lane):
                while lane.parcels:
                    await self._next(lane, lane.parcels[0])
                    lane.parcels.popleft()
        except Exception:
            log.exception(
                "deliveries of a conversation have stopped until the next start",
                connector=lane.conversation.connector,
            )
        finally:
            del self.lanes[lane.conversation]
        if self._left and not self._stopping and len(self.lanes) <= LANES // 2:
            self._look_again()

    def _look_again(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._looked_through())

    async def _looked_through(self) -> None:
        while not self._stopping:
            try:
                await self._look_through()
                return
            except SesError as error:
                log.warning("the outbox could not be read", reason=str(error))
                await asyncio.sleep(LONGEST_PAUSE / 10)

    async def _next(self, lane: OutboxQueue, parcel: QueuedDelivery) -> None:
        if parcel.message.delay:
            await lane.pause(parcel.message.delay)
        if lane.session:
            await self._deliver(lane, parcel)
        else:
            await self._push(self._connectors[lane.conversation.connector], lane.conversation, parcel.message)

    async def _push(self, connector: Connector, conversation: Conversation, message: Outgoing) -> None:
        try:
            await connector.deliver(conversation, message)
        except DeliveryFailed:
            pass  # its reader is away, and will fetch it
        except Exception:
            log.exception("a live push failed", connector=connector.name, message=message.id)

    async def _deliver(self, lane: OutboxQueue, parcel: QueuedDelivery) -> None:
        pause = FIRST_PAUSE
        name, message = lane.conversation.connector, parcel.message
        reason = ""
        while True:
            wait: float | None
            try:
                # Asked for anew each time: a reload may have put another in its place.
                await self._connectors[name].deliver(lane.conversation, message)
                break
            except DeliveryFailed as error:
                reason, wait = str(error), error.retry_after
            except Exception as error:
                log.exception("a delivery failed", connector=name, message=message.id)
                reason, wait = type(error).__name__, 0.0
            if wait is None or self._clock.now() - parcel.at > GIVE_UP:
                log.error("a message was not delivered", connector=name, message=message.id, reason=reason)
                await self._mark(lane, message, failed=True)
                await self._lost(lane, message, reason)
                return
            await lane.pause(max(pause, wait))
            pause = min(pause * 2, LONGEST_PAUSE)
        await self._mark(lane, message, failed=False)

    async def _mark(self, lane: OutboxQueue, message: Outgoing, *, failed: bool) -> None:
        try:
            await self._store.delivered(lane.session, message.seq, failed=failed)
        except SesError as error:
            # It will be sent once more after a restart: at least once is what was promised.
            log.warning("a delivery could not be noted", message=message.id, reason=str(error))
        if (
            self._done is not None
        ):  # only now: a look that began while the row was written has read it without the mark
            self._done.add((lane.session, message.seq))
        kind = lane.conversation.connector.partition(".")[0]
        self._observer.delivered(lane.robot, kind, failed=failed)
