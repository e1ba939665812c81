"""What the recognisers of a robot are built from: entities, intents and patterns as plain data, already
checked for their form. `compile` fills them from the models, `recogniser.build_recogniser` takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ListValue:
    """One value of a list entity: `large: {label: Большая, forms: [большая, больш*]}`."""

    key: str
    label: str
    """The first form as written, or `label:`."""
    forms: tuple[str, ...]
    """In the rules of patterns."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """By language, where the author gave several; overrides `label`."""


@dataclass(frozen=True, slots=True)
class EntitySpec:
    """An entity of the robot; exactly one of `values`, `pattern` and `see` is given."""

    name: str
    values: tuple[ListValue, ...] = ()
    pattern: str = ""
    """A regular expression on the raw text."""
    see: tuple[str, str] | None = None
    """`(model, entity)` of the SEE service."""


@dataclass(frozen=True, slots=True)
class IntentSpec:
    """An intent: the indices of its patterns in the robot's list, and its examples."""

    name: str
    patterns: tuple[int, ...] = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WordsSpec:
    """Everything a robot recognises without a network."""

    language: str
    languages: tuple[str, ...]
    entities: tuple[EntitySpec, ...]
    """Its own; built-in ones are always there."""
    slots: Mapping[str, str]
    """Slot to entity, for `@slot` in patterns; `text` slots are there as `text`."""
    patterns: tuple[str, ...]
    """Of intents, bare triggers (hidden intents `#…`) and menu items (`is:`); the index is the number."""
    intents: tuple[IntentSpec, ...]
