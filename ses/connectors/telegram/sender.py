"""Pieces of a message on their way to one chat, and what Telegram's refusals mean."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from telegram import (
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    Message,
    ReplyParameters,
)
from telegram import LinkPreviewOptions as LinkPreview
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated

from ses.connectors.contract import DeliveryFailed
from ses.connectors.telegram.client import Client, UpdatesBot
from ses.connectors.telegram.destinations import Destination
from ses.connectors.telegram.files import PHOTO, Files
from ses.connectors.telegram.rate_limit import RateLimit
from ses.connectors.telegram.render import File, Piece
from ses.connectors.telegram.text import to_html

_ALBUM: dict[str, Any] = {
    "photo": InputMediaPhoto,
    "video": InputMediaVideo,
    "document": InputMediaDocument,
    "audio": InputMediaAudio,
}
Settled = TypeVar("Settled")

NO_PREVIEW = LinkPreview(is_disabled=True)


class Sender:
    """Sends pieces through one bot, no faster than Telegram allows."""

    def __init__(self, client: Client, rate_limit: RateLimit, files: Files) -> None:
        self._client = client
        self._rate_limit = rate_limit
        self._files = files

    async def send(self, destination: Destination, piece: Piece) -> list[int]:
        """Send a piece; the identifiers of the messages it became. Raises `telegram.error.TelegramError`."""
        return await self._settled(destination, lambda: self._send(destination, piece))

    async def edit(self, destination: Destination, message: int, piece: Piece) -> None:
        """Put a text in the place of one sent before. Raises as `send`."""
        text, mode = _text(piece)

        async def work() -> None:
            await self._call(
                destination,
                lambda bot: bot.edit_message_text(
                    text,
                    chat_id=destination.chat,
                    message_id=message,
                    parse_mode=mode,
                    reply_markup=piece.markup,  # type: ignore[arg-type]  # none with a keyboard at the bottom gets here
                    link_preview_options=NO_PREVIEW,
                ),
            )

        try:
            await self._settled(destination, work)
        except BadRequest as error:
            if "not modified" not in str(error).casefold():
                raise

    async def take_back(self, chat: int, message: int) -> None:
        """Delete a message of the bot; one that is gone already is as good. Raises as `send`."""
        try:
            await self._client.call(lambda bot: bot.delete_message(chat, message))
        except BadRequest:
            return  # gone, or too old for it

    async def _settled(self, destination: Destination, work: Callable[[], Awaitable[Settled]]) -> Settled:
        """The same again after what a second try mends: a group that moved, a reply to what is gone."""
        try:
            return await work()
        except ChatMigrated as moved:
            destination.chat = moved.new_chat_id
            destination.reply_to = None
            destination.thread = None
        except BadRequest as error:
            said = str(error).casefold()
            if destination.reply_to is not None and "repl" in said:
                destination.reply_to = None
            elif destination.thread is not None and "thread" in said:
                destination.thread = None
            else:
                raise
        return await work()

    async def _call(self, destination: Destination, work: Callable[[UpdatesBot], Awaitable[Any]]) -> Any:
        await self._rate_limit.turn(destination.chat)
        return await self._client.call(work)

    async def _send(self, destination: Destination, piece: Piece) -> list[int]:
        where: dict[str, Any] = {"chat_id": destination.chat}
        if destination.thread is not None:
            where["message_thread_id"] = destination.thread
        if destination.reply_to is not None:
            where["reply_parameters"] = ReplyParameters(
                destination.reply_to, allow_sending_without_reply=True
            )
        if len(piece.files) > 1:
            return await self._album(destination, where, piece)
        if piece.markup is not None:
            where["reply_markup"] = piece.markup
        if piece.files:
            return await self._file(destination, where, piece)
        if piece.location is not None:
            latitude, longitude = piece.location
            return await self._one(
                destination, lambda bot: bot.send_location(latitude=latitude, longitude=longitude, **where)
            )
        if piece.contact is not None:
            phone, name = piece.contact
            return await self._one(
                destination, lambda bot: bot.send_contact(phone_number=phone, first_name=name, **where)
            )
        return await self._words(destination, where, piece)

    async def _words(self, destination: Destination, where: dict[str, Any], piece: Piece) -> list[int]:
        text, mode = _text(piece)
        return await self._one(
            destination,
            lambda bot: bot.send_message(
                text=text, parse_mode=mode, link_preview_options=NO_PREVIEW, **where
            ),
        )

    async def _file(self, destination: Destination, where: dict[str, Any], piece: Piece) -> list[int]:
        file = piece.files[0]
        try:
            source, known = await self._files.source(file)
        except DeliveryFailed:
            if file.kind == "voice":  # what it says aloud is gone, its words are here
                return await self._unspoken(destination, where, piece)
            raise
        kind = _fitting(file, source)
        under = dict(where)
        if kind != "sticker":
            under["caption"], under["parse_mode"] = _text(piece)
        try:
            message = await self._call(
                destination, lambda bot: getattr(bot, f"send_{kind}")(**{kind: source}, **under)
            )
        except BadRequest as error:
            if kind == "voice" and "VOICE_MESSAGES_FORBIDDEN" in str(error).upper():
                return await self._unspoken(destination, where, piece)
            raise
        self._files.remember(known, message)
        return [message.message_id]

    async def _unspoken(self, destination: Destination, where: dict[str, Any], piece: Piece) -> list[int]:
        """Only the text of a spoken message; a longer one than stands under a voice comes by itself."""
        return await self._words(destination, where, piece) if piece.text else []

    async def _album(self, destination: Destination, where: dict[str, Any], piece: Piece) -> list[int]:
        text, mode = _text(piece)
        media, keys = [], []
        for number, file in enumerate(piece.files):
            source, known = await self._files.source(file, album=True)
            under = {"caption": text, "parse_mode": mode} if number == 0 and text else {}
            media.append(_ALBUM[file.kind](source, **under))
            keys.append(known)
        messages = await self._call(destination, lambda bot: bot.send_media_group(media=media, **where))
        for known, message in zip(keys, messages, strict=False):
            self._files.remember(known, message)
        return [message.message_id for message in messages]

    async def _one(
        self, destination: Destination, work: Callable[[UpdatesBot], Awaitable[Message]]
    ) -> list[int]:
        message = await self._call(destination, work)
        return [message.message_id]


def _text(piece: Piece) -> tuple[str, str | None]:
    """The text and how it is marked up. (Telegram counts it without its marks, so HTML may be longer than the limit.)"""
    if piece.markdown and piece.text:
        return to_html(piece.text), ParseMode.HTML
    return piece.text, None


def _fitting(file: File, source: Any) -> str:
    """A picture too large to be one goes as a file."""
    content = getattr(source, "input_file_content", b"")
    return "document" if file.kind == "photo" and len(content) > PHOTO else file.kind
