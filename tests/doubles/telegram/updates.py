"""How the bot hears what happened: `getUpdates` and the webhook."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiohttp import ClientSession, ClientTimeout

from doubles.telegram.chats import Chats
from doubles.telegram.faults import Refusal


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
        waiting = len(self._updates)
        info = {"url": self.webhook["url"], "has_custom_certificate": False, "pending_update_count": waiting}
        if message := self.webhook.get("last_error_message"):
            info |= {"last_error_message": message, "last_error_date": int(time.time())}
        return info

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
