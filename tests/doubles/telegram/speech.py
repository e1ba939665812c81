"""What the bot says: messages, albums, edits, drafts, answers to presses."""

from __future__ import annotations

import time
from typing import Any

from doubles.telegram.checks import check_markup, check_text
from doubles.telegram.faults import Refusal
from doubles.telegram.files import Files
from doubles.telegram.messages import BOT, Sent


class Speech(Files):
    """Methods get the fields of the call and its files, and return what stands under `result`."""

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
        check_text(fields, "text", 4096)
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

    def _send(
        self, method: str, fields: dict[str, Any], files: dict[str, tuple[str, bytes]]
    ) -> dict[str, Any]:
        chat = self._chat(fields)
        kind = method.removeprefix("send").casefold()
        if kind == "message":
            check_text(fields, "text", 4096)
        elif kind in ("photo", "document", "voice", "audio", "video", "animation", "sticker"):
            if fields.get("caption"):
                check_text(fields, "caption", 1024)
            if kind == "voice" and chat in self.voiceless:
                raise Refusal(400, "Bad Request: VOICE_MESSAGES_FORBIDDEN")
            self._check_file(kind, fields, files)
        elif kind not in ("location", "contact"):
            raise Refusal(404, "Not Found: method not found")
        check_markup(fields.get("reply_markup") or {})
        sent = Sent(self.next_message(chat), chat, method, fields, files)
        self.sent.append(sent)
        return self._shown(sent)

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
