"""What happens to a conversation whose message will never arrive: its robot hears of it, once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from ses.clock import Clock
from ses.connectors.contract import Refused
from ses.conversations.codec import decode_inbound
from ses.conversations.outbound.outbox_queue import OutboxQueue
from ses.messages import Inbound, Outgoing
from ses.storage.contract import Store

log = structlog.get_logger("ses.delivery")

EVENT_ID = "~undelivered-"
"""Before the turn in the id of the event, so that one turn makes one event."""
LOOKED_AT = 50
"""Turns among which the one that said the message is looked for."""


class Undeliverable:
    """Tells a robot by its event `error` (`kind: delivery`). What is said by the turn of such an event makes no other."""

    def __init__(self, store: Store, clock: Clock, receive: Callable[[Inbound], Awaitable[bool]]) -> None:
        self._store = store
        self._clock = clock
        self._receive = receive

    async def tell(self, queue: OutboxQueue, message: Outgoing, reason: str) -> None:
        """Never raises: the message is lost already, and the log says so."""
        turn = message.id.rpartition("/")[0].rpartition("/")[2]
        try:
            if not turn.isdecimal() or await self._was_told(queue.session, int(turn)):
                return
            await self._receive(
                Inbound(
                    connector=queue.conversation.connector,
                    session=queue.conversation.session,
                    id=f"{EVENT_ID}{turn}",
                    robot=queue.robot,
                    channel=queue.conversation.connector.partition(".")[0],
                    at=self._clock.now(),
                    event="error",
                    payload={"kind": "delivery", "message": reason},
                )
            )
        except Refused as refusal:
            log.warning(
                "the robot could not be told of a lost message", message=message.id, reason=str(refusal)
            )
        except Exception:
            log.exception("the robot could not be told of a lost message", message=message.id)

    async def _was_told(self, session: int, turn: int) -> bool:
        """Whether that turn was the answer to such an event."""
        for line in await self._store.turns(session, last=LOOKED_AT):
            if line.turn == turn and not line.side and decode_inbound(line.body).id.startswith(EVENT_ID):
                return True
        return False
