"""Keeps secrets out of whatever is written down: logs, traces, error texts, settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

MASK = "•••"

SECRET_KEYS = frozenset(
    {
        "access_token",
        "api_key",
        "apikey",
        "authorization",
        "cookie",
        "identity",
        "key",
        "key_hash",
        "password",
        "proxy_authorization",
        "secret",
        "secret_token",
        "set_cookie",
        "token",
        "x_api_key",
        "x_apig_appcode",
        "x_auth_token",
    }
)
"""Names under which a value is never shown, in lower case with `_` for `-`."""

_SECRET_SHAPES = re.compile(
    r"(?P<bearer>\bBearer\s+)[^\s\"',]+"  # a header told in a text
    r"|(?P<bot>/bot)\d+:[\w-]{20,}"  # Telegram has the token in its addresses
    r"|(?P<query>[?&](?:access_token|api_key|key|password|secret|token)=)[^&\s\"']+",
    re.IGNORECASE,
)

DEEPEST = 8
"""Levels of nesting that are written; what lies deeper is told by its type."""


class Redactor:
    """Masks by name, by shape, and by value: `secrets` are blotted out wherever they occur."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self._values: re.Pattern[str] | None = None
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Know more secrets, those of a reloaded configuration; the old ones stay known."""
        self._secrets.update(filter(None, secrets))
        longest_first = sorted(self._secrets, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        """The text with every secret in it masked."""
        if self._values is not None:
            text = self._values.sub(MASK, text)
        return _SECRET_SHAPES.sub(lambda found: f"{found[found.lastgroup or 0]}{MASK}", text)

    def value(self, value: Any, depth: int = 0) -> Any:
        """A copy of a value, made of plain JSON kinds, with everything secret masked. Other kinds become texts."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value)
        if depth >= DEEPEST:
            return f"‹{type(value).__name__}›"
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.item(str(key), item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item, depth + 1) for item in value]
        return self.text(str(value))

    def item(self, key: str, value: Any, depth: int = 0) -> Any:
        """The value as it may be shown under this key."""
        if value is not None and key.lower().replace("-", "_") in SECRET_KEYS:
            return MASK
        return self.value(value, depth)
