"""SMC, the classifier of short messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ses.services.answers import ClassScore
from ses.services.client import ServiceClient

PATHS = {"classify": "/classify/{model}", "models": "/models", "emotion": "/emotion"}


class Smc:
    """`POST /classify/{model}` is ours; `GET /models` and `GET /emotion` are the original's."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client
        self._paths = {**PATHS, **client.settings.paths}

    async def classify(self, model: str, text: str) -> Sequence[ClassScore]:
        """The classes of a text, surest first. Raises `StepError`."""
        fields = self._client.fields
        data = await self._client.data(
            self._paths["classify"], path_params={"model": model}, json={"text": text}
        )
        scores = [
            ClassScore(name=fields.need(item, "class", str), confidence=fields.confidence(item))
            for item in fields.objects(data, "classes")
        ]
        return sorted(scores, key=lambda score: -score.confidence)

    async def models(self) -> Any:
        """What the service lists, as it lists it."""
        return await self._client.data(self._paths["models"], method="GET")

    async def emotion(self, text: str) -> Any:
        return await self._client.data(self._paths["emotion"], method="GET", query={"text": text})
