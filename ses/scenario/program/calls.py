"""The operations of a flow that ask or tell others: web addresses, services, the language model, other conversations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from ses.scenario.program.expressions import Template, Value
from ses.scenario.program.messages import Message
from ses.scenario.program.operations import Op


@dataclass(frozen=True, slots=True, kw_only=True)
class Http(Op):
    method: str
    url: Template
    """Values in it are percent-encoded."""
    json: Value | None = None
    form: Mapping[str, Value] | None = None
    headers: Mapping[str, Template] = field(default_factory=dict)
    timeout: float = 10.0
    retry: int = 0
    save: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallService(Op):
    """A step `smc`, `see` or `qas`. `text` absent: the utterance of the turn."""

    service: Literal["smc", "see", "qas"]
    model: str = ""
    category: str = ""
    text: Value | None = None
    save: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sbs(Op):
    """Ask about a voice. `voice` absent: the recording of the turn's message."""

    method: Literal["analyze", "search", "noiselevel"]
    voice: Value | None = None
    dataset: Template | None = None
    threshold: float = 0.5
    text: Template | None = None
    similarity: float | None = None
    save: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send(Op):
    """Say something in another conversation with this robot."""

    to: Template
    """A person (`telegram:123`), a phone (`+79130000000`) or a session's id."""
    connector: str = ""
    """Only there: a name or a kind."""
    message: Message


class Option(NamedTuple):
    """What a model may choose: `key` is what is kept, `text` what is said; without one the key is the text."""

    key: str
    text: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Llm(Op):
    """Ask the language model. `prompt` absent: the utterance of the turn."""

    prompt: Template | None = None
    system: Template | None = None
    history: int = 0
    """Earlier messages of the conversation that it sees."""
    options: tuple[Option, ...] = ()
    """It answers with one of these."""
    tools: tuple[str, ...] = ()
    """Flows it may call before it answers."""
    route: tuple[str, ...] = ()
    """Flows of which it picks one, where the conversation goes on; or none."""
    fill: tuple[str, ...] = ()
    """Slots that get a value by its answer."""
    form: Mapping[str, Any] | None = None
    """The JSON Schema its answer fits."""
    stream: bool = False
    max_tokens: int | None = None
    temperature: float = 0.2
    timeout: float = 30.0
    private: bool = False
    """It may see private values."""
    abort_on_input: bool = False
    save: str = ""
