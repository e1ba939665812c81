"""Who may talk to a robot, and when it feels addressed in a group chat."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cachetools import LRUCache

from ses.clock import Clock

AWAKE = 300.0
"""Seconds after a person's last message during which the robot goes on listening to them in a group."""
REMEMBERED = 10_000


class Whitelist:
    """Ids of users and chats that may talk to the robot; empty: all."""

    def __init__(self, ids: Iterable[int | str]) -> None:
        self._ids = frozenset(str(one).strip().lstrip("@").casefold() for one in ids)

    def admits(self, *ids: int | str) -> bool:
        """One of the ids (of the user, of the chat, a user's name) is listed."""
        return not self._ids or any(str(one).casefold() in self._ids for one in ids)


class Activators:
    """Words that wake the robot in group chats. In a word `*` stands for any letters: `пицц*`.

    Without words every message is for the robot. A message that names the robot or answers it always is, and who
    woke it is listened to without a word until they fall silent for a while.
    """

    def __init__(self, words: Sequence[str], clock: Clock, awake: float = AWAKE) -> None:
        self._clock = clock
        self._awake = awake
        self._words = [_pattern(word) for word in words if word.strip()]
        self._until: LRUCache[str, float] = LRUCache(REMEMBERED)
        """By conversation: how long the robot listens (monotonic)."""

    def wakes(self, conversation: str, text: str, *, addressed: bool) -> bool:
        """`addressed`: the message mentions the robot, answers it or presses its button."""
        if not self._words:
            return True
        now = self._clock.monotonic()
        awake = self._until.get(conversation, 0.0) > now
        if not (awake or addressed or any(word.search(text) for word in self._words)):
            return False
        self._until[conversation] = now + self._awake
        return True


def _pattern(word: str) -> re.Pattern[str]:
    words = r"\s+".join(re.escape(part).replace(r"\*", r"\w*") for part in word.split())
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)
