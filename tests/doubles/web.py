"""A page's side of `ses.v1` for tests and load: one socket, frames in, frames out."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

_decoder = msgspec.json.Decoder(dict[str, Any])
_encoder = msgspec.json.Encoder()


class Closed(Exception):
    """The other side ended the socket."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Page:
    """What a widget knows: its pair, the last `seq`, and everything shown, by `seq`."""

    def __init__(self, url: str, *, origin: str, session: ClientSession) -> None:
        """`url`: `http://HOST/ses/ws?NAME&token=TOKEN`."""
        self._url = url
        self._origin = origin
        self._http = session
        self._socket: ClientWebSocketResponse | None = None
        self._ids = itertools.count(1)
        self._prefix = secrets.token_hex(4)
        self.session: str | None = None
        self.key: str | None = None
        self.shown: dict[int, dict[str, Any]] = {}
        """Messages of the robot by `seq`."""
        self.acknowledged: set[str] = set()
        self.twice: list[int] = []
        """Each `seq` that came again."""

    @property
    def after(self) -> int:
        """The last `seq` shown; 0 before any."""
        return max(self.shown, default=0)

    async def connect(self, **hello: Any) -> dict[str, Any]:
        """Open a socket, say `hello` with what is known, and return the `welcome`."""
        await self.open_socket()
        if self.session is not None:
            hello = {"session": self.session, "key": self.key, "after": self.after, **hello}
        await self.send(type="hello", **hello)
        welcome = await self.receive()
        if welcome["type"] != "welcome":
            raise AssertionError(welcome)
        if welcome["session"] != self.session:
            self.shown.clear()
        self.session = welcome["session"]
        self.key = welcome["key"] or self.key
        for message in welcome["messages"]:
            self._note(message)
        return welcome

    async def open_socket(self) -> None:
        """Open the websocket and say nothing yet."""
        self._socket = await self._http.ws_connect(
            self._url, origin=self._origin, protocols=("ses.v1",), compress=0, max_msg_size=1 << 24
        )

    async def send(self, **frame: Any) -> None:
        """Send one frame."""
        await self.send_raw(_encoder.encode(frame).decode())

    async def send_raw(self, text: str) -> None:
        assert self._socket is not None
        await self._socket.send_str(text)

    async def send_bytes(self, data: bytes) -> None:
        assert self._socket is not None
        await self._socket.send_bytes(data)

    async def send_frame(self, data: bytes, opcode: int) -> None:
        """Send bytes under any opcode: broken texts."""
        assert self._socket is not None
        await self._socket.send_frame(data, WSMsgType(opcode))

    async def say(self, text: str, id: str | None = None) -> str:
        """Send a text; returns its id. Does not wait."""
        id = id or f"{self._prefix}-{next(self._ids)}"
        await self.send(type="message", id=id, text=text)
        return id

    async def press(self, button: str) -> str:
        id = f"{self._prefix}-{next(self._ids)}"
        await self.send(type="message", id=id, button=button)
        return id

    async def receive(self, *, seconds: float = 10.0) -> dict[str, Any]:
        """The next frame. Raises `Closed`, `TimeoutError`."""
        assert self._socket is not None
        async with asyncio.timeout(seconds):
            message = await self._socket.receive()
        if message.type is not WSMsgType.TEXT:
            raise Closed(self._socket.close_code)
        frame = _decoder.decode(message.data)
        if frame["type"] == "message":
            self._note(frame)
        elif frame["type"] == "ack":
            self.acknowledged.add(frame["id"])
        return frame

    async def until(self, type: str, *, seconds: float = 10.0) -> dict[str, Any]:
        """Read frames up to the next of that type."""
        while True:
            frame = await self.receive(seconds=seconds)
            if frame["type"] == type:
                return frame

    async def ask(self, text: str) -> dict[str, Any]:
        """Say something and wait for its acknowledgement and one message of the robot."""
        id = await self.say(text)
        answer: dict[str, Any] | None = None
        while answer is None or id not in self.acknowledged:
            frame = await self.receive()
            if frame["type"] == "message":
                answer = frame
            elif frame["type"] == "error":
                raise AssertionError(frame)
        return answer

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()

    def _note(self, message: dict[str, Any]) -> None:
        seq = message.get("seq")
        if seq is None:
            return
        if seq in self.shown:
            self.twice.append(seq)
        self.shown[seq] = message


@asynccontextmanager
async def pages(base: str, name: str, token: str, *, origin: str) -> AsyncIterator[_Maker]:
    """Makes pages of one connector; closes all of them at the end. `base`: `http://HOST:PORT`."""
    async with ClientSession() as http:
        maker = _Maker(f"{base}/ses/ws?{name}&token={token}", origin, http)
        try:
            yield maker
        finally:
            for page in maker.made:
                await page.close()


class _Maker:
    def __init__(self, url: str, origin: str, http: ClientSession) -> None:
        self._url = url
        self._origin = origin
        self._http = http
        self.made: list[Page] = []

    def __call__(self) -> Page:
        """A page that knows nothing yet."""
        page = Page(self._url, origin=self._origin, session=self._http)
        self.made.append(page)
        return page
