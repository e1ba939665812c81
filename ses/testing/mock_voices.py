"""What stands for the services of speech in a dialogue test. No sound is made or read."""

from __future__ import annotations

from typing import Any

from ses.dialogue.state.ports import BiometryRequest
from ses.dialogue.state.session import VoiceMessage
from ses.errors import StepError
from ses.messages import Attachment, Channel, Conversation
from ses.scenario.program.settings import VoiceSettings
from ses.testing.mocks import MockServices

SAID = "said:"
"""What `Attachment.media` begins with when the test itself tells the words of the recording."""
PLAYED: frozenset[Channel] = frozenset({"web", "telegram", "vk"})
"""Channels in which people can listen."""
SECONDS = 2.0
"""How long every recording of a test lasts."""


def saying(text: str) -> Attachment:
    """A voice message in which these words are said."""
    return Attachment("voice", media=SAID + text, mime="audio/ogg")


class MockVoices:
    """`ses.dialogue.state.ports.Voices` out of mocks."""

    def __init__(self, services: MockServices, channel: Channel) -> None:
        self._services = services
        self._channel = channel

    async def transcribe(
        self, conversation: Conversation, recording: Attachment, settings: VoiceSettings, *, keep: float
    ) -> VoiceMessage:
        assert settings.spr is not None
        model, media = settings.spr.model, recording.media
        told = media.startswith(SAID)
        text = media.removeprefix(SAID) if told else self._services.reply_to("spr", recording.name, model)
        return VoiceMessage(
            text=text or "", model=model, media=media, duration=SECONDS,
            traits=self._traits() if settings.traits else {},
        )  # fmt: skip

    def _traits(self) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._services.reply_to("sbs", "", None, "analyze")
        except StepError:
            return {}
        return answer["analyze"]  # type: ignore[no-any-return]

    async def biometry(self, conversation: Conversation, media: str, question: BiometryRequest) -> Any:
        return self._services.reply_to("sbs", question.text, None, question.method)[question.method]

    async def synthesise(
        self, conversation: Conversation, text: str, voice: str, *, keep: float
    ) -> Attachment | None:
        if self._channel not in PLAYED:
            return None
        self._services.reply_to("tts", text, None)
        return Attachment("voice", media=SAID + text, mime="audio/ogg")
