"""QAS, answers to frequent questions."""

from __future__ import annotations

from typing import Literal

from ses.services.answers import Answer
from ses.services.client import ServiceClient

PATHS = {"ask": "/ask"}


class Qas:
    """`GET /ask?text&category&channel&useCache&useGPT`; the shape of the answer is ours."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client
        self._paths = {**PATHS, **client.settings.paths}

    async def ask(
        self,
        text: str,
        category: str = "",
        channel: str = "",
        *,
        use_cache: Literal["no", "all", "checked"] = "all",
        use_gpt: bool = False,
    ) -> Answer | None:
        """The best answer, none when there is none. `category` may name several: `menu|delivery`.

        Raises `StepError`.
        """
        query = {"text": text, "useCache": use_cache, "useGPT": str(int(use_gpt))}
        query |= {name: value for name, value in (("category", category), ("channel", channel)) if value}
        data = await self._client.data(self._paths["ask"], method="GET", query=query)
        fields = self._client.fields
        if not fields.get(data, "answer"):
            return None
        source = fields.get(data, "source")
        return Answer(
            text=fields.need(data, "answer", str),
            confidence=fields.confidence(data),
            source="" if source is None else str(source),
        )
