"""People who write to the bot."""

from __future__ import annotations

import time
from typing import Any

from doubles.telegram.messages import BOT, Sent
from doubles.telegram.speech import Speech


class Person:
    """A person as the bot sees one, in private or in a group."""

    def __init__(self, fake: Speech, id: int, chat: dict[str, Any], name: str, language: str) -> None:
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
        id_ = str(next(self._fake._callback_ids))
        shown = {**self._fake._shown(sent), "chat": self.chat}
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

    def speak(self, id: str, recording: bytes, **fields: Any) -> int:
        """Send a voice message."""
        voice = self.file(id, recording, duration=1, mime_type="audio/ogg")
        return self.send(voice=voice, **fields)

    def photo(self, id: str, **fields: Any) -> int:
        return self.send(photo=[self.file(id, width=90, height=90)], **fields)

    def _message(self, id: int, fields: dict[str, Any]) -> dict[str, Any]:
        return {"message_id": id, "date": int(time.time()), "chat": self.chat, "from": self.user, **fields}
