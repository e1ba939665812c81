"""People around the community: what they write, press and allow."""

from __future__ import annotations

import json
import secrets
from typing import Any

from doubles.vk.events import Events
from doubles.vk.messages import CHATS, Message, Press


class People(Events):
    """What people do, as tests say it."""

    async def write(self, user: int, text: str = "", *, chat: int = 0, **more: Any) -> Message:
        """A person writes, to the community or into a group chat. `more`: further fields of the message (`payload`,
        `ref`, `attachments`, `geo`, `reply_message`, `action`)."""
        message, event = self.written(user, text, chat=chat, **more)
        await self.repeat(event)
        return message

    def written(
        self, user: int, text: str = "", *, chat: int = 0, **more: Any
    ) -> tuple[Message, dict[str, Any]]:
        """As `write`, but the event is brought by who asked for it."""
        inline = more.pop("inline_keyboard", True)
        message = self._add(CHATS + chat if chat else user, user, text, **more)
        client = {
            "button_actions": ["text", "vkpay", "open_app", "location", "open_link", "callback"],
            "keyboard": True,
            "inline_keyboard": inline,
            "carousel": True,
            "lang_id": 0,
        }
        what = {"message": message.shown(self.group_id), "client_info": client}
        return message, self._event("message_new", what)

    async def speak(self, user: int, name: str, recording: bytes) -> Message:
        """A person sends a voice message."""
        self.files[name] = recording
        sound = {"id": 1, "owner_id": user, "duration": 1, "link_ogg": f"{self.url}/files/{name}"}
        return await self.write(user, attachments=[{"type": "audio_message", "audio_message": sound}])

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

    def labels(self, peer: int) -> dict[str, str]:
        """Labels of the buttons that somebody was shown, by the ids that the daemon gave them."""
        found = {}
        for message in self.conversations[peer]:
            for row in (message.keyboard or {"buttons": ()})["buttons"]:
                for action in (button["action"] for button in row):
                    found[json.loads(action["payload"] or "{}").get("b", "")] = action.get("label", "")
        return found

    def _reads(self, user: int, message: Message) -> bool:
        return message.peer_id == user or message.peer_id > CHATS
