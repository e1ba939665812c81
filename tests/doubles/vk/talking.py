"""The API's methods for messages."""

from __future__ import annotations

from typing import Any

from doubles.vk.community import Community
from doubles.vk.faults import ERRORS, ApiError
from doubles.vk.keyboards import checked_keyboard
from doubles.vk.messages import CHATS, Message


class Talking(Community):
    """`messages.*`: values come as the strings of a form, answers are what stands under `response`."""

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

    def _allowed(self, values: dict[str, str]) -> Any:
        user = int(values["user_id"])
        return {"is_allowed": int(user not in self.denied and user in self.conversations)}

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
        newest = list(reversed(lane))[int(values.get("offset", 0)) :][: int(values.get("count", 20))]
        return {"count": len(lane), "items": [one.shown(self.group_id) for one in newest]}


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
