"""Somebody who talks to the bot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ses_connector_max.testing.shapes import BOT, Sent, chat_of, now

if TYPE_CHECKING:
    from ses_connector_max.testing.world import World


class Person:
    """Somebody who talks to the bot: alone, or in a group."""

    def __init__(self, fake: World, user: int, name: str) -> None:
        self._fake = fake
        self.id = user
        self._user = {
            "user_id": user,
            "first_name": name,
            "name": name,
            "is_bot": False,
            "last_activity_time": 0,
        }

    async def start(self, payload: str | None = None) -> int:
        """Press «Начать»; with a link's payload. Like all of these: the number of updates there are now."""
        self._fake.stopped.discard(self.id)
        given = {"payload": payload} if payload is not None else {}
        return await self._happen(
            "bot_started", chat_id=chat_of(self.id), user=self._user, user_locale="ru", **given
        )

    async def stop(self) -> int:
        self._fake.stopped.add(self.id)
        return await self._happen("bot_stopped", chat_id=chat_of(self.id), user=self._user, user_locale="ru")

    async def leave(self, group: int) -> int:
        return await self._happen("user_removed", chat_id=group, user=self._user, is_channel=False)

    async def say(
        self, text: str | None, *attachments: dict[str, Any], group: int | None = None, **more: Any
    ) -> str:
        """The message's id. `more`: other fields of the message, `link` or `markup`."""
        mid = self._fake.mid()
        await self._happen(
            "message_created", message=self._message(mid, text, attachments, group, more), user_locale="ru"
        )
        return mid

    async def edit(self, mid: str, text: str, group: int | None = None) -> int:
        return await self._happen("message_edited", message=self._message(mid, text, (), group, {}))

    async def press(self, button: str, group: int | None = None) -> int:
        """Press a button by its payload, as soon as it is shown."""

        def bearers() -> list[Sent]:
            said = self._fake.to(self.id, group)
            return [one for one in said if any(b.get("payload") == button for b in one.buttons)]

        await self._fake.until(lambda: bool(bearers()))
        callback = {
            "timestamp": now(), "callback_id": f"cb-{next(self._fake.numbers)}-{'x' * 60}",
            "payload": button, "user": self._user,
        }  # fmt: skip
        shown = self._fake.shown(bearers()[-1])
        return await self._happen("message_callback", callback=callback, message=shown, user_locale="ru")

    async def label(self, text: str) -> int:
        """Press a button by its label."""

        def wanted() -> list[str]:
            said = [button for one in self._fake.to(self.id) for button in one.buttons]
            return [button["payload"] for button in said if button["text"] == text and "payload" in button]

        await self._fake.until(lambda: bool(wanted()))
        return await self.press(wanted()[-1])

    def _message(
        self,
        mid: str,
        text: str | None,
        attachments: tuple[dict[str, Any], ...],
        group: int | None,
        more: dict[str, Any],
    ) -> dict[str, Any]:
        body: dict[str, Any] = {"mid": mid, "seq": len(self._fake.updates), "text": text}
        if attachments:
            body["attachments"] = list(attachments)
        if "markup" in more:
            body["markup"] = more.pop("markup")
        if group is None:
            recipient = {"chat_id": chat_of(self.id), "chat_type": "dialog", "user_id": BOT["user_id"]}
        else:
            recipient = {"chat_id": group, "chat_type": "chat"}
        return {"recipient": recipient, "timestamp": now(), "body": body, "sender": self._user, **more}

    async def _happen(self, kind: str, **what: Any) -> int:
        return await self._fake.happen({"update_type": kind, "timestamp": now(), **what})
