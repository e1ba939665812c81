"""What the services answer, as the rest of the daemon sees it, whatever the release spoken to."""

from __future__ import annotations

from typing import Any

import msgspec


class ClassScore(msgspec.Struct, frozen=True):
    """A class of a short message (SMC)."""

    name: str
    confidence: float
    """0..1."""


class FoundEntity(msgspec.Struct, frozen=True):
    """An entity in a text (SEE). `start` and `end` are character offsets in the text sent; −1 when not told."""

    entity: str
    text: str
    value: Any
    start: int = -1
    end: int = -1


class Answer(msgspec.Struct, frozen=True):
    """An answer of the FAQ (QAS)."""

    text: str
    confidence: float
    source: str = ""


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One call of an `http` step, every template already rendered."""

    method: str
    url: str
    json: Any = msgspec.UNSET
    form: dict[str, str] | None = None
    headers: dict[str, str] = {}
    timeout: float = 10.0
    """Seconds for the whole exchange."""
    retry: int = 0
    """How often a failed call is tried again, under the same key."""
    key: str = ""
    """`Idempotency-Key` of the call: `SESSION/TURN/N`."""


class HttpReply(msgspec.Struct, frozen=True):
    """The answer to an `http` step with status < 400."""

    status: int
    body: Any
    """The parsed JSON body, or the text when it is not JSON."""


class Transcript(msgspec.Struct, frozen=True):
    """What was said in a recording (SPR)."""

    text: str
    model: str
    details: dict[str, Any]
    """The whole answer: speakers, emotion and what else was asked for."""


class Speech(msgspec.Struct, frozen=True):
    """A spoken text (TTS)."""

    audio: bytes
    mime: str


class VoiceTraits(msgspec.Struct, frozen=True):
    """What a voice tells of its owner (SBS)."""

    age: ClassScore
    gender: ClassScore
    emotion: ClassScore
    multispeaker: ClassScore
    synth: ClassScore
