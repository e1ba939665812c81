"""From a frame of the page to the inbound that the daemon stores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from ses.clock import Clock
from ses.connectors.web.config import Site
from ses.connectors.web.identity import Identity, Unidentified
from ses.connectors.web.parse import Edit, Hello, Malformed, Message, UploadRef
from ses.connectors.web.session_registry import OpenedSession
from ses.connectors.web.uploads import as_voice
from ses.messages import Attachment, Conversation, Inbound

START_ID = "~start"
"""The inbound id of the event `start`: one for all copies of `open`."""


class Uploads(Protocol):
    """Files the visitor sent over HTTP before naming them in a message."""

    largest: int
    """Bytes of one file."""

    async def attachment(self, conversation: Conversation, upload: str) -> Attachment | None:
        """The file of that id if this session sent it."""
        ...


class Visitor:
    """Who sits at one page, as its `hello` told, and what he sends."""

    def __init__(self, site: Site, uploads: Uploads | None, clock: Clock) -> None:
        self.connector = f"web.{site.name}"
        self.session: OpenedSession | None = None
        """None before the welcome."""
        self.conversation = Conversation(self.connector, "")
        self.begun = False
        """Something was stored in the session."""
        self.user = ""
        """The person whom the site vouches for, empty for anybody."""
        self.vouched: Mapping[str, Any] = {}
        """Variables from the site's token, until a message has brought them in."""
        self._site = site
        self._uploads = uploads
        self._clock = clock
        self._page: dict[str, Any] = {}
        self._language = ""

    def introduce(self, hello: Hello, limit: int) -> None:
        """Note what the page says of itself. Raises `Malformed` when that has more than `limit` bytes."""
        page = {**hello.variables, **hello.page}
        if len(msgspec.json.encode(page)) > limit:
            raise Malformed(f"`variables` and `page` together exceed {limit} bytes")
        self._page = page
        language = hello.page.get("language")
        self._language = language[:35] if isinstance(language, str) else ""

    def identify(self, token: str, identity: Identity | None) -> None:
        """Note whom the site's token names. Raises `Unidentified`: a page that means somebody is never taken for a page without
        anybody."""
        if identity is None:
            setting = f"connectors.{self.connector}.identity.secret"
            raise Unidentified(f"`identity` is not taken here: `{setting}` is not set")
        person = identity.person(token)
        self.user, self.vouched = person.user, person.variables

    def enter(self, session: OpenedSession) -> None:
        """What comes from now on belongs to that session."""
        self.session = session
        self.begun = session.begun
        self.conversation = Conversation(self.connector, session.id)

    def start(self) -> Inbound:
        """He opened the window of a session that has not begun."""
        return self._inbound(START_ID, event="start")

    def message(self, frame: Message, attachments: tuple[Attachment, ...] = ()) -> Inbound:
        """`attachments`: those that the frame names."""
        if frame.button:
            return self._inbound(frame.id, button=frame.button)
        return self._inbound(frame.id, text=frame.text or None, attachments=attachments)

    async def attachments(self, frame: Message) -> tuple[Attachment, ...]:
        """The files that were sent before, to go with the frame's text. Raises `Malformed`."""
        return tuple([await self._attachment(one, frame.text) for one in frame.attachments])

    def edit(self, frame: Edit) -> Inbound:
        return self._inbound(frame.id, text=frame.text, edit_of=frame.of)

    def limit(self, id_: str, reason: str) -> Inbound:
        """The event `limit`."""
        return self._inbound(id_, event="limit", payload={"reason": reason})

    async def _attachment(self, reference: UploadRef, text: str | None) -> Attachment:
        name = repr(reference.id[:64])
        found = await self._uploads.attachment(self.conversation, reference.id) if self._uploads else None
        if found is None:
            raise Malformed(f"There is no upload {name} of this session")
        if text and (reference.kind == "voice" or found.kind == "audio"):
            raise Malformed("A sound has no text beside it: its text is what is recognised in it")
        if reference.kind != "voice":
            return found
        if not self._site.microphone:
            raise Malformed("Voice messages are off here (`microphone`)")
        voice = as_voice(found)
        if voice is None:
            raise Malformed(f"The upload {name} is no sound")
        return voice

    def _inbound(self, id_: str, **what: Any) -> Inbound:
        return Inbound(
            connector=self.connector,
            session=self.conversation.session,
            id=id_,
            robot=self._site.robot,
            channel="web",
            at=self._clock.now(),
            user=self.user,
            variables={**({} if self.begun else self._site.variables), **self.vouched},
            page=self._page,
            language=self._language,
            **what,
        )
