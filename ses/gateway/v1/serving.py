"""What the methods of `/v1` share: the engine, its models, the censor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from ses.gateway.v1.censor import Censor, CensorDown, Verdict
from ses.gateway.v1.engine_request import find_model
from ses.gateway.v1.errors import V1Error, unavailable
from ses.llm.contract import Engine, ModelInfo, Task

Waiting = Callable[[], float | None]
"""While the daemon waits for the engine at its start: seconds after which a client may try again; else none."""


Narrowing = Callable[[Sequence[ModelInfo]], Sequence[ModelInfo]]
"""Of the engine's models those that are offered, in the order to show them in."""


def never() -> float | None:
    """Nothing is waited for."""
    return None


class Serving:
    def __init__(
        self,
        engine: Engine,
        *,
        max_n: int = 10,
        censor: Censor | None = None,
        waiting: Waiting = never,
        journaled: bool = False,
        narrowed: Narrowing | None = None,
    ) -> None:
        self.engine = engine
        self.max_n = max_n
        self.censor = censor
        self.journaled = journaled
        """Streams are put together for the journal."""
        self._waiting = waiting
        self._narrowed = narrowed

    def models(self) -> Sequence[ModelInfo]:
        """The models that requests may name."""
        models = self.engine.models()
        return models if self._narrowed is None else self._narrowed(models)

    def check_model(self, task: Task, model: str, unknown: V1Error) -> None:
        """Raises `unknown`, or 503 when there is nothing that could know a model."""
        if (wait := self._waiting()) is not None:
            raise unavailable(wait)
        models = self.models()
        if not any(one.task == task for one in models):
            raise unavailable()
        if model:
            find_model(models, task, model, unknown=unknown)

    async def judge(self, kind: Literal["prompt", "answer"], text: str) -> Verdict:
        """Raises 503 when the censor is down."""
        if self.censor is None:
            return Verdict(allowed=True)
        try:
            return await self.censor.judge(kind, text)
        except CensorDown:
            raise unavailable() from None
