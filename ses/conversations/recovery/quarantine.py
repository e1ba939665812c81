"""Suspects compute one at a time, each under a mark that outlives the process.

Only computing can bring the daemon down, so a suspect that waits for a service or for the disk makes room for the next
one. A death while it computed counts fully. That it ran at all counts an eighth, in case its service's answer is what
kills: who is there when the daemon is killed from outside now and then is not given up, who kills is, whatever the way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from ses.dialogue.state.ports import Model, Services, VoiceQuestion, Voices
from ses.dialogue.state.session import VoiceMessage
from ses.messages import Attachment, Conversation
from ses.scenario.program.settings import VoiceSettings
from ses.services.answers import Answer, ClassScore, FoundEntity, HttpReply, HttpRequest
from ses.storage.contract import Store, StoreUnavailable

if TYPE_CHECKING:  # a daemon without a model does not pay for them
    from ses.llm.answers import ChatAnswer, ChatChunk
    from ses.llm.requests import ChatRequest

log = structlog.get_logger("ses.recovery")

RAN = 1
"""Suspicion that falls on a suspect each time it is run; `DEATH` is added for a death while it computed."""
PAUSE = 2.0

T = TypeVar("T")


class Quarantine:
    """One suspect's turn at computing alone."""

    def __init__(self, store: Store, room: asyncio.Lock, row: int) -> None:
        self._store = store
        self._room = room
        self._row = row
        self._inside = False
        self._computing = False
        self._waits = 0
        """For how many things outside it waits at once."""

    async def enter(self) -> None:
        """Wait for the room. Until `computing` it only reads what it needs, which kills nobody."""
        await self._room.acquire()
        self._inside = True
        await self._note(RAN)

    @contextmanager
    def computing(self) -> Iterator[None]:
        """A sudden death of the process in here is the suspect's fault, but for what it does `outside`."""
        self._computing = True
        self._mark()
        try:
            yield
        finally:
            self._computing = False
            self._mark()

    @asynccontextmanager
    async def outside(self) -> AsyncIterator[None]:
        """It waits for a service or the disk; several such waits may overlap."""
        self._waits += 1
        if self._waits == 1:
            self.leave()
        try:
            yield
        finally:
            self._waits -= 1
            if not self._waits:
                await self._room.acquire()
                self._inside = True
                self._mark()

    def leave(self) -> None:
        """All is computed, or the daemon stops."""
        if self._inside:
            self._inside = False
            self._store.mark_in_flight(0)
            self._room.release()

    def _mark(self) -> None:
        if self._inside:  # the mark is that of whoever has the room
            self._store.mark_in_flight(self._row if self._computing else 0)

    async def _note(self, points: int) -> None:
        while True:
            try:
                await self._store.add_suspicion(self._row, points)
                return
            except StoreUnavailable as error:
                log.warning("recovery waits for the store", reason=str(error))
                await asyncio.sleep(PAUSE)


class OutsideCalls:
    """Implements `Services` for a suspect: each call is made outside of its solitude."""

    def __init__(self, services: Services, solitude: Quarantine) -> None:
        self._services = services
        self._solitude = solitude

    async def classify(self, model: str, text: str) -> Sequence[ClassScore]:
        return await self._outside(self._services.classify(model, text))

    async def extract(self, model: str, text: str) -> Sequence[FoundEntity]:
        return await self._outside(self._services.extract(model, text))

    async def ask(self, text: str, category: str, channel: str) -> Answer | None:
        return await self._outside(self._services.ask(text, category, channel))

    async def http(self, request: HttpRequest) -> HttpReply:
        return await self._outside(self._services.http(request))

    async def _outside(self, call: Awaitable[T]) -> T:
        async with self._solitude.outside():
            return await call


class OutsideVoices:
    """Implements `Voices` for a suspect. Recordings are read and made by child processes, which can only end themselves."""

    def __init__(self, voices: Voices, solitude: Quarantine) -> None:
        self._voices = voices
        self._solitude = solitude

    async def hear(
        self, conversation: Conversation, recording: Attachment, settings: VoiceSettings, *, keep: float
    ) -> VoiceMessage:
        async with self._solitude.outside():
            return await self._voices.hear(conversation, recording, settings, keep=keep)

    async def examine(self, conversation: Conversation, media: str, question: VoiceQuestion) -> Any:
        async with self._solitude.outside():
            return await self._voices.examine(conversation, media, question)

    async def speak(
        self, conversation: Conversation, text: str, voice: str, *, keep: float
    ) -> Attachment | None:
        async with self._solitude.outside():
            return await self._voices.speak(conversation, text, voice, keep=keep)


class OutsideModel:
    """Implements `Model` for a suspect: it computes alone before and after a generation, not during one."""

    def __init__(self, model: Model, solitude: Quarantine) -> None:
        self._model = model
        self._solitude = solitude

    async def chat(self, request: ChatRequest) -> ChatAnswer:
        async with self._solitude.outside():
            return await self._model.chat(request)

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        async with self._solitude.outside(), aclosing(self._model.stream_chat(request)) as chunks:
            async for chunk in chunks:
                yield chunk
