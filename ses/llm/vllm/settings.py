"""From the configuration to what vLLM is started with: its command line and its environment. Pure; imports nothing of vLLM."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import msgspec

GIB = 1 << 30


class VllmSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A model to load."""

    model: str
    """A folder, or a name under which vLLM finds it."""
    name: str
    """Under which requests know it."""
    args: dict[str, Any] = {}
    """vLLM's own arguments, as they are: `{"max_model_len": 4096, "tensor_parallel_size": 2}`."""
    embeddings: bool = False


EVERYWHERE: Mapping[str, Any] = {
    "scheduling_policy": "priority",
    "enable_prompt_tokens_details": True,
    # Arguments of a tool that was asked for by name fit its schema, whether or not the caller said `strict`.
    "tool_strict_level": "parameter",
    "use_tqdm_on_load": False,
}
ON_CPU: Mapping[str, Any] = {
    "enforce_eager": True,  # compiled by inductor, models answered wrongly, and took minutes to start
    "distributed_executor_backend": "uni",
    "kv_cache_memory_bytes": GIB,  # else vLLM wants nine tenths of the machine's memory
}
EMBEDDINGS: Mapping[str, Any] = {"runner": "pooling"}
EMBEDDINGS_ON_CPU: Mapping[str, Any] = {**ON_CPU, "kv_cache_memory_bytes": GIB // 4, "dtype": "float32"}


def command_line(settings: VllmSettings, *, on_cpu: bool) -> list[str]:
    """vLLM's arguments. Those of the configuration win over ours, so all that vLLM can do is within reach."""
    always, slow = (EMBEDDINGS, EMBEDDINGS_ON_CPU) if settings.embeddings else (EVERYWHERE, ON_CPU)
    ours = {**always, **(slow if on_cpu else {})}
    given = {name.replace("-", "_").lstrip("_"): value for name, value in settings.args.items()}
    if given.get("tool_call_parser") and "enable_auto_tool_choice" not in given:
        ours["enable_auto_tool_choice"] = True
    words = ["--model", settings.model, "--served-model-name", settings.name]
    for name, value in (ours | given).items():
        words += _option(name, value)
    return words


def _option(name: str, value: Any) -> list[str]:
    option = f"--{name.replace('_', '-')}"
    match value:
        case None:
            return []
        case True:
            return [option]
        case False:
            return [f"--no-{name.replace('_', '-')}"]
        case list() | tuple():
            return [option, *map(str, value)]
        case dict():
            return [option, json.dumps(value)]
        case _:
            return [f"{option}={value}"]


def environment(given: Mapping[str, str], *, on_cpu: bool, cores: int | None = None) -> dict[str, str]:
    """What vLLM must find in the environment; what stands there already wins."""
    free = max(1, (cores or os.cpu_count() or 1) - 1)
    ours = {
        "VLLM_CONFIGURE_LOGGING": "0",  # its records go where the daemon's go
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # a fork would copy a process full of threads
        "TOKENIZERS_PARALLELISM": "false",
    }
    if on_cpu:
        ours |= {
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # with the backend `uni`: the worker computes in the engine core itself
            # One core stays free for conversations: with all of them taken, a busy machine stalls tokens for seconds.
            "OMP_NUM_THREADS": str(free),
            # Else the first request for log-probabilities waits 19 s for a compiler.
            "TORCHDYNAMO_DISABLE": "1",
        }
    return {name: value for name, value in ours.items() if name not in given}
