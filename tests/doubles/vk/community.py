"""One community and its conversations: the state that all sides of the emulated VK share."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from doubles.vk.faults import ERRORS, ApiError, Fault
from doubles.vk.messages import Message, Press


class Community:
    def __init__(
        self,
        *,
        group_id: int = 77,
        token: str = "vk1.a.community",
        now: Callable[[], float],
        rate: int | None = None,
    ) -> None:
        """`rate`: calls a second above which error 6 is answered."""
        self.group_id = group_id
        self.token = token
        self.url = ""
        self.conversations: defaultdict[int, list[Message]] = defaultdict(list)
        """By `peer_id`: both sides' messages."""
        self.calls: list[tuple[str, dict[str, str]]] = []
        """Every call that was carried out, without its token."""
        self.faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        """By method (`messages.send`, `upload`, or `*` for any): what goes wrong next."""
        self.failed: deque[int] = deque()
        """What the long poll answers next: 1, 2 or 3; anything else is news."""
        self.poll_faults: deque[Fault] = deque()
        self.denied: set[int] = set()
        """People who allow no messages: 901."""
        self.presses: dict[str, Press] = {}
        self.uploads: dict[str, bytes] = {}
        """By the name that messages carry them under."""
        self.files: dict[str, bytes] = {}
        """What people sent, by the name under `url` + `/files/`."""
        self.callback: tuple[str, str] | None = None
        """Address and secret of the Callback API; events then go there."""
        self.callback_answers: list[tuple[int, str]] = []
        self.kept = 1000
        """Events that the long poll keeps."""
        self.polls = 0
        """Calls of the long poll."""
        self.acknowledged: set[str] = set()
        """Ids of events that the Callback API answered with `ok`."""
        self.newest: dict[str, Any] = {}
        """The last event."""
        self._now = now
        self._rate = rate
        self._times: deque[float] = deque()
        self._events: list[dict[str, Any]] = []
        self._base = 1
        """`ts` of the first event that is kept."""
        self._key = secrets.token_hex(8)
        self._something = asyncio.Condition()
        self._closing = False
        self._ids = itertools.count(1)
        self._uploaded: dict[str, tuple[str, str, bytes]] = {}
        self._random: dict[tuple[int, int], Message] = {}

    def texts(self, peer: int) -> list[str]:
        """What the community said to somebody."""
        return [one.text for one in self.conversations[peer] if one.from_id < 0]

    async def said(self, peer: int, count: int, *, seconds: float = 10.0) -> list[str]:
        """The first `count` texts of the community to somebody. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds), self._something:
            await self._something.wait_for(lambda: len(self.texts(peer)) >= count)
        return self.texts(peer)[:count]

    async def until(self, condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
        """Return when something is so, asked after each call. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds), self._something:
            await self._something.wait_for(condition)

    def _add(self, peer: int, sender: int, text: str, **more: Any) -> Message:
        lane = self.conversations[peer]
        known = {
            name: more.pop(name)
            for name in ("payload", "attachments", "keyboard", "random_id")
            if name in more
        }
        number = lane[-1].number + 1 if lane else 1
        message = Message(peer, sender, number, next(self._ids), int(self._now()), text, more=more, **known)
        lane.append(message)
        return message

    def _find(self, values: dict[str, str]) -> Message:
        number = values.get("conversation_message_id") or values.get("conversation_message_ids")
        for message in self.conversations.get(int(values.get("peer_id", 0)), ()):
            if str(message.number) == number:
                return message
        raise ApiError(100, f"{ERRORS[100]}: conversation_message_id is incorrect")

    def _fault(self, method: str) -> Fault | None:
        for name in (method, "*"):
            if self.faults[name]:
                return self.faults[name].popleft()
        return None
