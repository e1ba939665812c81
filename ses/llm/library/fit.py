"""How much memory a model needs: its weights, and a cache of keys and values for every token in work."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from ses.errors import SesError

GIB = 1 << 30
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "fp8": 1}
"""Of one number in the cache, by type."""
WEIGHTS = ("*.safetensors", "*.bin", "*.gguf")


class _ModelConfig(msgspec.Struct):
    """What of a model's `config.json` decides its size."""

    num_hidden_layers: int
    hidden_size: int
    num_attention_heads: int
    num_key_value_heads: int | None = None
    head_dim: int | None = None
    max_position_embeddings: int = 2048
    dtype: str | None = None
    torch_dtype: str | None = None


class Needs(NamedTuple):
    """Bytes of a model."""

    weights: int
    per_token: int
    context: int
    """Tokens of the longest conversation it was made for."""
    dtype: str

    def total(self, tokens: int) -> int:
        """With `tokens` in work, of all conversations together: 2 · bytes · layers · hidden · kv_heads / heads · tokens + weights."""
        return self.weights + self.per_token * tokens

    def tokens_in(self, memory: int) -> int:
        """Tokens that fit beside the weights into `memory` bytes."""
        return max(0, memory - self.weights) // self.per_token


def needs(folder: Path, dtype: str | None = None) -> Needs:
    """Of the model in a folder; `dtype` of the cache, else the model's own. Raises `SesError`."""
    file = folder / "config.json"
    try:
        config = msgspec.json.decode(file.read_bytes(), type=_ModelConfig)
    except OSError as error:
        raise SesError(f"{folder} is no model: {file.name} cannot be read ({error.strerror})") from error
    except msgspec.MsgspecError as error:
        raise SesError(f"{file} does not describe a model of text: {error}") from error
    chosen = dtype or config.dtype or config.torch_dtype or "bfloat16"
    if chosen not in BYTES:
        raise SesError(f"the type `{chosen}` is not known; known are {', '.join(BYTES)}")
    weights = next(
        (found for pattern in WEIGHTS if (found := sum(f.stat().st_size for f in folder.glob(pattern)))), 0
    )
    if not weights:
        raise SesError(f"{folder} has no weights ({', '.join(WEIGHTS)})")
    width = config.head_dim or config.hidden_size // config.num_attention_heads
    heads = config.num_key_value_heads or config.num_attention_heads
    per_token = 2 * BYTES[chosen] * config.num_hidden_layers * width * heads
    return Needs(weights, per_token, config.max_position_embeddings, chosen)
