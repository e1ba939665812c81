"""What holds for a whole robot: its sessions, its FAQ, its voice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """Times in seconds."""

    idle: float = 1800.0
    expire: float = 30 * 86400.0
    burst: float = 0.0
    on_update: Literal["pin", "move"] = "pin"
    quiet: tuple[int, int] | None = None
    """Minutes since midnight from which and to which the robot does not write first, in the user's time zone."""
    margin: float = 0.05
    threshold: float = 0.5
    sure: float = 0.8


@dataclass(frozen=True, slots=True)
class QasSettings:
    categories: tuple[str, ...] = ()
    threshold: float = 0.6


@dataclass(frozen=True, slots=True)
class Recognition:
    """What the recogniser of speech is asked."""

    model: str
    speakers: bool = False
    emotion: bool = False
    vad: str = ""
    preset: str = ""
    asynchronous: bool | None = None
    """Recognised by `async=1`; none: when the recording is long."""


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """How a robot hears and speaks."""

    spr: Recognition | None = None
    """None: voice messages are files like others."""
    traits: bool = False
    """Something reads what only SBS tells of a voice (`message.voice.age` …)."""
    tts: str = ""
    """The voice of spoken messages; empty: the service's own."""
    answer: Literal["never", "when_spoken", "always"] = "never"
