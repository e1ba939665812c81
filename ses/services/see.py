"""SEE, the extractor of entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ses.services.answers import FoundEntity
from ses.services.client import ServiceClient

PATHS = {"extract": "/extract/{model}", "models": "/models"}


class See:
    """`POST /extract/{model}` is ours; `GET /models` is the original's."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client
        self._paths = {**PATHS, **client.settings.paths}

    async def extract(self, model: str, text: str) -> Sequence[FoundEntity]:
        """The entities of a text, in the service's order. Raises `StepError`."""
        data = await self._client.data(
            self._paths["extract"], path_params={"model": model}, json={"text": text}
        )
        return [self._entity(item, text) for item in self._client.fields.objects(data, "entities")]

    async def models(self) -> Any:
        return await self._client.data(self._paths["models"], method="GET")

    def _entity(self, item: Mapping[str, Any], text: str) -> FoundEntity:
        fields = self._client.fields
        found = fields.need(item, "text", str)
        start, end = fields.get(item, "start"), fields.get(item, "end")
        if not (_offset(start) and _offset(end) and 0 <= start <= end <= len(text)):
            # Without offsets, or with some of another text, the found words say where it stands.
            start = text.casefold().find(found.casefold())
            end = start + len(found) if start >= 0 else -1
        value = fields.get(item, "value")
        return FoundEntity(
            entity=fields.need(item, "entity", str),
            text=found,
            value=found if value is None else value,
            start=start,
            end=end,
        )


def _offset(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
