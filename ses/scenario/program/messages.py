"""What the robot says, as its author wrote it: texts by language, buttons, files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ses.scenario.program.expressions import Expression, Template, Value


@dataclass(frozen=True, slots=True)
class ButtonSpec:
    """A button as its author wrote it."""

    text: Template
    value: Value | None = None
    flow: str | None = None
    args: Mapping[str, Value] = field(default_factory=dict)
    url: Template | None = None
    request: Literal["", "phone", "location"] = ""
    condition: Expression | None = None
    texts: Mapping[str, Template] = field(default_factory=dict)
    """The label by language, where the robot translates it; `text` is the one of its first language."""


@dataclass(frozen=True, slots=True)
class MediaSpec:
    kind: Literal["image", "file", "audio"]
    path: Template
    """A file below the robot's folder, or a URL."""


@dataclass(frozen=True, slots=True)
class Message:
    """What one `say`, question or engine text says. `variants` are used in turn, not repeating."""

    variants: Mapping[str, tuple[Template, ...]]
    """By language; `""` holds the text of a robot that does not translate."""
    buttons: tuple[ButtonSpec, ...] = ()
    offer_choices: bool = False
    """`buttons: choices`: the entity's values or the slot's `choices` become buttons."""
    no_buttons: bool = False
    """`buttons: []`: a question of a slot with `choices` shows none of them."""
    media: tuple[MediaSpec, ...] = ()
    voice: bool | None = None
    """Spoken too; none: as the robot does it."""
    format: Literal["plain", "markdown"] = "plain"
    channels: Mapping[str, Message] = field(default_factory=dict)
    """What replaces it in some channels."""
