"""SBS, voice biometry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ses.services.answers import ClassScore, VoiceTraits
from ses.services.client import ServiceClient

PATHS = {"analyze": "/analyze", "search": "/search", "noiselevel": "/noiselevel"}


class Sbs:
    """`POST /analyze`, `/search` and `/noiselevel`, each with the file `wav`."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client
        self._paths = {**PATHS, **client.settings.paths}

    async def analyze(self, wav: bytes) -> VoiceTraits:
        """Age, gender and so on of the voice. Raises `StepError`."""
        data = await self._client.data(self._paths["analyze"], parts={"wav": wav})
        return VoiceTraits(
            age=self._trait(data, "age"),
            gender=self._trait(data, "gender"),
            emotion=self._trait(data, "emotion"),
            multispeaker=self._trait(data, "multispeaker"),
            synth=self._trait(data, "synth"),
        )

    async def search(
        self,
        wav: bytes,
        dataset: str,
        *,
        threshold: float,
        text: str = "",
        text_similarity: float | None = None,
    ) -> Sequence[Mapping[str, Any]]:
        """Whose voice of `dataset` this is, as the service lists them. Raises `StepError`."""
        parts: dict[str, str | bytes] = {"wav": wav, "dataset": dataset, "threshold": str(threshold)}
        if text:
            parts["text"] = text
        if text_similarity is not None:
            parts["textSimilarity"] = str(text_similarity)
        data = await self._client.data(self._paths["search"], parts=parts)
        return self._client.fields.objects(data, "result")

    async def noise_level(self, wav: bytes) -> float:
        """How noisy a recording is, in the service's own measure. Raises `StepError`."""
        data = await self._client.data(self._paths["noiselevel"], parts={"wav": wav})
        return self._client.fields.need(data, "noise", float)

    def _trait(self, data: Mapping[str, Any], name: str) -> ClassScore:
        fields = self._client.fields
        trait = fields.need(data, name, dict)
        return ClassScore(name=str(fields.get(trait, "class", "")), confidence=fields.confidence(trait))
