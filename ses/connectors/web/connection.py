"""One websocket from its `hello` to its end."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import structlog
from aiohttp import WSMsgType, web

from ses.clock import Clock
from ses.connectors.contract import HistoryEntry, Reception, Refused
from ses.connectors.web import render
from ses.connectors.web.config import Site, WebLimits
from ses.connectors.web.identity import Identity, Unidentified
from ses.connectors.web.parse import (
    Continue,
    Edit,
    Frame,
    Hello,
    Malformed,
    Message,
    Open,
    Ping,
    UploadRef,
    parse,
)
from ses.connectors.web.push_stream import PushStream
from ses.connectors.web.qr import qr_code
from ses.connectors.web.rate_limit import Pace
from ses.connectors.web.sender import Sender
from ses.connectors.web.session_registry import Seat, SessionRegistry, Uploads
from ses.connectors.web.uploads import as_voice
from ses.messages import Attachment, Conversation, Inbound

log = structlog.get_logger("ses.connectors.web")

RETRY_AFTER = 5.0
"""Seconds a page waits when storing failed without saying for how long."""
START_ID = "~start"
"""The inbound id of the event `start`: one for all copies of `open`."""


class CutOff(Exception):
    """This side ends the socket with `code`, after sending `failure` if there is one."""

    def __init__(self, code: int, failure: render.Failure | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.failure = failure


class Connection:
    """Reads one socket's frames in order and writes what belongs to it.

    A message is handed to `reception` only after the one before it is on disk: so nothing overtakes, and a
    socket faster than the disk is simply not read.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        outlet: Sender,
        *,
        site: Site,
        limits: WebLimits,
        reception: Reception,
        seats: SessionRegistry,
        identity: Identity | None,
        uploads: Uploads | None,
        media_url: render.MediaUrl,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._socket = socket
        self.outlet = outlet
        self._site = site
        self._limits = limits
        self._reception = reception
        self._seats = seats
        self._identity = identity
        self._uploads = uploads
        self._media_url = media_url
        self._clock = clock
        self._sleep = sleep
        self._pace = Pace(limits.messages, limits.per, limits.burst, clock.monotonic())
        self._connector = f"web.{site.name}"
        self._conversation = Conversation(self._connector, "")
        self._seat: Seat | None = None
        self._begun = False
        self._user = ""
        self._vouched: Mapping[str, Any] = {}
        """Variables from the site's token, until a message has brought them in."""
        self._page: dict[str, Any] = {}
        self._language = ""
        self._refused_until = 0.0
        self._refused_code = ""
        self.feed = PushStream(outlet, self._after, media_url, clock)
        """What the robot says to this page."""
        self.unanswered = 0
        """PING frames since the peer was last heard."""

    async def run(self) -> None:
        """Serve the socket until either side ends it."""
        try:
            try:
                async with asyncio.timeout(self._limits.hello):
                    frame = await self._next()
            except TimeoutError:
                raise CutOff(1008) from None
            while frame is not None:
                await self._take(frame)
                frame = await self._next()
        except Malformed as error:
            self._cut(CutOff(1008, render.Failure("malformed", str(error))))
        except CutOff as cut:
            if cut.code == 1009:
                await self._tell_of_limit("frame")
            self._cut(cut)
        except Exception:  # noqa: BLE001  a store that cannot be read ends this visit; the page comes back
            await self._give_up()
        finally:
            if self._seat is not None:
                self._seats.leave(self._seat.session, self)
            self.feed.close()
            await self.outlet.closed()

    # What the page sends

    async def _greet(self, hello: Hello) -> None:
        page = {**hello.variables, **hello.page}
        if len(msgspec.json.encode(page)) > self._limits.page:
            raise Malformed(f"`variables` and `page` together exceed {self._limits.page} bytes")
        self._page = page
        language = hello.page.get("language")
        self._language = language[:35] if isinstance(language, str) else ""
        if hello.identity:
            self._identified(hello.identity)
        seat = await self._seats.seat(hello, self._user)
        self._seat = seat
        self._begun = seat.begun
        self._conversation = Conversation(self._connector, seat.session)
        # First the seat, then the history: what is said in between arrives by both ways and is shown once.
        self._seats.take(seat.session, self)
        after = hello.after if seat.key is None else None
        entries = await self._reception.history(self._conversation, after=after) if seat.begun else ()
        messages = render.shown_entries(entries, self._media_url, transcription=self._site.transcription)
        settings = render.Settings(
            title=self._site.title,
            color=self._site.color,
            kind=self._site.type,
            microphone=self._site.microphone and self._uploads is not None,
            transcription=self._site.transcription,
            upload=self._uploads.largest if self._uploads is not None else 0,
            elsewhere=self._site.elsewhere,
        )
        welcome = render.Welcome(seat.session, seat.key, settings, messages, seat.another)
        self.outlet.send(render.encode(welcome))
        self.feed.catch_up(after or 0, messages)
        if self._seats.is_typing(seat.session):
            self.feed.typing(on=True)

    def _identified(self, token: str) -> None:
        """Raises `CutOff`: a page that means somebody is never taken for a page without anybody."""
        if self._identity is None:
            setting = f"connectors.{self._connector}.identity.secret"
            raise self._unidentified(f"`identity` is not taken here: `{setting}` is not set")
        try:
            person = self._identity.person(token)
        except Unidentified as refusal:
            raise self._unidentified(str(refusal)) from None
        self._user, self._vouched = person.user, person.variables

    def _unidentified(self, reason: str) -> CutOff:
        log.info("identity refused", connector=self._connector, reason=reason)
        return CutOff(1008, render.Failure("identity", reason))

    async def _after(self, seq: int) -> Sequence[HistoryEntry] | None:
        """What the robot said after `seq`; none when that cannot be read, and the visit ends."""
        try:
            return await self._reception.history(self._conversation, after=seq)
        except Exception:  # noqa: BLE001  the page comes back and asks for what it missed
            await self._give_up()
            return None

    async def _take(self, frame: Frame) -> None:
        if (self._seat is None) is not isinstance(frame, Hello):
            raise Malformed("`hello` comes first and only once")
        if isinstance(frame, Ping):
            self.outlet.send(render.PONG)
        elif isinstance(frame, Message):
            await self._message(frame)
        elif isinstance(frame, Open):
            if not self._begun:
                await self._hand_in(self._inbound(START_ID, event="start"), None)
        elif isinstance(frame, Edit):
            await self._hand_in(self._inbound(frame.id, text=frame.text, edit_of=frame.of), frame.id)
        elif isinstance(frame, Continue):
            await self._continue(frame)
        elif isinstance(frame, Hello):
            await self._greet(frame)
        # `typing` and `read` are of use to a human operator only; the robot does nothing on them.

    async def _message(self, frame: Message) -> None:
        try:
            attachments = [await self._attachment(reference, frame.text) for reference in frame.attachments]
        except Malformed as fault:
            self._fail("malformed", str(fault), frame.id)
            return
        if frame.button:
            inbound = self._inbound(frame.id, button=frame.button)
        else:
            inbound = self._inbound(frame.id, text=frame.text or None, attachments=tuple(attachments))
        await self._hand_in(inbound, frame.id)

    async def _attachment(self, reference: UploadRef, text: str | None) -> Attachment:
        """The file that was sent before, to go with that text. Raises `Malformed`."""
        name = repr(reference.id[:64])
        found = await self._uploads.attachment(self._conversation, reference.id) if self._uploads else None
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

    async def _continue(self, frame: Continue) -> None:
        """Answer with a link to the messenger. It tells nobody but this page, and is good once."""
        if frame.to not in self._site.elsewhere:
            self._fail("malformed", f"This site does not go on in {frame.to[:64]!r}", frame.id)
            return
        wait, flood = self._pace.take(self._clock.monotonic())
        if flood:
            self._fail("flood", "Too many messages", frame.id, wait)
            return
        try:
            url = await self._reception.continue_in(self._conversation, frame.to)
        except Refused as refusal:
            self._fail(refusal.code, str(refusal), frame.id)
            return
        self.outlet.send(render.encode(render.Elsewhere(frame.id, url, qr_code(url))))

    def _inbound(self, id_: str, **what: Any) -> Inbound:
        return Inbound(
            connector=self._connector,
            session=self._conversation.session,
            id=id_,
            robot=self._site.robot,
            channel="web",
            at=self._clock.now(),
            user=self._user,
            variables={**({} if self._begun else self._site.variables), **self._vouched},
            page=self._page,
            language=self._language,
            **what,
        )

    async def _hand_in(self, inbound: Inbound, answer_to: str | None) -> None:
        """Store an inbound and acknowledge it, or say why not. Refused ones hold up all that follow."""
        wait = self._refused_until - self._clock.monotonic()
        if wait > 0:
            self._fail(self._refused_code, "An earlier message was refused", answer_to, wait)
            return
        wait, flood = self._pace.take(self._clock.monotonic())
        if flood:
            self._refuse(Refused("flood", "Too many messages", wait), answer_to)
            await self._tell_of_limit("flood")
            return
        if wait > 0:
            await self._sleep(wait)
        assert self._seat is not None
        try:
            key_hash = None if self._begun else self._seat.key_hash
            if await self._reception.receive(inbound, key_hash=key_hash):
                self._vouched = {}
        except Refused as refusal:
            self._refuse(refusal, answer_to)
            return
        except Exception:  # noqa: BLE001  whatever the store died of harms this message only
            # Not stored, so not acknowledged; the page sends it again.
            await log.aexception("inbound not stored", connector=self._connector, session=inbound.session)
            self._refuse(Refused("internal", "The message could not be stored", RETRY_AFTER), answer_to)
            return
        if not self._begun:
            self._begun = True
            self._seats.begun(inbound.session)
        if answer_to is not None:
            self.outlet.send(render.encode(render.Ack(answer_to)))

    def _refuse(self, refusal: Refused, answer_to: str | None) -> None:
        if refusal.retry_after is not None:
            self._refused_until = self._clock.monotonic() + refusal.retry_after
            self._refused_code = refusal.code
        self._fail(refusal.code, str(refusal), answer_to, refusal.retry_after)

    def _fail(
        self, code: str, message: str, answer_to: str | None = None, retry_after: float | None = None
    ) -> None:
        self.outlet.send(render.encode(render.Failure(code, message, answer_to, retry_after)))

    # The socket

    async def _next(self) -> Frame | None:
        """The next frame; none at the end. Raises `Malformed`, `CutOff`."""
        while True:
            message = await self._socket.receive()
            self.unanswered = 0
            if message.type is WSMsgType.TEXT:
                data: str = message.data
                # A character is at most 4 bytes: only long texts need counting.
                if len(data) * 4 > self._limits.frame and len(data.encode()) > self._limits.frame:
                    note = f"A frame may have {self._limits.frame} bytes"
                    raise CutOff(1009, render.Failure("too_large", note))
                return parse(data)
            if message.type is WSMsgType.PING:
                self.outlet.pong(message.data)
            elif message.type is WSMsgType.BINARY:
                raise CutOff(1003)
            elif message.type is WSMsgType.ERROR:
                if self._socket.close_code == 1009:  # aiohttp closed it already, there is no telling it more
                    await self._tell_of_limit("frame")
                return None
            elif message.type is not WSMsgType.PONG:
                return None

    async def _tell_of_limit(self, reason: str) -> None:
        """Event `limit`, in a conversation that has begun."""
        if not self._begun:
            return
        inbound = self._inbound(f"~limit-{secrets.token_hex(8)}", event="limit", payload={"reason": reason})
        try:
            await self._reception.receive(inbound)
        except Refused as refusal:
            await log.ainfo("event limit not taken", connector=self._connector, reason=str(refusal))

    async def _give_up(self) -> None:
        """What is stored cannot be read: close as for a restart, so that the page tries again later."""
        await log.aexception(
            "history not read", connector=self._connector, session=self._conversation.session
        )
        note = "The conversation cannot be read now"
        self._cut(CutOff(1012, render.Failure("internal", note, retry_after=RETRY_AFTER)))

    def _cut(self, cut: CutOff) -> None:
        if cut.failure is not None:
            self.outlet.send(render.encode(cut.failure))
        self.outlet.close(cut.code)
