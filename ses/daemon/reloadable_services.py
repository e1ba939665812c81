"""The services of the configuration in force: turns hold on to this, a reload puts another suite behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from ses.services.answers import (
    Answer,
    ClassScore,
    FoundEntity,
    HttpReply,
    HttpRequest,
    Speech,
    Transcript,
    VoiceTraits,
)
from ses.services.suite import ServiceSuite


class ReloadableServices:
    """Implements `ses.dialogue.state.ports.Services` and `ses.conversations.voice.processor.SpeechServices`."""

    def __init__(self, suite: ServiceSuite) -> None:
        self._suite = suite
        self._calls: dict[ServiceSuite, int] = {suite: 0}
        """Calls under way, by the suite they were begun with."""

    async def replace(self, suite: ServiceSuite) -> None:
        """Calls from now on go to `suite`; the one before is closed when its last call is over."""
        before, self._suite = self._suite, suite
        self._calls[suite] = 0
        if not self._calls[before]:
            await self._close(before)

    async def close(self) -> None:
        await asyncio.gather(*(self._close(suite) for suite in list(self._calls)))

    def failing(self) -> list[str]:
        """Services that keep failing."""
        return self._suite.breakers_open()

    async def classify(self, model: str, text: str) -> Sequence[ClassScore]:
        async with _Use(self) as suite:
            return await suite.classify(model, text)

    async def extract(self, model: str, text: str) -> Sequence[FoundEntity]:
        async with _Use(self) as suite:
            return await suite.extract(model, text)

    async def ask(self, text: str, category: str, channel: str) -> Answer | None:
        async with _Use(self) as suite:
            return await suite.ask(text, category, channel)

    async def http(self, request: HttpRequest) -> HttpReply:
        async with _Use(self) as suite:
            return await suite.http(request)

    async def download(self, url: str, limit: int) -> bytes:
        async with _Use(self) as suite:
            return await suite.download(url, limit)

    async def recognise(self, model: str, wav: bytes, **options: Any) -> Transcript:
        async with _Use(self) as suite:
            return await suite.recognise(model, wav, **options)

    async def synthesize(self, text: str, voice: str, audio_format: str) -> Speech:
        async with _Use(self) as suite:
            return await suite.synthesize(text, voice, audio_format)

    async def analyze(self, wav: bytes) -> VoiceTraits:
        async with _Use(self) as suite:
            return await suite.analyze(wav)

    async def search(self, wav: bytes, dataset: str, **options: Any) -> Sequence[Mapping[str, Any]]:
        async with _Use(self) as suite:
            return await suite.search(wav, dataset, **options)

    async def noise_level(self, wav: bytes) -> float:
        async with _Use(self) as suite:
            return await suite.noise_level(wav)

    def begin(self) -> ServiceSuite:
        self._calls[self._suite] += 1
        return self._suite

    async def end(self, suite: ServiceSuite) -> None:
        self._calls[suite] -= 1
        if suite is not self._suite and not self._calls[suite]:
            await self._close(suite)

    async def _close(self, suite: ServiceSuite) -> None:
        self._calls.pop(suite, None)
        await suite.close()


class _Use:
    """One call of the suite that is in force when it begins."""

    __slots__ = ("_services", "_suite")

    def __init__(self, services: ReloadableServices) -> None:
        self._services = services

    async def __aenter__(self) -> ServiceSuite:
        self._suite = self._services.begin()
        return self._suite

    async def __aexit__(self, *_failure: object) -> None:
        await self._services.end(self._suite)
