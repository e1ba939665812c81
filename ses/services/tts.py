"""TTS, text to speech."""

from __future__ import annotations

from typing import Any

from ses.services.answers import Speech
from ses.services.client import ServiceClient

PATHS = {"synthesize": "/synthesize", "models": "/models"}


class Tts:
    """`POST /synthesize` is ours: it answers audio, or JSON with the `path` to fetch it from."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client
        self._paths = {**PATHS, **client.settings.paths}

    async def synthesize(self, text: str, *, voice: str = "", audio_format: str = "wav") -> Speech:
        """The spoken text. Raises `StepError`."""
        client = self._client
        request = {"text": text, "voice": voice, "format": audio_format}
        reply = await client.call(self._paths["synthesize"], json=request)
        if reply.content_type == "application/json":
            path = client.fields.need(client.fields.checked_object(reply.body, reply.status), "path", str)
            if not path.startswith("/") or "{" in path:
                raise client.fields.malformed("answered a path that does not begin with a slash")
            reply = await client.call(path, method="GET")
        if not reply.body or not reply.content_type.startswith(("audio/", "application/octet-stream")):
            raise client.fields.malformed("did not answer audio")
        return Speech(audio=reply.body, mime=reply.content_type)

    async def models(self) -> Any:
        return await self._client.data(self._paths["models"], method="GET")
