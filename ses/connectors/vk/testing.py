"""VK for tests: people, the API, Bots Long Poll, Callback API and uploads in one aiohttp application.

It answers as VK does, mistakes of its callers too, and fails when told to.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import ClientError, ClientSession, ClientTimeout, web

CHATS = 2_000_000_000
ERRORS = {
    1: "Unknown error occurred",
    3: "Unknown method passed",
    5: "User authorization failed: invalid access_token (4).",
    6: "Too many requests per second",
    8: "Invalid request: v is required",
    9: "Flood control",
    10: "Internal server error",
    15: "Access denied",
    100: "One of the parameters specified was missing or invalid",
    900: "Can't send messages for users from blacklist",
    901: "Can't send messages for users without permission",
    909: "Can't edit this message, because it's too old",
    911: "Keyboard format is invalid",
    912: "This is a chat bot feature, change this status in settings",
    914: "Message is too long",
    917: "You don't have access to this chat",
}

Fault = int | Literal["reset", "lost", "503", "garbage"]
"""VK's error code · connection reset before the call is carried out, or after (`lost`) · HTTP status · no JSON."""


class ApiError(Exception):
    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason or ERRORS.get(code, "Error")


@dataclass
class Message:
    """A message in a conversation."""

    peer_id: int
    from_id: int
    number: int
    """`conversation_message_id`"""
    id: int
    date: int
    text: str = ""
    attachments: list[dict[str, Any]] = field(default_factory=list)
    keyboard: dict[str, Any] | None = None
    payload: str = ""
    random_id: int = 0
    edited: int = 0
    """How often."""
    more: dict[str, Any] = field(default_factory=dict)

    def shown(self, community: int) -> dict[str, Any]:
        """As the API gives it."""
        shown = {
            "date": self.date,
            "from_id": self.from_id,
            "id": 0 if self.peer_id > CHATS else self.id,
            "out": int(self.from_id == -community),
            "version": 1 + self.edited,
            "attachments": self.attachments,
            "conversation_message_id": self.number,
            "fwd_messages": [],
            "important": False,
            "is_hidden": False,
            "peer_id": self.peer_id,
            "random_id": self.random_id,
            "text": self.text,
            **self.more,
        }
        if self.payload:
            shown["payload"] = self.payload
        if self.keyboard is not None:
            shown["keyboard"] = self.keyboard
        return shown


@dataclass
class Press:
    """A press of a callback button."""

    event_id: str
    user_id: int
    peer_id: int
    answers: list[str | None] = field(default_factory=list)


class FakeVk:
    """One community and the people around it. `url` is what `connectors.vk.NAME.api` is set to."""

    def __init__(
        self,
        *,
        group_id: int = 77,
        token: str = "vk1.a.community",  # noqa: S107  nobody's
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
        self.callback: tuple[str, str] | None = None
        """Address and secret of the Callback API; events then go there."""
        self.callback_answers: list[tuple[int, str]] = []
        self.kept = 1000
        """Events that the long poll keeps."""
        self.polls = 0
        """Calls of the long poll."""
        self.called = 0
        """Events that went, or go, to the Callback API."""
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
        self._calling: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    # --- people ----------------------------------------------------------------------------------------------------

    async def write(self, user: int, text: str = "", *, chat: int = 0, **more: Any) -> Message:
        """A person writes, to the community or into a group chat. `more`: further fields of the message (`payload`,
        `ref`, `attachments`, `geo`, `reply_message`, `action`)."""
        inline = more.pop("inline_keyboard", True)
        message = self._add(CHATS + chat if chat else user, user, text, **more)
        client = {
            "button_actions": ["text", "vkpay", "open_app", "location", "open_link", "callback"],
            "keyboard": True,
            "inline_keyboard": inline,
            "carousel": True,
            "lang_id": 0,
        }
        await self.tell("message_new", {"message": message.shown(self.group_id), "client_info": client})
        return message

    def human(self, user: int, text: str) -> Message:
        """An administrator answers somebody in the community's name."""
        return self._add(user, -self.group_id, text, admin_author_id=5)

    async def edit(self, message: Message, text: str) -> None:
        """A person changes what they wrote."""
        message.text = text
        message.edited += 1
        await self.tell("message_edit", message.shown(self.group_id))

    async def press(self, user: int, label: str, message: Message | None = None) -> Press | Message:
        """Press a button of a message (else of the last one that has some), as the person's app would."""
        if message is None:
            spoken = [one for peer in self.conversations.values() for one in peer if one.keyboard]
            message = max((one for one in spoken if self._reads(user, one)), key=lambda one: one.id)
        assert message.keyboard is not None
        buttons = [button for row in message.keyboard["buttons"] for button in row]
        action = next(one["action"] for one in buttons if one["action"].get("label") == label)
        chat = message.peer_id - CHATS if message.peer_id > CHATS else 0
        if action["type"] == "text":
            return await self.write(user, label, chat=chat, payload=action.get("payload", ""))
        press = Press(secrets.token_hex(6), user, message.peer_id)
        self.presses[press.event_id] = press
        payload = json.loads(action["payload"])
        what = {
            "user_id": user,
            "peer_id": message.peer_id,
            "event_id": press.event_id,
            "payload": payload,
            "conversation_message_id": message.number,
        }
        await self.tell("message_event", what)
        return press

    async def allow(self, user: int) -> None:
        """A person allows messages."""
        self.denied.discard(user)
        await self.tell("message_allow", {"user_id": user, "key": ""})

    async def deny(self, user: int) -> None:
        """A person forbids messages."""
        self.denied.add(user)
        await self.tell("message_deny", {"user_id": user})

    async def tell(self, kind: str, what: Any, **envelope: Any) -> dict[str, Any]:
        """Something happened: an event for the community."""
        event = {
            "group_id": self.group_id,
            "type": kind,
            "event_id": secrets.token_hex(20),
            "v": "5.199",
            "object": what,
            **envelope,
        }
        await self.repeat(event)
        return event

    async def repeat(self, event: dict[str, Any]) -> None:
        """Send an event, perhaps once more."""
        self.newest = event
        if self.callback is not None:
            self.called += 1
            self._calling.put_nowait(event)
            return
        async with self._something:
            self._events.append(event)
            self._something.notify_all()

    def forget(self) -> None:
        """Lose the events that were not fetched, as VK does after hours; their messages stay in the conversations."""
        self._base += len(self._events)
        self._events.clear()

    @property
    def here(self) -> int:
        """`ts` behind the newest event."""
        return self._base + len(self._events)

    def labels(self, peer: int) -> dict[str, str]:
        """Labels of the buttons that somebody was shown, by the ids that the daemon gave them."""
        found = {}
        for message in self.conversations[peer]:
            for row in (message.keyboard or {"buttons": ()})["buttons"]:
                for action in (button["action"] for button in row):
                    found[json.loads(action["payload"] or "{}").get("b", "")] = action.get("label", "")
        return found

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

    def _reads(self, user: int, message: Message) -> bool:
        return message.peer_id == user or message.peer_id > CHATS

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

    # --- the application -------------------------------------------------------------------------------------------

    def application(self) -> web.Application:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/method/{method}", self._method)
        app.router.add_route("*", "/poll", self._poll)
        app.router.add_post("/upload/{kind}", self._upload)
        return app

    async def _method(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        values = {name: str(value) for name, value in {**request.query, **await request.post()}.items()}
        fault = self._fault(method)
        if fault is not None and fault != "lost":
            return _fail(request, fault)
        try:
            answer: Any = {"response": self._carry_out(method, values)}
        except ApiError as error:
            answer = _error(error.code, error.reason)
        if fault == "lost":
            return _fail(request, "reset")
        async with self._something:
            self._something.notify_all()
        return web.json_response(answer)

    def _fault(self, method: str) -> Fault | None:
        for name in (method, "*"):
            if self.faults[name]:
                return self.faults[name].popleft()
        return None

    def _carry_out(self, method: str, values: dict[str, str]) -> Any:
        if values.pop("access_token", "") != self.token:
            raise ApiError(5)
        if not values.pop("v", ""):
            raise ApiError(8)
        self._count()
        known: dict[str, Callable[[dict[str, str]], Any]] = {
            "groups.getById": self._community,
            "groups.getLongPollServer": self._server,
            "messages.send": self._send,
            "messages.edit": self._edit,
            "messages.setActivity": lambda _: 1,
            "messages.sendMessageEventAnswer": self._answer_press,
            "messages.getByConversationMessageId": self._by_number,
            "messages.getConversations": self._unanswered,
            "messages.getHistory": self._history,
            "photos.getMessagesUploadServer": lambda _: {"upload_url": f"{self.url}/upload/photo"},
            "photos.saveMessagesPhoto": self._save_photo,
            "docs.getMessagesUploadServer": lambda given: {
                "upload_url": f"{self.url}/upload/{given.get('type', 'doc')}"
            },
            "docs.save": self._save_document,
        }
        if method not in known:
            raise ApiError(3)
        response = known[method](values)
        self.calls.append((method, values))
        return response

    def _count(self) -> None:
        if self._rate is None:
            return
        now = asyncio.get_running_loop().time()
        while self._times and now - self._times[0] >= 1.0:
            self._times.popleft()
        if len(self._times) >= self._rate:
            raise ApiError(6)
        self._times.append(now)

    # --- methods ---------------------------------------------------------------------------------------------------

    def _community(self, _values: dict[str, str]) -> Any:
        return {"groups": [{"id": self.group_id, "name": "Shop", "screen_name": "shop", "type": "group"}]}

    def _server(self, values: dict[str, str]) -> Any:
        if values.get("group_id") != str(self.group_id):
            raise ApiError(15)
        self._key = secrets.token_hex(8)
        return {"key": self._key, "server": f"{self.url}/poll", "ts": str(self.here)}

    def _send(self, values: dict[str, str]) -> Any:
        if "random_id" not in values:
            raise ApiError(100, f"{ERRORS[100]}: random_id is undefined")
        many = "peer_ids" in values
        peers = values["peer_ids"] if many else values.get("peer_id") or values.get("user_id", "")
        answers: list[dict[str, Any]] = []
        for peer in peers.split(","):
            if not peer.lstrip("-").isdecimal():
                raise ApiError(100, f"{ERRORS[100]}: you should specify peer_id")
            try:
                message = self._deliver(int(peer), values)
            except ApiError as error:
                if not many or error.code == 100:
                    raise
                refused = {"code": error.code, "description": error.reason}
                answers.append({"peer_id": int(peer), "message_id": 0, "error": refused})
                continue
            shown = {"peer_id": message.peer_id, "message_id": 0 if message.peer_id > CHATS else message.id}
            answers.append({**shown, "conversation_message_id": message.number})
        return answers if many else answers[0]["message_id"]

    def _deliver(self, peer: int, values: dict[str, str]) -> Message:
        given = int(values["random_id"])
        if not -(2**31) <= given < 2**31:
            raise ApiError(100, f"{ERRORS[100]}: random_id not int32")
        if given and (peer, given) in self._random:
            return self._random[peer, given]
        if peer in self.denied or (peer < CHATS and peer not in self.conversations):
            raise ApiError(901)
        if peer > CHATS and peer not in self.conversations:
            raise ApiError(917)
        what = self._content(values)
        message = self._add(peer, -self.group_id, values.get("message", ""), random_id=given, **what)
        if given:
            self._random[peer, given] = message
        return message

    def _content(self, values: dict[str, str]) -> dict[str, Any]:
        what: dict[str, Any] = {}
        text = values.get("message", "")
        if not (text or values.get("attachment") or "lat" in values or "sticker_id" in values):
            raise ApiError(100, f"{ERRORS[100]}: message is empty or invalid")
        if len(text) > 4096:
            raise ApiError(914)
        if "keyboard" in values:
            what["keyboard"] = checked_keyboard(values["keyboard"])
        what["attachments"] = [self._named(name) for name in values.get("attachment", "").split(",") if name]
        if len(what["attachments"]) > 10:
            raise ApiError(100, "Too many attachments")
        if "lat" in values:
            place = {"latitude": float(values["lat"]), "longitude": float(values["long"])}
            what["geo"] = {"type": "point", "coordinates": place}
        return what

    def _named(self, name: str) -> dict[str, Any]:
        if name not in self.uploads:
            raise ApiError(100, f"{ERRORS[100]}: {name} not found")
        kind = "photo" if name.startswith("photo") else "doc"
        owner, number, key = name.removeprefix(kind).split("_")
        return {"type": kind, kind: {"owner_id": int(owner), "id": int(number), "access_key": key}}

    def _edit(self, values: dict[str, str]) -> Any:
        message = self._find(values)
        if message.from_id != -self.group_id:
            raise ApiError(15)
        if self._now() - message.date > 86400:
            raise ApiError(909)
        what = self._content(values)
        message.text = values.get("message", "")
        message.keyboard = what.get("keyboard")
        message.attachments = what["attachments"]
        message.edited += 1
        return 1

    def _find(self, values: dict[str, str]) -> Message:
        number = values.get("conversation_message_id") or values.get("conversation_message_ids")
        for message in self.conversations.get(int(values.get("peer_id", 0)), ()):
            if str(message.number) == number:
                return message
        raise ApiError(100, f"{ERRORS[100]}: conversation_message_id is incorrect")

    def _answer_press(self, values: dict[str, str]) -> Any:
        press = self.presses.get(values.get("event_id", ""))
        wanted = (str(press.user_id), str(press.peer_id)) if press else None
        if press is None or press.answers or (values.get("user_id"), values.get("peer_id")) != wanted:
            raise ApiError(100, f"{ERRORS[100]}: event_id is invalid")
        press.answers.append(values.get("event_data"))
        return 1

    def _by_number(self, values: dict[str, str]) -> Any:
        try:
            found = [self._find(values).shown(self.group_id)]
        except ApiError:
            found = []
        return {"count": len(found), "items": found}

    def _unanswered(self, values: dict[str, str]) -> Any:
        waiting = [
            lane for lane in self.conversations.values()
            if lane and (values.get("filter") != "unanswered" or lane[-1].from_id > 0)
        ]  # fmt: skip
        waiting.sort(key=lambda lane: lane[-1].date, reverse=True)
        items = [
            {
                "conversation": _conversation(lane),
                "last_message": lane[-1].shown(self.group_id),
            }
            for lane in waiting[int(values.get("offset", 0)) :][: int(values.get("count", 20))]
        ]
        return {"count": len(waiting), "items": items}

    def _history(self, values: dict[str, str]) -> Any:
        lane = self.conversations.get(int(values["peer_id"]), [])
        newest = list(reversed(lane))[: int(values.get("count", 20))]
        return {"count": len(lane), "items": [one.shown(self.group_id) for one in newest]}

    # --- files -----------------------------------------------------------------------------------------------------

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        fault = self._fault("upload")
        if fault is not None:
            return _fail(request, fault)
        form = await request.post()
        part = next(iter(form.values()))
        if not isinstance(part, web.FileField):
            return web.json_response({"error": "no file", "error_descr": "no file was sent"})
        ticket = secrets.token_hex(8)
        self._uploaded[ticket] = (request.match_info["kind"], part.filename, part.file.read())
        if request.match_info["kind"] == "photo":
            return web.json_response({"server": 1, "photo": ticket, "hash": "h"})
        return web.json_response({"file": ticket})

    def _save_photo(self, values: dict[str, str]) -> Any:
        return [self._keep("photo", values.get("photo", ""))]

    def _save_document(self, values: dict[str, str]) -> Any:
        kind = self._uploaded.get(values.get("file", ""), ("doc",))[0]
        return {
            "type": kind,
            kind: {**self._keep("doc", values.get("file", "")), "title": values.get("title", "")},
        }

    def _keep(self, prefix: str, ticket: str) -> dict[str, Any]:
        if ticket not in self._uploaded:
            raise ApiError(100, f"{ERRORS[100]}: file is undefined")
        number, key = next(self._ids), secrets.token_hex(4)
        self.uploads[f"{prefix}{-self.group_id}_{number}_{key}"] = self._uploaded.pop(ticket)[2]
        return {"id": number, "owner_id": -self.group_id, "access_key": key}

    # --- events ----------------------------------------------------------------------------------------------------

    async def _poll(self, request: web.Request) -> web.StreamResponse:
        fault = self.poll_faults.popleft() if self.poll_faults else None
        self.polls += 1
        async with self._something:
            self._something.notify_all()
        if fault is not None:
            return _fail(request, fault)
        values = {**request.query, **await request.post()}
        here = self.here
        if self.failed:
            code = self.failed.popleft()
            return web.json_response({"failed": 1, "ts": here} if code == 1 else {"failed": code})
        if values.get("key") != self._key:
            return web.json_response({"failed": 2})
        ts = int(str(values.get("ts") or 0))
        if not self._base <= ts <= here:
            return web.json_response({"failed": 1, "ts": here})
        try:
            async with asyncio.timeout(float(str(values.get("wait", 25)))), self._something:
                await self._something.wait_for(lambda: self.here > ts or bool(self.failed))
        except TimeoutError:
            pass  # nothing happened: an empty list of news
        updates = self._events[max(0, ts - self._base) :][:100]
        if len(self._events) > self.kept:
            gone = len(self._events) - self.kept
            self._base += gone
            del self._events[:gone]
        return web.json_response({"ts": str(ts + len(updates)), "updates": updates})

    async def hang_up(self) -> None:
        """Answer the calls that wait for news."""
        async with self._something:
            self._closing = True
            self._something.notify_all()

    async def call_back(self) -> None:
        """Call the address of the Callback API with one event after the other, each until it is acknowledged."""
        async with ClientSession(timeout=ClientTimeout(total=10)) as http:
            while True:
                event = await self._calling.get()
                while not await self._called(http, event):  # noqa: ASYNC110  VK calls again by and by
                    await asyncio.sleep(0.05)

    async def confirm(self) -> str:
        """Ask the address for the community's string, as VK does when it is set up."""
        assert self.callback is not None
        event = {"type": "confirmation", "group_id": self.group_id, "secret": self.callback[1]}
        async with ClientSession() as http, http.post(self.callback[0], json=event) as response:
            return await response.text()

    async def _called(self, http: ClientSession, event: dict[str, Any]) -> bool:
        assert self.callback is not None
        url, secret = self.callback
        try:
            async with http.post(url, json={**event, "secret": secret}) as response:
                answer = (response.status, await response.text())
        except (ClientError, TimeoutError, OSError):
            return False
        self.callback_answers.append(answer)
        return answer == (200, "ok")


def checked_keyboard(text: str) -> dict[str, Any]:
    """A keyboard, if VK would take it. Raises `ApiError` 911."""
    try:
        keyboard: dict[str, Any] = json.loads(text)
        rows = keyboard["buttons"]
        inline = bool(keyboard.get("inline"))
        most_rows, most = (6, 10) if inline else (10, 40)
        if len(rows) > most_rows or sum(map(len, rows)) > most or (inline and keyboard.get("one_time")):
            raise ApiError(911)
        for row in rows:
            if not 0 < len(row) <= 5:
                raise ApiError(911)
            for button in row:
                _check_button(button)
    except (ValueError, KeyError, TypeError) as error:
        raise ApiError(911, f"{ERRORS[911]}: {error}") from None
    return keyboard


def _check_button(button: dict[str, Any]) -> None:
    action = button["action"]
    kind = action["type"]
    if kind not in {"text", "callback", "open_link", "location", "open_app", "vkpay"}:
        raise ApiError(911, f"{ERRORS[911]}: button type")
    if kind in {"text", "callback", "open_link"} and not 0 < len(action["label"]) <= 40:
        raise ApiError(911, f"{ERRORS[911]}: label")
    if kind == "open_link" and not action["link"].startswith(("http://", "https://")):
        raise ApiError(911, f"{ERRORS[911]}: link")
    payload = action.get("payload") or ""  # clients send null, and objects too
    action["payload"] = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    if len(action["payload"]) > 255 or (kind == "callback" and not payload):
        raise ApiError(911, f"{ERRORS[911]}: payload")
    if "color" in button and (kind not in {"text", "callback"} or button["color"] not in {"primary", "secondary", "negative", "positive"}):  # fmt: skip
        raise ApiError(911, f"{ERRORS[911]}: color")


def _conversation(lane: list[Message]) -> dict[str, Any]:
    peer, last = lane[-1].peer_id, lane[-1]
    chat = peer > CHATS
    return {
        "peer": {"id": peer, "type": "chat" if chat else "user", "local_id": peer - CHATS if chat else peer},
        "last_message_id": last.id,
        "last_conversation_message_id": last.number,
        "in_read": last.id,
        "out_read": last.id,
        "version": 1,
        "sort_id": {"major_id": 0, "minor_id": last.id},
    }


def _error(code: int, reason: str) -> dict[str, Any]:
    return {"error": {"error_code": code, "error_msg": reason, "request_params": []}}


def _fail(request: web.Request, fault: Fault) -> web.StreamResponse:
    if isinstance(fault, int):
        return web.json_response(_error(fault, ERRORS.get(fault, "Error")))
    if fault in ("reset", "lost"):
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
    return web.Response(status=503) if fault == "503" else web.Response(text="<html>Bad gateway</html>")


@asynccontextmanager
async def running(vk: FakeVk) -> AsyncIterator[FakeVk]:
    """Serve it on a port of this machine."""
    runner = web.AppRunner(vk.application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    vk.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    calling = asyncio.create_task(vk.call_back())
    try:
        yield vk
    finally:
        calling.cancel()
        await vk.hang_up()
        await runner.cleanup()
