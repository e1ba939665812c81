"""`voice:` of a robot as its program has it, and whether its expressions ask who spoke."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ses.scenario.compiling.pieces import Checked
from ses.scenario.models.voice import Voice
from ses.scenario.program.settings import Recognition, VoiceSettings

TRAITS = ("age", "gender", "emotion", "multispeaker", "synth", "traits")
"""Fields of `message.voice` that only SBS fills."""
_VOICE = re.compile(
    r"""\bmessage \s* (?: \. \s* voice \b | \[ \s* (?P<mark>['"]) voice (?P=mark) \s* \] )
    (?: \s* (?: \. \s* (?P<field>\w+) | \[ \s* ['"] (?P<key>\w+) ['"] \s* \] ) )?""",
    re.VERBOSE,
)


def reads_voice(checked: Checked) -> bool:
    """It reads anything of `message.voice`."""
    return _VOICE.search(checked.node.text) is not None


def asks_traits(checked: Checked) -> bool:
    """It reads a field that SBS fills, or hands on all of `message.voice`."""
    text = checked.node.text
    for found in _VOICE.finditer(text):
        name = found["field"] or found["key"]
        # A bare `message.voice` is a question whether there is one; in a value it goes on as a whole.
        if name in TRAITS or (name is None and checked.role == "value"):
            return True
    return False


def voice_settings(model: Voice | None, checked: Iterable[Checked]) -> VoiceSettings:
    if model is None:
        return VoiceSettings()
    spr = model.spr
    return VoiceSettings(
        spr=None
        if spr is None
        else Recognition(
            model=str(spr.model), speakers=spr.speakers, emotion=spr.emotion, vad=str(spr.vad or ""),
            preset=str(spr.preset or ""), asynchronous=spr.asynchronous,
        ),
        traits=spr is not None and any(asks_traits(one) for one in checked),
        tts=str(model.tts or ""),
        answer=model.answer,
    )  # fmt: skip
