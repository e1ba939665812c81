"""`llm`: the language model robots may use."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from ses.config.fields import HttpUrl, Many, Part, Secret


class VllmEngine(Part):
    """The model inside the daemon."""

    engine: Literal["vllm"]
    model: Annotated[str, Field(min_length=1)]
    """A folder (relative to the configuration file) or the name under which vLLM finds it."""
    name: str | None = None
    """The model's name in the API; else the last part of `model`."""
    args: dict[str, Any] = {}
    """Handed to vLLM's `AsyncEngineArgs` as they are."""
    embeddings: str | None = None
    preload: bool = True
    censor: HttpUrl | None = None


class LlmServer(Part):
    url: HttpUrl
    key: Secret | None = None


class RemoteEngine(Part):
    """One or more OpenAI-compatible servers."""

    engine: Literal["remote"]
    servers: Many[LlmServer]
    name: str | None = None
    censor: HttpUrl | None = None

    @field_validator("servers")
    @classmethod
    def _some_server(cls, servers: tuple[LlmServer, ...]) -> tuple[LlmServer, ...]:
        if not servers:
            raise ValueError("must name at least one server")
        return servers


Llm = Annotated[VllmEngine | RemoteEngine, Field(discriminator="engine")]
