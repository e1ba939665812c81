"""Messages on their way to their channels: in order within a conversation, again and again until they arrive."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import structlog

from ses.clock import Clock
from ses.connectors.contract import Connector, DeliveryFailed
from ses.conversations.observer import Observer
from ses.errors import SesError
from ses.messages import Conversation, Outgoing
from ses.storage.contract import Store

log = structlog.get_logger("ses.delivery")

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
GIVE_UP = 24 * 3600.0
"""Seconds after which a message that does not arrive counts as failed."""
PAGE = 1000
REPLAYING = frozenset({"api", "web", "chat"})
"""Kinds whose readers fetch what they missed, whether their connector is there now or not."""

_decode = msgspec.json.Decoder(Outgoing).decode


class Parcel(NamedTuple):
    """A message to be delivered. `session` 0: it counts as delivered already, this is the live push."""

    session: int
    at: float
    message: Outgoing


class Lane:
    """The messages of one conversation under way. It exists only while there are some."""

    __slots__ = ("connector", "conversation", "parcels", "pausing", "robot", "task")

    def __init__(self, conversation: Conversation, connector: Connector, robot: str) -> None:
        self.conversation = conversation
        self.connector = connector
        self.robot = robot
        self.parcels: deque[Parcel] = deque()
        self.pausing = False
        """Between two attempts, or before a message that is to come later: nothing is lost by stopping here."""
        self.task: asyncio.Task[None] | None = None

    async def pause(self, seconds: float) -> None:
        self.pausing = True
        await asyncio.sleep(seconds)
        self.pausing = False


class Delivery:
    """Hands outgoing messages to the connectors they belong to."""

    def __init__(self, store: Store, clock: Clock, observer: Observer) -> None:
        self._store = store
        self._clock = clock
        self._observer = observer
        self._connectors: dict[str, Connector] = {}
        self.lanes: dict[Conversation, Lane] = {}

    def attach(self, connector: Connector) -> None:
        self._connectors[connector.name] = connector

    def connector(self, name: str) -> Connector | None:
        return self._connectors.get(name)

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
                lane = self.lanes[conversation] = Lane(conversation, connector, robot)
            lane.parcels.append(Parcel(0 if connector.replays else session, at, message))
        if lane is not None and lane.task is None:
            lane.task = asyncio.get_running_loop().create_task(self._run(lane))

    async def recover(self) -> None:
        """Take up what a former process did not deliver."""
        after = (0, 0)
        missing: set[str] = set()
        while rows := await self._store.undelivered(after, PAGE):
            after = (rows[-1].session, rows[-1].seq)
            for row in rows:
                if row.connector not in self._connectors:
                    missing.add(row.connector)
                    continue
                conversation = Conversation(row.connector, row.session_id)
                lane = self.lanes.get(conversation)
                if lane is None:
                    lane = Lane(conversation, self._connectors[row.connector], row.robot)
                    self.lanes[conversation] = lane
                lane.parcels.append(Parcel(row.session, row.at, _decode(row.body)))
        for lane in self.lanes.values():
            if lane.task is None:
                lane.task = asyncio.get_running_loop().create_task(self._run(lane))
        for name in sorted(missing):
            log.warning("messages wait for a connector that is not configured", connector=name)

    async def stop(self, grace: float) -> None:
        """Let running deliveries finish for a while; what is left stays in the outbox."""
        tasks = [lane.task for lane in self.lanes.values() if lane.task is not None]
        for lane in self.lanes.values():
            while len(lane.parcels) > 1:
                lane.parcels.pop()
            if lane.pausing and lane.task is not None:
                lane.task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _push(self, connector: Connector, conversation: Conversation, message: Outgoing) -> None:
        try:
            await connector.deliver(conversation, message)
        except DeliveryFailed:
            pass  # its reader is away, and will fetch it
        except Exception:
            log.exception("a live push failed", connector=connector.name, message=message.id)

    async def _run(self, lane: Lane) -> None:
        try:
            while lane.parcels:
                parcel = lane.parcels[0]
                if parcel.message.delay:
                    await lane.pause(parcel.message.delay)
                if parcel.session:
                    await self._deliver(lane, parcel)
                else:
                    await self._push(lane.connector, lane.conversation, parcel.message)
                lane.parcels.popleft()
        except Exception:
            log.exception(
                "deliveries of a conversation have stopped until the next start",
                connector=lane.connector.name,
            )
        finally:
            del self.lanes[lane.conversation]

    async def _deliver(self, lane: Lane, parcel: Parcel) -> None:
        pause = FIRST_PAUSE
        failed = False
        while True:
            try:
                await lane.connector.deliver(lane.conversation, parcel.message)
                break
            except DeliveryFailed as error:
                reason, wait = str(error), error.retry_after
                if wait is None:
                    failed = True
            except Exception as error:
                log.exception("a delivery failed", connector=lane.connector.name, message=parcel.message.id)
                reason, wait = type(error).__name__, 0.0
            if failed or self._clock.now() - parcel.at > GIVE_UP:
                failed = True
                log.error(
                    "a message was not delivered",
                    connector=lane.connector.name,
                    message=parcel.message.id,
                    reason=reason,
                )
                break
            await lane.pause(max(pause, wait or 0.0))
            pause = min(pause * 2, LONGEST_PAUSE)
        await self._mark(parcel, failed=failed)
        self._observer.delivered(lane.robot, lane.conversation.connector.partition(".")[0], failed=failed)

    async def _mark(self, parcel: Parcel, *, failed: bool) -> None:
        try:
            await self._store.delivered(parcel.session, parcel.message.seq, failed=failed)
        except SesError as error:
            # It will be sent once more after a restart: at least once is what was promised.
            log.warning("a delivery could not be noted", message=parcel.message.id, reason=str(error))
