"""Where mailboxes are kept: those at work, and a bounded number of idle ones with their encoded sessions (LRU)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from ses.conversations.inbound.mailbox import Mailbox
from ses.messages import Conversation


class MailboxCache:
    """Finds the mailbox of a conversation. An idle one may be forgotten at any time: the store has it all."""

    def __init__(self, size: int) -> None:
        self.live: dict[Conversation, Mailbox] = {}
        # By hand: `cachetools.LRUCache` takes 30 bytes a session more and eight times as long, in every turn.
        self._idle: OrderedDict[Conversation, Mailbox] = OrderedDict()
        self._size = size

    def activate(self, conversation: Conversation, robot: str) -> Mailbox:
        """The mailbox of a conversation that is about to work."""
        mailbox = self.live.get(conversation)
        if mailbox is None:
            mailbox = self._idle.pop(conversation, None) or Mailbox(conversation, robot)
            self.live[conversation] = mailbox
        return mailbox

    def find(self, conversation: Conversation) -> Mailbox | None:
        """The mailbox, if it is in memory."""
        return self.live.get(conversation) or self._idle.get(conversation)

    def deactivate(self, mailbox: Mailbox) -> None:
        """Put away a mailbox that is idle now; the one used longest ago makes room."""
        mailbox.shrink()
        self.live.pop(mailbox.conversation, None)
        if not mailbox.row:
            return  # nothing of it was ever stored
        self._idle[mailbox.conversation] = mailbox
        if len(self._idle) > self._size:
            self._idle.popitem(last=False)

    def forget(self, rows: Iterable[int]) -> list[int]:
        """Drop idle sessions that are about to be deleted; those that are not at work."""
        doomed = set(rows)
        for conversation in [key for key, mailbox in self._idle.items() if mailbox.row in doomed]:
            del self._idle[conversation]
        return sorted(doomed - {mailbox.row for mailbox in self.live.values()})

    @property
    def idle(self) -> int:
        """Idle mailboxes in memory."""
        return len(self._idle)
