"""What is wrong with a configuration, in words for the person who wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ses.errors import SesError
from ses.nearest import nearest


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `line` and `column` count from 1, 0 when the mistake is in no line (a missing file)."""

    file: str
    key: str
    """The way to the key, `connectors.web.site.origins`; empty for the file as a whole."""
    message: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        at = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return ": ".join(part for part in (at, self.key, self.message) if part)


class ConfigError(SesError):
    """A configuration that cannot be used; `problems` holds everything that was found, in the file's order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, problems)))


def dotted(path: Iterable[str | int]) -> str:
    """`("llm", "servers", 0, "url")` → `llm.servers[0].url`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def nearest_name(word: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, whatever its case and whether with `-` or `_`."""
    return nearest(word, known, fold=lambda name: name.casefold().replace("-", "_"))


def one_of(names: Iterable[str]) -> str:
    """`a`, `b` or `c`."""
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
