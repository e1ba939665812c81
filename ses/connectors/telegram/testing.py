"""Telegram's Bot API in memory, over HTTP: as strict as the real one where robots stumble, with faults on order.

Two unrelated client libraries (python-telegram-bot and aiogram) are run against it in `tests/peers`, so that it does not
become a picture of our own mistakes.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, ClientTimeout, web

TOKEN = "123456:TEST-token-of-a-fake-bot"  # noqa: S105  opens nothing
BOT = {
    "id": 123456,
    "is_bot": True,
    "first_name": "Пицца",
    "username": "pizza_bot",
    "can_join_groups": True,
    "can_read_all_group_messages": True,
    "supports_inline_queries": False,
}


@dataclass
class Fault:
    """What happens instead of the next answer to a method.

    `status` 429 with `retry_after`, 500, 502 …; `reset`: the connection breaks, `before` or `after` the call was carried out;
    `silence`: no answer for so many seconds, after it was carried out.
    """

    method: str = ""
    """Of that method only; empty: of any."""
    status: int = 0
    description: str = ""
    retry_after: int = 0
    migrate_to: int = 0
    reset: str = ""
    silence: float = 0.0


@dataclass
class Sent:
    """A message of the bot as its reader has it."""

    id: int
    chat: int
    method: str
    fields: dict[str, Any]
    files: dict[str, tuple[str, bytes]]
    """Field → name and bytes."""
    answered: bool = True
    """False: the bot never learned that it was carried out."""
    edits: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return str(self.fields.get("text") or self.fields.get("caption") or "")

    @property
    def markup(self) -> dict[str, Any]:
        markup: dict[str, Any] = self.fields.get("reply_markup") or {}
        return markup

    @property
    def buttons(self) -> list[dict[str, Any]]:
        """All buttons, whatever their row."""
        rows = self.markup.get("inline_keyboard") or self.markup.get("keyboard") or []
        return [button for row in rows for button in row]


class Refusal(Exception):
    def __init__(self, code: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


class TelegramFake:
    """The server and everybody who writes to the bot."""

    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.url = ""
        self.sent: list[Sent] = []
        """What the bot said, in the order it was carried out; edits change the messages in place."""
        self.calls: list[tuple[str, dict[str, Any]]] = []
        """Every call that got through: method and fields."""
        self.answered: dict[str, dict[str, Any]] = {}
        """Presses answered, by their id."""
        self.drafts: list[tuple[int, int, str]] = []
        """Chat, draft and text."""
        self.actions: list[tuple[int, str]] = []
        self.faults: deque[Fault] = deque()
        self.fault: Callable[[str], Fault | None] = lambda method: None
        """Asked when no fault is ordered."""
        self.blocked: set[int] = set()
        """Chats that refuse the bot."""
        self.files: dict[str, bytes] = {}
        self.confirmed = 0
        """Updates below this number are confirmed."""
        self.webhook: dict[str, Any] = {"url": ""}
        self.webhook_calls: list[tuple[int, int]] = []
        """Update and the status it was answered with."""
        self._updates: list[dict[str, Any]] = []
        self._update_ids = itertools.count(1000)
        self._newest = 0
        self._message_ids: defaultdict[int, itertools.count[int]] = defaultdict(lambda: itertools.count(1))
        self._callback_ids = itertools.count(70000)
        self._news = asyncio.Event()
        self._poll = 0
        self._said = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._caller: asyncio.Task[None] | None = None

    # --- the server --------------------------------------------------------------------------------------------

    async def start(self, port: int = 0) -> None:
        app = web.Application(client_max_size=60 << 20)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._caller is not None:
            self._caller.cancel()
            await asyncio.gather(self._caller, return_exceptions=True)
        if self._runner is not None:
            self._poll += 1
            self._news.set()
            await self._runner.cleanup()

    # --- people ------------------------------------------------------------------------------------------------

    def person(self, id: int, *, name: str = "Аня", language: str = "ru") -> Person:
        return Person(self, id, {"id": id, "type": "private", "first_name": name}, name, language)

    def member(self, group: int, id: int, *, name: str = "Аня", language: str = "ru") -> Person:
        """Somebody in a group (`group` < 0)."""
        return Person(self, id, {"id": group, "type": "supergroup", "title": "Друзья"}, name, language)

    def update(self, **fields: Any) -> int:
        """Something happened: bring it to the bot. Returns the update's number."""
        number = self._newest = next(self._update_ids)
        self._updates.append({"update_id": number, **fields})
        self._news.set()
        return number

    @property
    def newest(self) -> int:
        """The number of the last update."""
        return self._newest

    def next_message(self, chat: int) -> int:
        return next(self._message_ids[chat])

    def to(self, chat: int) -> list[Sent]:
        """What the bot said in a chat."""
        return [one for one in self.sent if one.chat == chat]

    async def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until something the bot does makes the condition true."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._said.clear()
                await self._said.wait()

    async def says(self, chat: int, count: int, seconds: float = 20.0) -> list[str]:
        """The first `count` texts in a chat."""
        await self.until(lambda: len(self.to(chat)) >= count, seconds)
        return [one.text for one in self.to(chat)][:count]

    # --- the webhook -------------------------------------------------------------------------------------------

    def _begin_calling(self) -> None:
        if self._caller is not None:
            self._caller.cancel()
        self._caller = asyncio.create_task(self._bring_updates()) if self.webhook["url"] else None

    async def _bring_updates(self) -> None:
        """One by one, each again until it is answered 200."""
        async with ClientSession(timeout=ClientTimeout(total=30)) as http:
            while True:
                waiting = [one for one in self._updates if one["update_id"] >= self.confirmed]
                if not waiting:
                    self._news.clear()
                    await self._news.wait()
                    continue
                status = 0
                headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook.get("secret_token") or ""}
                try:
                    async with http.post(self.webhook["url"], json=waiting[0], headers=headers) as answer:
                        status = answer.status
                except OSError:
                    self.webhook["last_error_message"] = "Connection refused"
                self.webhook_calls.append((waiting[0]["update_id"], status))
                if status == 200:
                    self._confirm(waiting[0]["update_id"] + 1)
                    self._said.set()
                else:
                    self.webhook["last_error_message"] = f"Wrong response from the webhook: {status}"
                    await asyncio.sleep(0.05)

    def _confirm(self, below: int) -> None:
        self.confirmed = max(self.confirmed, below)
        self._updates = [one for one in self._updates if one["update_id"] >= self.confirmed]
        self._said.set()

    # --- calls -------------------------------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if request.match_info["token"] != self.token:
            return _refused(Refusal(401, "Unauthorized"))
        fault = self._fault(method)
        if fault is not None and fault.reset == "before":
            return _broken(request)
        if fault is not None and fault.status:
            return _refused(_of(fault))
        fields, files = await _fields(request)
        doing = getattr(self, f"_do_{method.lower()}", None)
        sending = method.startswith("send") and doing is None
        before = len(self.sent)
        try:
            if doing is not None:
                result = await doing(fields, files)
            elif sending:
                result = self._send(method, fields, files)
            else:
                return _refused(Refusal(404, "Not Found: method not found"))
        except Refusal as refusal:
            return _refused(refusal)
        self.calls.append((method, fields))
        lost = fault is not None and (fault.reset == "after" or fault.silence)
        for sent in self.sent[before:]:
            sent.answered = not lost
        self._said.set()
        if fault is not None and fault.silence:
            await asyncio.sleep(fault.silence)
        if lost:
            return _broken(request)
        return web.json_response({"ok": True, "result": result})

    def _fault(self, method: str) -> Fault | None:
        if self.faults and self.faults[0].method.casefold() in ("", method.casefold()):
            return self.faults.popleft()
        return self.fault(method)

    async def _do_getme(self, fields: dict[str, Any], files: Any) -> Any:
        return BOT

    async def _do_getupdates(self, fields: dict[str, Any], files: Any) -> Any:
        if self.webhook["url"]:
            raise Refusal(409, "Conflict: can't use getUpdates method while webhook is active")
        offset = int(fields.get("offset") or 0)
        if offset > 0:
            self._confirm(offset)
        self._poll += 1  # a new call ends the one before it
        own = self._poll
        self._news.set()
        limit = int(fields.get("limit") or 100)
        allowed = fields.get("allowed_updates")
        end = time.monotonic() + float(fields.get("timeout") or 0)
        while True:
            if own != self._poll:
                raise Refusal(
                    409,
                    "Conflict: terminated by other getUpdates request; "
                    "make sure that only one bot instance is running",
                )
            waiting = [u for u in self._updates if not allowed or set(u) & set(allowed)][:limit]
            left = end - time.monotonic()
            if waiting or left <= 0:
                return waiting
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), left)
            except TimeoutError:
                return []

    async def _do_setwebhook(self, fields: dict[str, Any], files: Any) -> Any:
        self.webhook = {"url": fields.get("url") or "", "secret_token": fields.get("secret_token")}
        self._begin_calling()
        return True

    async def _do_deletewebhook(self, fields: dict[str, Any], files: Any) -> Any:
        self.webhook = {"url": ""}
        self._begin_calling()
        return True

    async def _do_getwebhookinfo(self, fields: dict[str, Any], files: Any) -> Any:
        waiting = len(self._updates)
        info = {"url": self.webhook["url"], "has_custom_certificate": False, "pending_update_count": waiting}
        if message := self.webhook.get("last_error_message"):
            info |= {"last_error_message": message, "last_error_date": int(time.time())}
        return info

    async def _do_answercallbackquery(self, fields: dict[str, Any], files: Any) -> Any:
        self.answered[str(fields["callback_query_id"])] = fields
        return True

    async def _do_sendchataction(self, fields: dict[str, Any], files: Any) -> Any:
        self.actions.append((self._chat(fields), str(fields["action"])))
        return True

    async def _do_sendmessagedraft(self, fields: dict[str, Any], files: Any) -> Any:
        chat = self._chat(fields)
        if chat < 0:
            raise Refusal(400, "Bad Request: drafts are for private chats")
        if not int(fields["draft_id"]):
            raise Refusal(400, "Bad Request: DRAFT_ID_INVALID")
        self.drafts.append((chat, int(fields["draft_id"]), str(fields.get("text") or "")))
        return True

    async def _do_sendmediagroup(self, fields: dict[str, Any], files: dict[str, tuple[str, bytes]]) -> Any:
        media = fields["media"]
        if not 2 <= len(media) <= 10:
            raise Refusal(400, "Bad Request: wrong number of items in the album")
        if "reply_markup" in fields:
            raise Refusal(400, "Bad Request: an album has no keyboard")
        group = str(next(self._callback_ids))
        shared = {key: value for key, value in fields.items() if key != "media"}
        answers = []
        for item in media:
            name = item["media"].removeprefix("attach://")
            own = {name: files[name]} if name in files else {}
            kind = item["type"]
            one = {**shared, **item, kind: item["media"]}
            answers.append({**self._send(f"send{kind}", one, own), "media_group_id": group})
        return answers

    async def _do_editmessagetext(self, fields: dict[str, Any], files: Any) -> Any:
        sent = self._edited(fields)
        _check_text(fields, "text", 4096)
        if sent.text == fields["text"] and sent.markup == (fields.get("reply_markup") or {}):
            raise Refusal(400, "Bad Request: message is not modified")
        sent.edits.append(dict(sent.fields))
        sent.fields |= {"text": fields["text"], "reply_markup": fields.get("reply_markup") or {}}
        return self._shown(sent)

    async def _do_editmessagereplymarkup(self, fields: dict[str, Any], files: Any) -> Any:
        sent = self._edited(fields)
        if sent.markup == (fields.get("reply_markup") or {}):
            raise Refusal(400, "Bad Request: message is not modified")
        sent.edits.append(dict(sent.fields))
        sent.fields["reply_markup"] = fields.get("reply_markup") or {}
        return self._shown(sent)

    async def _do_deletemessage(self, fields: dict[str, Any], files: Any) -> Any:
        self.sent.remove(self._edited(fields))
        return True

    async def _do_getfile(self, fields: dict[str, Any], files: Any) -> Any:
        id_ = str(fields["file_id"])
        if id_ not in self.files:
            raise Refusal(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        size = len(self.files[id_])
        if size > 20 << 20:
            raise Refusal(400, "Bad Request: file is too big")
        return {"file_id": id_, "file_unique_id": f"u{id_}", "file_size": size, "file_path": f"files/{id_}"}

    async def _file(self, request: web.Request) -> web.Response:
        id_ = request.match_info["path"].removeprefix("files/")
        if request.match_info["token"] != self.token or id_ not in self.files:
            return web.Response(status=404)
        return web.Response(body=self.files[id_])

    # --- messages of the bot -----------------------------------------------------------------------------------

    def _send(
        self, method: str, fields: dict[str, Any], files: dict[str, tuple[str, bytes]]
    ) -> dict[str, Any]:
        chat = self._chat(fields)
        kind = method.removeprefix("send").casefold()
        if kind == "message":
            _check_text(fields, "text", 4096)
        elif kind in ("photo", "document", "voice", "audio", "video", "animation", "sticker"):
            if fields.get("caption"):
                _check_text(fields, "caption", 1024)
            self._check_file(kind, fields, files)
        elif kind not in ("location", "contact"):
            raise Refusal(404, "Not Found: method not found")
        _check_markup(fields.get("reply_markup") or {})
        sent = Sent(self.next_message(chat), chat, method, fields, files)
        self.sent.append(sent)
        return self._shown(sent)

    def _chat(self, fields: dict[str, Any]) -> int:
        try:
            chat = int(fields["chat_id"])
        except (KeyError, ValueError):
            raise Refusal(400, "Bad Request: chat_id is empty") from None
        if chat in self.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        return chat

    def _check_file(self, kind: str, fields: dict[str, Any], files: dict[str, tuple[str, bytes]]) -> None:
        source = fields.get(kind)
        if kind in files or (isinstance(source, str) and source.removeprefix("attach://") in files):
            return
        if not source or (not str(source).startswith("http") and source not in self.files):
            raise Refusal(400, "Bad Request: wrong remote file identifier specified")

    def _edited(self, fields: dict[str, Any]) -> Sent:
        chat, id_ = self._chat(fields), int(fields["message_id"])
        for sent in self.sent:
            if (sent.chat, sent.id) == (chat, id_):
                return sent
        raise Refusal(400, "Bad Request: message to edit not found")

    def _shown(self, sent: Sent) -> dict[str, Any]:
        """The message as the Bot API answers it."""
        shown: dict[str, Any] = {
            "message_id": sent.id,
            "date": int(time.time()),
            "from": BOT,
            "chat": {"id": sent.chat, "type": "private" if sent.chat > 0 else "supergroup"},
        }
        kind = sent.method.removeprefix("send").casefold()
        if kind == "message":
            return shown | {"text": sent.fields["text"]}
        if kind == "location":
            return shown | {
                kind: {"latitude": sent.fields["latitude"], "longitude": sent.fields["longitude"]}
            }
        if kind == "contact":
            contact = {key: sent.fields[key] for key in ("phone_number", "first_name")}
            return shown | {kind: contact}
        if sent.text:
            shown["caption"] = sent.text
        return shown | {kind: self._kept(kind, sent)}

    def _kept(self, kind: str, sent: Sent) -> Any:
        source = str(sent.fields.get(kind) or "")
        name, content = next(iter(sent.files.values()), ("", b""))
        id_ = source if source in self.files else f"{kind}-{sent.chat}-{sent.id}"
        self.files.setdefault(id_, content)
        file = {"file_id": id_, "file_unique_id": f"u{id_}", "file_size": len(self.files[id_])}
        match kind:
            case "photo":
                return [{**file, "width": 100, "height": 100}]
            case "document":
                return {**file, "file_name": name}
            case "sticker":
                return {
                    **file,
                    "type": "regular",
                    "width": 9,
                    "height": 9,
                    "is_animated": False,
                    "is_video": False,
                }
            case "video" | "animation":
                return {**file, "width": 100, "height": 100, "duration": 1}
        return {**file, "duration": 1}


class Person:
    """A person as the bot sees one, in private or in a group."""

    def __init__(self, fake: TelegramFake, id: int, chat: dict[str, Any], name: str, language: str) -> None:
        self._fake = fake
        self.id = id
        self.chat = chat
        self.user = {"id": id, "is_bot": False, "first_name": name, "language_code": language}

    def say(self, text: str, **more: Any) -> int:
        """Returns the message's id."""
        entities = []
        if text.startswith("/"):
            entities = [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}]
        return self.send(text=text, **({"entities": entities} if entities else {}), **more)

    def send(self, **fields: Any) -> int:
        """A message with whatever fields."""
        message = self._message(self._fake.next_message(self.chat["id"]), fields)
        self._fake.update(message=message)
        return int(message["message_id"])

    def edit(self, message: int, text: str) -> None:
        fields = {"text": text, "edit_date": int(time.time())}
        self._fake.update(edited_message=self._message(message, fields))

    def press(self, sent: Sent, label: str) -> str:
        """Press a button under a message of the bot; returns the press's id."""
        button = next(button for button in sent.buttons if button["text"] == label)
        return self.press_data(sent, button["callback_data"])

    def press_data(self, sent: Sent, data: str) -> str:
        id_ = str(next(self._fake._callback_ids))  # noqa: SLF001  they are one
        shown = {**self._fake._shown(sent), "chat": self.chat}  # noqa: SLF001
        query = {"id": id_, "from": self.user, "message": shown, "chat_instance": "1", "data": data}
        self._fake.update(callback_query=query)
        return id_

    def block(self) -> None:
        """Block the bot."""
        self._fake.blocked.add(self.chat["id"])
        bot = {key: BOT[key] for key in ("id", "is_bot", "first_name", "username")}
        change = {
            "chat": self.chat,
            "from": self.user,
            "date": int(time.time()),
            "old_chat_member": {"status": "member", "user": bot},
            "new_chat_member": {"status": "kicked", "user": bot, "until_date": 0},
        }
        self._fake.update(my_chat_member=change)

    def file(self, id: str, content: bytes = b"bytes", **more: Any) -> dict[str, Any]:
        """A file that the bot may fetch."""
        self._fake.files[id] = content
        return {"file_id": id, "file_unique_id": f"u{id}", "file_size": len(content), **more}

    def photo(self, id: str, **fields: Any) -> int:
        return self.send(photo=[self.file(id, width=90, height=90)], **fields)

    def _message(self, id: int, fields: dict[str, Any]) -> dict[str, Any]:
        return {"message_id": id, "date": int(time.time()), "chat": self.chat, "from": self.user, **fields}


@asynccontextmanager
async def telegram(token: str = TOKEN) -> AsyncIterator[TelegramFake]:
    """A running fake."""
    fake = TelegramFake(token)
    await fake.start()
    try:
        yield fake
    finally:
        await fake.stop()


def _check_text(fields: dict[str, Any], name: str, limit: int) -> None:
    text = str(fields.get(name) or "")
    if not text.strip():
        raise Refusal(400, "Bad Request: message text is empty")
    if fields.get("parse_mode") == "HTML":
        text = _without_tags(text)
    if len(text.encode("utf-16-le")) // 2 > limit:
        raise Refusal(400, f"Bad Request: {'message' if limit == 4096 else 'message caption'} is too long")


def _without_tags(text: str) -> str:
    import html
    import re

    tags: list[str] = []
    for closing, tag in re.findall(r"<(/?)(\w+)[^>]*>", text):
        if tag not in ("b", "i", "u", "s", "a", "code", "pre"):
            raise Refusal(400, f'Bad Request: can\'t parse entities: Unsupported start tag "{tag}"')
        if not closing:
            tags.append(tag)
        elif not tags or tags.pop() != tag:
            raise Refusal(400, "Bad Request: can't parse entities: Unmatched end tag")
    if tags:
        raise Refusal(400, "Bad Request: can't parse entities: Can't find end tag")
    return html.unescape(re.sub(r"<[^>]*>", "", text))


def _check_markup(markup: dict[str, Any]) -> None:
    rows = markup.get("inline_keyboard")
    if rows is None:
        return
    if any(len(row) > 8 for row in rows) or sum(len(row) for row in rows) > 100:
        raise Refusal(400, "Bad Request: too many buttons")
    for row in rows:
        for button in row:
            if not button.get("text"):
                raise Refusal(400, "Bad Request: text buttons are unallowed in the inline keyboard")
            data = button.get("callback_data")
            if data is None and not button.get("url"):
                raise Refusal(400, "Bad Request: can't parse inline keyboard button")
            if data is not None and not 1 <= len(data.encode()) <= 64:
                raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")


async def _fields(request: web.Request) -> tuple[dict[str, Any], dict[str, tuple[str, bytes]]]:
    """The fields of a call, whatever the form, and its files."""
    fields: dict[str, Any] = dict(request.query)
    files: dict[str, tuple[str, bytes]] = {}
    if request.content_type == "application/json":
        fields |= await request.json()
    elif request.can_read_body:
        form = await request.post()
        for name, value in form.items():
            if isinstance(value, web.FileField):
                files[name] = (value.filename, value.file.read())
            else:
                fields[name] = value
    for name in (
        "reply_markup",
        "media",
        "allowed_updates",
        "entities",
        "link_preview_options",
        "reply_parameters",
    ):
        if isinstance(fields.get(name), str):
            fields[name] = json.loads(fields[name])
    return fields, files


def _refused(refusal: Refusal) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": refusal.code, "description": refusal.description}
    if refusal.parameters:
        body["parameters"] = refusal.parameters
    return web.json_response(body, status=refusal.code)


def _of(fault: Fault) -> Refusal:
    if fault.retry_after:
        again = {"retry_after": fault.retry_after}
        return Refusal(429, f"Too Many Requests: retry after {fault.retry_after}", again)
    if fault.migrate_to:
        moved = "Bad Request: group chat was upgraded to a supergroup chat"
        return Refusal(400, moved, {"migrate_to_chat_id": fault.migrate_to})
    return Refusal(fault.status, fault.description or "Internal Server Error")


def _broken(request: web.Request) -> web.Response:
    """Break the connection in the middle of the call."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
