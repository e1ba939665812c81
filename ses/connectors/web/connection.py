"""One websocket from its `hello` to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from aiohttp import WSMsgType, web

from ses.clock import Clock
from ses.connectors.contract import HistoryEntry, Reception, Refused
from ses.connectors.web import render
from ses.connectors.web.client import Sender
from ses.connectors.web.config import Site, WebLimits
from ses.connectors.web.delivery import PushStream
from ses.connectors.web.identity import Identity, Unidentified
from ses.connectors.web.inbound import Uploads, Visitor
from ses.connectors.web.intake import RETRY_AFTER, Intake
from ses.connectors.web.parse import (
    Continue,
    Edit,
    Frame,
    Hello,
    Malformed,
    Message,
    Open,
    Ping,
    parse,
)
from ses.connectors.web.qr import qr_code
from ses.connectors.web.session_registry import SessionRegistry

log = structlog.get_logger("ses.connectors.web")


class CutOff(Exception):
    """This side ends the socket with `code`, after sending `failure` if there is one."""

    def __init__(self, code: int, failure: render.Failure | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.failure = failure


class Connection:
    """Reads one socket's frames in order and writes what belongs to it.

    A message is handed in only after the one before it is on disk: so nothing overtakes, and a socket faster than the disk is
    simply not read.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        sender: Sender,
        *,
        site: Site,
        limits: WebLimits,
        reception: Reception,
        registry: SessionRegistry[Connection],
        identity: Identity | None,
        uploads: Uploads | None,
        media_url: render.MediaUrl,
        clock: Clock,
    ) -> None:
        self._socket = socket
        self.sender = sender
        self._site = site
        self._limits = limits
        self._reception = reception
        self._registry = registry
        self._identity = identity
        self._uploads = uploads
        self._media_url = media_url
        self._visitor = Visitor(site, uploads, clock)
        self._intake = Intake(reception, registry, self._visitor, sender, limits, clock)
        self.push_stream = PushStream(sender, self._after, media_url, clock)
        """What the robot says to this page."""
        self.unanswered = 0
        """PING frames since the peer was last heard."""

    async def run(self) -> None:
        """Serve the socket until either side ends it."""
        visitor = self._visitor
        try:
            try:
                async with asyncio.timeout(self._limits.hello):
                    frame = await self._next()
            except TimeoutError:
                raise CutOff(1008) from None
            while frame is not None:
                await self._handle(frame)
                frame = await self._next()
        except Malformed as error:
            self._cut(CutOff(1008, render.Failure("malformed", str(error))))
        except CutOff as cut:
            if cut.code == 1009:
                await self._intake.tell_of_limit("frame")
            self._cut(cut)
        except Exception:  # noqa: BLE001  a store that cannot be read ends this socket; the page comes back
            await self._give_up()
        finally:
            if visitor.session is not None:
                self._registry.detach(visitor.session.id, self)
            self.push_stream.close()
            await self.sender.closed()

    def displaced(self) -> None:
        """Another socket has opened the session."""
        self.sender.close(4001, "opened elsewhere")

    # What the page sends

    async def _handle(self, frame: Frame) -> None:
        visitor = self._visitor
        if (visitor.session is None) is not isinstance(frame, Hello):
            raise Malformed("`hello` comes first and only once")
        if isinstance(frame, Ping):
            self.sender.send(render.PONG)
        elif isinstance(frame, Message):
            await self._message(frame)
        elif isinstance(frame, Open):
            if not visitor.begun:
                await self._intake.hand_in(visitor.start(), None)
        elif isinstance(frame, Edit):
            await self._intake.hand_in(visitor.edit(frame), frame.id)
        elif isinstance(frame, Continue):
            await self._continue(frame)
        elif isinstance(frame, Hello):
            await self._welcome(frame)
        # `typing` and `read` are of use to a human operator only; the robot does nothing on them.

    async def _welcome(self, hello: Hello) -> None:
        visitor = self._visitor
        visitor.introduce(hello, self._limits.page)
        if hello.identity:
            self._identify(hello.identity)
        session = await self._registry.open(hello, visitor.user)
        visitor.enter(session)
        # First the socket, then the history: what is said in between arrives by both ways and is shown once.
        self._registry.attach(session.id, self)
        after = hello.after if session.key is None else None
        entries = await self._reception.history(visitor.conversation, after=after) if session.begun else ()
        messages = render.shown_entries(entries, self._media_url, transcription=self._site.transcription)
        welcome = render.Welcome(session.id, session.key, self._settings(), messages, session.another)
        self.sender.send(render.encode(welcome))
        self.push_stream.catch_up(after or 0, messages)
        if self._registry.is_typing(session.id):
            self.push_stream.typing(on=True)

    def _settings(self) -> render.Settings:
        site, uploads = self._site, self._uploads
        return render.Settings(
            title=site.title,
            color=site.color,
            kind=site.type,
            microphone=site.microphone and uploads is not None,
            transcription=site.transcription,
            upload=uploads.largest if uploads is not None else 0,
            elsewhere=site.elsewhere,
        )

    def _identify(self, token: str) -> None:
        """Raises `CutOff`."""
        try:
            self._visitor.identify(token, self._identity)
        except Unidentified as refusal:
            log.info("identity refused", connector=self._visitor.connector, reason=str(refusal))
            raise CutOff(1008, render.Failure("identity", str(refusal))) from None

    async def _message(self, frame: Message) -> None:
        visitor = self._visitor
        try:
            attachments = await visitor.attachments(frame) if frame.attachments else ()
        except Malformed as fault:
            self._intake.fail("malformed", str(fault), frame.id)
            return
        await self._intake.hand_in(visitor.message(frame, attachments), frame.id)

    async def _continue(self, frame: Continue) -> None:
        """Answer with a link to the messenger. It tells nobody but this page, and is good once."""
        if frame.to not in self._site.elsewhere:
            self._intake.fail("malformed", f"This site does not go on in {frame.to[:64]!r}", frame.id)
            return
        if self._intake.flooded(frame.id):
            return
        try:
            url = await self._reception.continue_in(self._visitor.conversation, frame.to)
        except Refused as refusal:
            self._intake.fail(refusal.code, str(refusal), frame.id)
            return
        self.sender.send(render.encode(render.Elsewhere(frame.id, url, qr_code(url))))

    async def _after(self, seq: int) -> Sequence[HistoryEntry] | None:
        """What the robot said after `seq`; none when that cannot be read, and the socket ends."""
        try:
            return await self._reception.history(self._visitor.conversation, after=seq)
        except Exception:  # noqa: BLE001  the page comes back and asks for what it missed
            await self._give_up()
            return None

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
                self.sender.pong(message.data)
            elif message.type is WSMsgType.BINARY:
                raise CutOff(1003)
            elif message.type is WSMsgType.ERROR:
                if self._socket.close_code == 1009:  # aiohttp closed it already, there is no telling it more
                    await self._intake.tell_of_limit("frame")
                return None
            elif message.type is not WSMsgType.PONG:
                return None

    async def _give_up(self) -> None:
        """What is stored cannot be read: close as for a restart, so that the page tries again later."""
        conversation = self._visitor.conversation
        await log.aexception(
            "history not read", connector=conversation.connector, session=conversation.session
        )
        note = "The conversation cannot be read now"
        self._cut(CutOff(1012, render.Failure("internal", note, retry_after=RETRY_AFTER)))

    def _cut(self, cut: CutOff) -> None:
        if cut.failure is not None:
            self.sender.send(render.encode(cut.failure))
        self.sender.close(cut.code)
