"""The whole of a compiled robot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ses.scenario.program.definitions import Flow, LlmIntent, Slot, SmcIntent, Trigger, Variable
from ses.scenario.program.messages import Message
from ses.scenario.program.recognition import Recogniser
from ses.scenario.program.settings import QasSettings, SessionSettings, VoiceSettings


@dataclass(frozen=True, slots=True)
class Program:
    """A robot of one version."""

    id: str
    title: str
    version: str
    """Hash of its files."""
    language: str
    languages: tuple[str, ...]
    timezone: str
    session: SessionSettings
    variables: Mapping[str, Variable]
    slots: Mapping[str, Slot]
    flows: Mapping[str, Flow]
    """Hidden ones too (steps under `events:`, `fallback`, `on_correct` …); their names begin with `#`."""
    data: Mapping[str, Any]
    texts: Mapping[str, Message]
    """The robot's and the engine's (`ses.*`), every one in every language of the robot."""
    events: Mapping[str, str]
    """Built-in event, or `event@channel`, to the flow that handles it; `fallback` stands apart."""
    fallback: Mapping[str, tuple[str, ...]]
    """The ladder's flows, by channel; `""` for all."""
    by_intent: Mapping[str, tuple[Trigger, ...]]
    by_command: Mapping[str, tuple[Trigger, ...]]
    by_button: Mapping[str, tuple[Trigger, ...]]
    """By the folded label."""
    by_event: Mapping[str, tuple[Trigger, ...]]
    smc_intents: tuple[SmcIntent, ...]
    recogniser: Recogniser
    llm_intents: tuple[LlmIntent, ...] = ()
    intents: frozenset[str] = frozenset()
    """The intents its author declared; one of the name of a built-in intent replaces that one's phrases."""
    qas: QasSettings | None = None
    media: frozenset[str] = frozenset()
    """Files below the robot's folder that may be sent."""
    voice: VoiceSettings = field(default_factory=VoiceSettings)

    def at_event(self, event: str, channel: str) -> str | None:
        """The flow that handles a built-in event in a channel."""
        return self.events.get(f"{event}@{channel}") or self.events.get(event)
