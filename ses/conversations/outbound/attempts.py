"""One message to its channel: again and again until it arrives, or never will."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog

from ses.clock import Clock
from ses.connectors.contract import Connector, DeliveryFailed
from ses.conversations.observer import Observer
from ses.conversations.outbound.outbox_queue import OutboxQueue, QueuedDelivery
from ses.errors import SesError
from ses.flow.backoff import Backoff
from ses.messages import Conversation, Outgoing
from ses.storage.contract import Store

log = structlog.get_logger("ses.delivery")

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
GIVE_UP = 24 * 3600.0
"""Seconds after which a message that does not arrive counts as failed."""

OnLost = Callable[[OutboxQueue, Outgoing, str], Awaitable[None]]
"""Told of each message that will never arrive, with the reason."""


async def _ignore(queue: OutboxQueue, message: Outgoing, reason: str) -> None:
    """Nobody is told."""


class Attempts:
    """Delivers one message of a queue."""

    def __init__(
        self,
        store: Store,
        connectors: Mapping[str, Connector],
        clock: Clock,
        observer: Observer,
        on_lost: OnLost | None,
        on_noted: Callable[[int, int], None],
    ) -> None:
        """`on_noted`: session and `seq` of each message whose row says from now on what became of it."""
        self._store = store
        self._connectors = connectors
        self._clock = clock
        self._observer = observer
        self._on_lost = on_lost or _ignore
        self._on_noted = on_noted

    async def deliver(self, queue: OutboxQueue, delivery: QueuedDelivery) -> None:
        """Returns when the message has arrived, or is given up."""
        if delivery.message.delay:
            await self._pause(queue, delivery.message.delay)
        if queue.session:
            await self._deliver(queue, delivery)
        else:
            connector = self._connectors[queue.conversation.connector]
            await self.push(connector, queue.conversation, delivery.message)

    async def push(self, connector: Connector, conversation: Conversation, message: Outgoing) -> None:
        """A live push, tried once: its reader can fetch it."""
        try:
            await connector.deliver(conversation, message)
        except DeliveryFailed:
            pass  # its reader is away, and will fetch it
        except Exception:
            log.exception("a live push failed", connector=connector.name, message=message.id)

    async def _deliver(self, queue: OutboxQueue, delivery: QueuedDelivery) -> None:
        backoff: Backoff | None = None
        name, message = queue.conversation.connector, delivery.message
        while True:
            wait: float | None
            try:
                # Asked for anew each time: a reload may have put another in its place.
                await self._connectors[name].deliver(queue.conversation, message)
                break
            except DeliveryFailed as error:
                reason, wait = str(error), error.retry_after
            except Exception as error:
                log.exception("a delivery failed", connector=name, message=message.id)
                reason, wait = type(error).__name__, 0.0
            if wait is None or self._clock.now() - delivery.at > GIVE_UP:
                log.error("a message was not delivered", connector=name, message=message.id, reason=reason)
                await self._note(queue, message, failed=True)
                await self._on_lost(queue, message, reason)
                return
            backoff = backoff or Backoff(FIRST_PAUSE, LONGEST_PAUSE)
            await self._pause(queue, max(backoff.next(), wait))
        await self._note(queue, message, failed=False)

    async def _pause(self, queue: OutboxQueue, seconds: float) -> None:
        queue.pausing = True
        try:
            await self._clock.sleep(seconds)
        finally:
            queue.pausing = False

    async def _note(self, queue: OutboxQueue, message: Outgoing, *, failed: bool) -> None:
        try:
            await self._store.delivered(queue.session, message.seq, failed=failed)
        except SesError as error:
            # It will be sent once more after a restart: at least once is what was promised.
            log.warning("a delivery could not be noted", message=message.id, reason=str(error))
        self._on_noted(queue.session, message.seq)
        kind = queue.conversation.connector.partition(".")[0]
        self._observer.delivered(queue.robot, kind, failed=failed)
