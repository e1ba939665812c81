"""`llm`: the language model robots and the API may use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from ses.config.fields import HttpUrl, Many, Secret, Section


def _folder_if_there(given: str, info: ValidationInfo) -> str:
    """A folder below the configuration's, or else a name that vLLM knows what to do with."""
    base: Path = (info.context or {}).get("base", Path.cwd())
    folder = base / given
    return str(folder) if folder.is_dir() or given.startswith((".", "/", "models/")) else given


Model = Annotated[str, Field(min_length=1), AfterValidator(_folder_if_there)]
"""A folder in Hugging Face's layout (absolute after loading), or the name of a model."""
ModelName = Annotated[str, Field(min_length=1, max_length=128)]


class _Shared(Section):
    name: ModelName | None = None
    """The model's name in the API; else the last part of `model`, or what the servers call it."""
    concurrency: Annotated[int | None, Field(ge=1, le=65536)] = None
    """Requests that are at work at once; else 64 (and 64 for each further server)."""
    waiting: Annotated[int, Field(ge=0, le=1_000_000)] = 256
    """Requests that may wait; those beyond are told to come again later."""
    censor: HttpUrl | None = None


class VllmEngine(_Shared):
    """The model inside the daemon."""

    engine: Literal["vllm"]
    model: Model
    args: dict[str, Any] = {}
    """Handed to vLLM as they are."""
    embeddings: Model | None = None
    embeddings_args: dict[str, Any] = {}
    preload: bool = True
    """Load at start; else at the first request."""


class LlmServer(Section):
    url: HttpUrl
    """Of the API: `http://10.0.0.5:8000/v1`."""
    key: Secret | None = None


class RemoteEngine(_Shared):
    """One or more OpenAI-compatible servers."""

    engine: Literal["remote"]
    servers: Many[LlmServer]
    embeddings: ModelName | None = None
    """The servers' model for embeddings."""

    @field_validator("servers")
    @classmethod
    def _some_server(cls, servers: tuple[LlmServer, ...]) -> tuple[LlmServer, ...]:
        if not servers:
            raise ValueError("must name at least one server")
        return servers


Llm = Annotated[VllmEngine | RemoteEngine, Field(discriminator="engine")]
