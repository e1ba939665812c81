"""How the bot hears what happened: `getUpdates` and the webhook."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiohttp import ClientSession, ClientTimeout

from doubles.telegram.chats import Chats
from doubles.telegram.faults import Refusal
from ses.flow.keyed_queue import KeyedQueue


class Updates(Chats):
    """Updates that wait to be asked for, or are brought to the webhook."""

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
        waiting = sum(one["update_id"] not in self._done for one in self._updates)
        info = {"url": self.webhook["url"], "has_custom_certificate": False, "pending_update_count": waiting}
        if message := self.webhook.get("last_error_message"):
            info |= {"last_error_message": message, "last_error_date": int(time.time())}
        return info

    def _begin_calling(self) -> None:
        if self._caller is not None:
            self._caller.cancel()
        self._caller = asyncio.create_task(self._bring_updates()) if self.webhook["url"] else None

    async def _bring_updates(self) -> None:
        """Each again until it is answered 200; those of one chat one by one, chats beside each other."""
        calls: KeyedQueue[int, dict[str, Any]] = KeyedQueue(self._bring)
        brought = self.confirmed
        try:
            while True:
                self._news.clear()
                for update in [one for one in self._updates if one["update_id"] >= brought]:
                    calls.put(_chat_of(update), update)
                    brought = update["update_id"] + 1
                await self._news.wait()
        finally:
            await calls.close()

    async def _bring(self, chat: int, update: dict[str, Any]) -> None:
        number, status = update["update_id"], 0
        while status != 200:
            status = await self._called(update)
            self.webhook_calls.append((number, status))
            self._said.set()
            if status != 200:
                self.webhook["last_error_message"] = f"Wrong response from the webhook: {status or 'none'}"
                await asyncio.sleep(0.05)
        self._done.add(number)
        waiting = [one["update_id"] for one in self._updates if one["update_id"] not in self._done]
        self._confirm(min(waiting, default=self.newest + 1))

    async def _called(self, update: dict[str, Any]) -> int:
        """The status of the answer; 0 without one."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook.get("secret_token") or ""}
        try:
            async with (
                ClientSession(timeout=ClientTimeout(total=30)) as http,
                http.post(self.webhook["url"], json=update, headers=headers) as answer,
            ):
                return answer.status
        except OSError:
            return 0


def _chat_of(update: dict[str, Any]) -> int:
    """Where it happened; 0: nowhere."""
    what = next((one for one in update.values() if isinstance(one, dict)), {})
    chat = what.get("chat") or (what.get("message") or {}).get("chat") or {}
    return int(chat.get("id", 0)) if isinstance(chat, dict) else 0
