"""Keys of newer editions of the original that are known but not supported here: a warning each, and the start goes on."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ses.config.document import Document
from ses.config.document import Path as Keys
from ses.config.problems import dotted
from ses.config.settings import AudioStorage

UNSUPPORTED: tuple[Keys, ...] = (
    ("vad",),
    ("connectors", "max"),
    ("connectors", "freeswitch"),
    ("servers", "ups"),
)

REMEDIES: dict[Keys, str] = {
    (
        "connectors",
        "max",
    ): "ignored: MAX is spoken by a package of its own, ses-connector-max, which is not installed here; "
    "docs/connectors.md says how to get it"
}


def remove_unsupported(document: Document, file: str, brought: Collection[str] = ()) -> list[str]:
    """Remove these keys from the document; a line about each. `brought`: kinds of connector that a package supports."""
    found = [
        path
        for path in UNSUPPORTED
        if not (path[0] == "connectors" and path[-1] in brought) and _remove(document.value, path)
    ]
    audio = _at(document.value, ("storage", "audio"))
    if isinstance(audio, dict):
        for key in [key for key in audio if key not in AudioStorage.model_fields]:
            del audio[key]
            found.append(("storage", "audio", key))
    return [
        f"{file}:{document.position(path)[0]}: {dotted(path)}: {REMEDIES.get(path, 'known but not supported here, ignored')}"
        for path in found
    ]


def _remove(value: Any, path: Keys) -> bool:
    holder = _at(value, path[:-1])
    if not isinstance(holder, dict) or path[-1] not in holder:
        return False
    del holder[path[-1]]
    return True


def _at(value: Any, path: Keys) -> Any:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value
