"""All services of a daemon together, as turns are given them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from ses.clock import Clock
from ses.services.address_rules import AddressRules
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
from ses.services.client import ServiceClient
from ses.services.http import OutboundHttp
from ses.services.qas import Qas
from ses.services.sbs import Sbs
from ses.services.see import See
from ses.services.settings import ServiceSettings
from ses.services.smc import Smc
from ses.services.spr import Spr
from ses.services.transport import Observer, OwnSite
from ses.services.tts import Tts

PORTS = {"smc": 6181, "spr": 6183, "see": 6184, "sbs": 6185, "tts": 6186, "qas": 6187}
"""Where each service listens when the configuration does not say otherwise."""


class ServiceSuite:
    """The six services and the client of `http` steps."""

    def __init__(
        self,
        settings: Mapping[str, ServiceSettings],
        rules: AddressRules,
        *,
        clock: Clock,
        observer: Observer | None = None,
        own_site: OwnSite | None = None,
    ) -> None:
        self._clients = {
            name: ServiceClient(
                name,
                settings.get(name) or ServiceSettings(url=f"http://127.0.0.1:{port}/{name}"),
                clock=clock,
                observer=observer,
                own_site=own_site,
            )
            for name, port in PORTS.items()
        }
        self.smc = Smc(self._clients["smc"])
        self.see = See(self._clients["see"])
        self.qas = Qas(self._clients["qas"])
        self.spr = Spr(self._clients["spr"], clock)
        self.tts = Tts(self._clients["tts"])
        self.sbs = Sbs(self._clients["sbs"])
        self._outbound = OutboundHttp(rules, clock=clock, observer=observer, own_site=own_site)

    async def close(self) -> None:
        await asyncio.gather(self._outbound.close(), *(client.close() for client in self._clients.values()))

    def breakers_open(self) -> list[str]:
        """Names of services that keep failing and are not asked at present."""
        return [name for name, client in self._clients.items() if client.breaker.open]

    async def classify(self, model: str, text: str) -> Sequence[ClassScore]:
        return await self.smc.classify(model, text)

    async def extract(self, model: str, text: str) -> Sequence[FoundEntity]:
        return await self.see.extract(model, text)

    async def ask(self, text: str, category: str, channel: str) -> Answer | None:
        return await self.qas.ask(text, category, channel)

    async def http(self, request: HttpRequest) -> HttpReply:
        return await self._outbound.send(request)

    async def download(self, url: str, limit: int) -> bytes:
        return await self._outbound.download(url, limit)

    async def recognise(self, model: str, wav: bytes, **options: Any) -> Transcript:
        """Options as of `Spr.recognise`."""
        return await self.spr.recognise(model, wav, **options)

    async def synthesize(self, text: str, voice: str, audio_format: str) -> Speech:
        return await self.tts.synthesize(text, voice=voice, audio_format=audio_format)

    async def analyze(self, wav: bytes) -> VoiceTraits:
        return await self.sbs.analyze(wav)

    async def search(self, wav: bytes, dataset: str, **options: Any) -> Sequence[Mapping[str, Any]]:
        """Options as of `Sbs.search`."""
        return await self.sbs.search(wav, dataset, **options)

    async def noise_level(self, wav: bytes) -> float:
        return await self.sbs.noise_level(wav)
