"""Messages on their way to their channels: in order within a conversation, again and again until they arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from ses.clock import Clock
from ses.connectors.contract import Connector
from ses.conversations.codec import decode_outgoing
from ses.conversations.observer import Observer, Stats
from ses.conversations.outbound.attempts import Attempts, OnLost
from ses.conversations.outbound.outbox_queue import IN_MEMORY, OutboxQueue, QueuedDelivery
from ses.errors import SesError
from ses.messages import Conversation, Outgoing
from ses.storage.contract import Store
from ses.storage.rows import Undelivered

log = structlog.get_logger("ses.delivery")

SCAN_PAUSE = 6.0
"""Seconds before the outbox is scanned again when it could not be read."""
PAGE = 1000
"""Rows of the outbox read at once."""
MOST_QUEUES = 5_000
"""Conversations whose messages are under way at once; those of others wait in the outbox."""
REPLAYING = frozenset({"api", "web", "chat"})
"""Kinds whose readers fetch what they missed, whether their connector is there now or not."""


class Delivery:
    """Hands outgoing messages to the connectors they belong to. Memory is bounded: the outbox holds the rest."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        observer: Observer,
        on_lost: OnLost | None = None,
        *,
        most_queues: int = MOST_QUEUES,
    ) -> None:
        self._store = store
        self._clock = clock
        self._connectors: dict[str, Connector] = {}
        self._attempts = Attempts(store, self._connectors, clock, observer, on_lost, self._noted)
        self.queues: dict[Conversation, OutboxQueue] = {}
        self._most_queues = most_queues
        self._left = 0
        """Messages of conversations without a queue that were left in the outbox since it was last scanned."""
        self._scan: asyncio.Task[None] | None = None
        self._noted_meanwhile: set[tuple[int, int]] | None = None
        """Session and `seq` of what was delivered while the outbox is scanned: rows that were read may be older."""
        self._recovered = False
        self._stopping = False

    # --- connectors --------------------------------------------------------------------------------------------

    def attach(self, connector: Connector) -> None:
        """From now on that connector's messages go through it, those that waited for it in the outbox too."""
        self._connectors[connector.name] = connector
        if self._recovered and not connector.replays:
            self._left += 1
            self._start_scan()

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

    # --- messages ----------------------------------------------------------------------------------------------

    async def send(
        self, conversation: Conversation, robot: str, session: int, messages: Sequence[Outgoing], at: float
    ) -> None:
        """Deliver what was committed. Live pushes are done on return; everything else goes on by itself."""
        connector = self._connectors.get(conversation.connector)
        if connector is None:
            return
        queue = self.queues.get(conversation)
        for message in messages:
            if connector.replays and queue is None and not message.delay:
                await self._attempts.push(connector, conversation, message)
                continue
            if queue is None:
                # While earlier messages may lie in the outbox, a new one must not go before them.
                if not connector.replays and (self._left or len(self.queues) >= self._most_queues):
                    self._left += 1
                    if len(self.queues) <= self._most_queues // 2:
                        self._start_scan()
                    continue
                queue = self.queues[conversation] = OutboxQueue(
                    conversation, robot, 0 if connector.replays else session
                )
            queue.put(at, message)
        if queue is not None:
            self._start(queue)

    async def recover(self) -> None:
        """Take up what a former process did not deliver."""
        self._left += 1
        await self._scan_outbox()
        self._recovered = True
        rows = await self._store.undelivered((0, 0), PAGE)
        for name in sorted({row.connector for row in rows} - self._connectors.keys()):
            log.warning("messages wait for a connector that is not configured", connector=name)

    async def stop(self, grace: float) -> None:
        """Let running deliveries finish for a while; what is left stays in the outbox."""
        self._stopping = True
        if self._scan is not None:
            self._scan.cancel()
            await asyncio.gather(self._scan, return_exceptions=True)
        tasks = [queue.task for queue in self.queues.values() if queue.task is not None]
        for queue in self.queues.values():
            queue.on_disk = 0
            while len(queue.deliveries) > 1:
                queue.deliveries.pop()
            if queue.pausing and queue.task is not None:
                queue.task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # --- figures -----------------------------------------------------------------------------------------------

    def undelivered(self) -> dict[str, tuple[int, float]]:
        """By connector: messages in memory that are under way to it, and the age of the oldest in seconds."""
        now = self._clock.now()
        found: dict[str, tuple[int, float]] = {}
        for queue in self.queues.values():
            if queue.deliveries and queue.session:
                count, age = found.get(queue.conversation.connector, (0, 0.0))
                age = max(age, now - queue.deliveries[0].at)
                found[queue.conversation.connector] = (count + len(queue.deliveries), age)
        return found

    def add_to(self, stats: Stats) -> None:
        """Write how many messages wait, and for how long."""
        now = self._clock.now()
        for queue in self.queues.values():
            if queue.deliveries:
                key = (queue.robot, queue.conversation.connector.partition(".")[0])
                stats.outbox[key] = stats.outbox.get(key, 0) + len(queue.deliveries)
                stats.outbox_age[key] = max(stats.outbox_age.get(key, 0.0), now - queue.deliveries[0].at)

    # --- queues ------------------------------------------------------------------------------------------------

    def _start(self, queue: OutboxQueue) -> None:
        if queue.task is None:
            queue.task = asyncio.get_running_loop().create_task(self._run(queue))

    async def _run(self, queue: OutboxQueue) -> None:
        try:
            while queue.deliveries or await self._refill(queue):
                while queue.deliveries:
                    await self._attempts.deliver(queue, queue.deliveries[0])
                    queue.deliveries.popleft()
        except Exception:
            log.exception(
                "deliveries of a conversation have stopped until the next start",
                connector=queue.conversation.connector,
            )
        finally:
            del self.queues[queue.conversation]
        if self._left and not self._stopping and len(self.queues) <= self._most_queues // 2:
            self._start_scan()

    async def _refill(self, queue: OutboxQueue) -> bool:
        """Read the conversation's next messages from the outbox; false when there is none."""
        if not queue.on_disk or not queue.session:
            return False
        on_disk = queue.on_disk
        rows = await self._store.undelivered((queue.session, queue.last), IN_MEMORY)
        own = [row for row in rows if row.session == queue.session]
        # What was left meanwhile may be missing among these rows.
        queue.on_disk = queue.on_disk - on_disk + (len(own) == IN_MEMORY)
        for row in own:
            queue.deliveries.append(QueuedDelivery(row.at, decode_outgoing(row.body)))
            queue.last = row.seq
        return bool(own) or queue.on_disk > 0

    def _noted(self, session: int, seq: int) -> None:
        # Only now: a scan that began while the row was written has read it as it was before.
        if self._noted_meanwhile is not None:
            self._noted_meanwhile.add((session, seq))

    # --- the scan of the outbox --------------------------------------------------------------------------------

    def _start_scan(self) -> None:
        if self._scan is None or self._scan.done():
            self._scan = asyncio.get_running_loop().create_task(self._scan_patiently())

    async def _scan_patiently(self) -> None:
        while not self._stopping:
            try:
                await self._scan_outbox()
                return
            except SesError as error:
                log.warning("the outbox could not be read", reason=str(error))
                await self._clock.sleep(SCAN_PAUSE)

    async def _scan_outbox(self) -> None:
        """Give a queue to the conversations whose messages wait in the outbox, as long as there is room."""
        while self._left and not self._stopping:
            left, after = self._left, (0, 0)
            self._noted_meanwhile = set()
            while len(self.queues) < self._most_queues and (
                rows := await self._store.undelivered(after, PAGE)
            ):
                after = (rows[-1].session, rows[-1].seq)
                self._make_queues(rows)
            self._noted_meanwhile = None
            if len(self.queues) >= self._most_queues:
                return  # scanned again when there is room
            if self._left == left:
                self._left = 0

    def _make_queues(self, rows: Sequence[Undelivered]) -> None:
        made: dict[Conversation, OutboxQueue] = {}
        for row in rows:
            noted = (row.session, row.seq) in (self._noted_meanwhile or ())
            if row.connector not in self._connectors or noted:
                continue
            conversation = Conversation(row.connector, row.session_id)
            queue = made.get(conversation)
            if queue is None:
                if conversation in self.queues or len(self.queues) >= self._most_queues:
                    continue  # a queue at work sees to its own
                queue = made[conversation] = self.queues[conversation] = OutboxQueue(
                    conversation, row.robot, row.session
                )
            queue.put(row.at, decode_outgoing(row.body))
        for queue in made.values():
            queue.on_disk += 1  # its rows may go on in the next page: it looks for them itself
            self._start(queue)
