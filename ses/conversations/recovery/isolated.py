"""What a turn in isolation calls: the same services, model and voices, during whose calls others may compute."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ses.dialogue.state.ports import BiometryRequest, Model, Services, Voices
from ses.dialogue.state.session import VoiceMessage
from ses.messages import Attachment, Conversation
from ses.scenario.program.settings import VoiceSettings
from ses.services.answers import Answer, ClassScore, FoundEntity, HttpReply, HttpRequest

if TYPE_CHECKING:  # a daemon without a model does not pay for them
    from ses.llm.answers import ChatAnswer, ChatChunk
    from ses.llm.requests import ChatRequest

T = TypeVar("T")


class Suspendable(Protocol):
    def suspended(self) -> AbstractAsyncContextManager[None]:
        """While the turn waits for something outside of the process."""
        ...


class IsolatedServices:
    """Implements `Services`."""

    def __init__(self, services: Services, isolation: Suspendable) -> None:
        self._services = services
        self._isolation = isolation

    async def classify(self, model: str, text: str) -> Sequence[ClassScore]:
        return await self._suspended(self._services.classify(model, text))

    async def extract(self, model: str, text: str) -> Sequence[FoundEntity]:
        return await self._suspended(self._services.extract(model, text))

    async def ask(self, text: str, category: str, channel: str) -> Answer | None:
        return await self._suspended(self._services.ask(text, category, channel))

    async def http(self, request: HttpRequest) -> HttpReply:
        return await self._suspended(self._services.http(request))

    async def _suspended(self, call: Awaitable[T]) -> T:
        async with self._isolation.suspended():
            return await call


class IsolatedVoices:
    """Implements `Voices`. Recordings are read and made by child processes, which can only end themselves."""

    def __init__(self, voices: Voices, isolation: Suspendable) -> None:
        self._voices = voices
        self._isolation = isolation

    async def transcribe(
        self, conversation: Conversation, recording: Attachment, settings: VoiceSettings, *, keep: float
    ) -> VoiceMessage:
        async with self._isolation.suspended():
            return await self._voices.transcribe(conversation, recording, settings, keep=keep)

    async def biometry(self, conversation: Conversation, media: str, question: BiometryRequest) -> Any:
        async with self._isolation.suspended():
            return await self._voices.biometry(conversation, media, question)

    async def synthesise(
        self, conversation: Conversation, text: str, voice: str, *, keep: float
    ) -> Attachment | None:
        async with self._isolation.suspended():
            return await self._voices.synthesise(conversation, text, voice, keep=keep)


class IsolatedModel:
    """Implements `Model`: the turn computes before and after a generation, not during one."""

    def __init__(self, model: Model, isolation: Suspendable) -> None:
        self._model = model
        self._isolation = isolation

    async def chat(self, request: ChatRequest) -> ChatAnswer:
        async with self._isolation.suspended():
            return await self._model.chat(request)

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        async with self._isolation.suspended(), aclosing(self._model.stream_chat(request)) as chunks:
            async for chunk in chunks:
                yield chunk
