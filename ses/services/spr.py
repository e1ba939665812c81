"""SPR, the recogniser of phrases: speech to text."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ses.clock import Clock
from ses.errors import StepError
from ses.services.answers import Transcript
from ses.services.client import ServiceClient

PATHS = {"stt": "/stt/{model}", "result": "/result/{taskID}", "models": "/models"}
FIRST_POLL = 0.25
LONGEST_POLL = 2.0
"""Seconds between two polls of a task; doubled, for a long recording takes long. Nothing has failed meanwhile."""


class Spr:
    """`POST /stt/{model}` with the file `wav`; long recordings are recognised by `async=1` and asked for."""

    def __init__(self, client: ServiceClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._paths = {**PATHS, **client.settings.paths}

    async def recognise(
        self,
        model: str,
        wav: bytes,
        *,
        speakers: bool = False,
        vad: str = "",
        preset: str = "",
        emotion: bool = False,
        wait: float | None = None,
    ) -> Transcript:
        """What was said. With `wait` (seconds) the service works on its own and is asked until it is ready.

        Raises `StepError`; kind timeout when `wait` was not enough.
        """
        parts: dict[str, str | bytes] = {"wav": wav}
        switches = {"speakers": speakers, "emotion": emotion, "async": wait is not None}
        parts |= {name: "1" for name, on in switches.items() if on}
        parts |= {name: value for name, value in (("vad", vad), ("preset", preset)) if value}
        data = await self._client.data(self._paths["stt"], path_params={"model": model}, parts=parts)
        if wait is not None:
            data = await self._result(self._task(data), self._clock.monotonic() + wait)
        fields = self._client.fields
        return Transcript(
            text=fields.need(data, "text", str), model=str(fields.get(data, "model", model)), details=data
        )

    async def models(self) -> Any:
        return await self._client.data(self._paths["models"], method="GET")

    def _task(self, data: dict[str, Any]) -> str:
        task = self._client.fields.get(data, "taskID")
        if not isinstance(task, str | int) or isinstance(task, bool) or task == "":
            raise self._client.fields.malformed("named no taskID")
        return str(task)

    async def _result(self, task: str, until: float) -> dict[str, Any]:
        interval = FIRST_POLL
        while True:
            data = await self._client.data(self._paths["result"], method="GET", path_params={"taskID": task})
            status = self._client.fields.need(data, "status", str)
            if status == "ready":
                return data
            if status in {"error", "failed"}:
                raise StepError("status", f"spr could not recognise task {quote(task)[:40]}", service="spr")
            if self._clock.monotonic() + interval > until:
                raise StepError("timeout", "spr is not ready in time", service="spr")
            await self._clock.sleep(interval)
            interval = min(interval * 2, LONGEST_POLL)
