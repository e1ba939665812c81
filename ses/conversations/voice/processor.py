"""Voice messages: from a recording that came to what was said in it, and from a text to a recording."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
import structlog
from cachetools import LRUCache

from ses.audio.conversion import Converter, Form, seconds_of
from ses.audio.store import AudioStore
from ses.connectors.contract import Speaking
from ses.conversations.voice.recordings import Recordings
from ses.dialogue.state.ports import BiometryRequest
from ses.dialogue.state.session import VoiceMessage
from ses.errors import StepError
from ses.messages import Attachment, Conversation
from ses.scenario.program.settings import Recognition, VoiceSettings
from ses.services.answers import Speech, Transcript, VoiceTraits

log = structlog.get_logger("ses.voice")

LONG = 15.0
"""Seconds of a recording from which on the recogniser is not waited for in one call (`async=1`)."""
WAIT = 60.0
"""Seconds that a recording has to be recognised by `async=1`, and twice its length more."""
DETAILS = 16_384
"""Bytes of what SPR tells beside the text that are kept."""
MIMES: Mapping[Form, str] = {"wav": "audio/wav", "ogg": "audio/ogg", "mp3": "audio/mpeg"}
REMEMBERED = 8 << 20
"""Bytes of spoken texts that are remembered: greetings and questions are said again and again."""


class SpeechServices(Protocol):
    """SPR, TTS and SBS. Each raises `StepError`."""

    async def recognise(self, model: str, wav: bytes, **options: Any) -> Transcript: ...

    async def synthesize(self, text: str, voice: str, audio_format: str) -> Speech: ...

    async def analyze(self, wav: bytes) -> VoiceTraits: ...

    async def search(self, wav: bytes, dataset: str, **options: Any) -> Sequence[Mapping[str, Any]]: ...

    async def noise_level(self, wav: bytes) -> float: ...


class VoiceProcessor:
    """Implements `ses.dialogue.state.ports.Voices`."""

    def __init__(
        self,
        services: SpeechServices,
        recordings: Recordings,
        store: AudioStore,
        converter: Converter,
        connector: Callable[[str], object],
    ) -> None:
        """`connector`: the connector of a full name such as `telegram.shop`, none when there is none."""
        self._services = services
        self._recordings = recordings
        self._store = store
        self._converter = converter
        self._connector = connector
        self._spoken: LRUCache[tuple[str, str, Form], bytes] = LRUCache(REMEMBERED, getsizeof=len)

    async def transcribe(
        self, conversation: Conversation, recording: Attachment, settings: VoiceSettings, *, keep: float
    ) -> VoiceMessage:
        """See `Voices.hear`. What another side keeps for us is kept here from now on."""
        assert settings.spr is not None
        try:
            data = await self._recordings.read(conversation, recording.media)
            media = recording.media
            if self._recordings.elsewhere(media):
                media = await self._store.keep(conversation, data, "bin", keep)
            else:
                await self._store.archive(conversation, data)
            wav = await self._converter.converted(data, "wav")
            said, traits = await asyncio.gather(
                self._recognised(settings.spr, wav), self._traits(wav, wanted=settings.traits)
            )
        except StepError as error:
            log.warning(
                "a voice message was not understood",
                connector=conversation.connector, service=error.service, kind=error.kind, reason=str(error),
            )  # fmt: skip
            raise
        except OSError as error:
            log.exception("a recording could not be stored")
            raise StepError("value", "a recording could not be stored", service="files") from error
        return VoiceMessage(
            text=said.text,
            model=said.model,
            media=media,
            duration=seconds_of(wav),
            traits=traits,
            details=_bounded(said.details),
        )

    async def _recognised(self, spr: Recognition, wav: bytes) -> Transcript:
        seconds = seconds_of(wav)
        later = spr.asynchronous if spr.asynchronous is not None else seconds >= LONG
        return await self._services.recognise(
            spr.model, wav, speakers=spr.speakers, emotion=spr.emotion, vad=spr.vad, preset=spr.preset,
            wait=WAIT + 2 * seconds if later else None,
        )  # fmt: skip

    async def _traits(self, wav: bytes, *, wanted: bool) -> dict[str, Any]:
        """What SBS tells; nothing when it fails: what was said is worth more than who said it."""
        if not wanted:
            return {}
        try:
            return _traits_shown(await self._services.analyze(wav))
        except StepError as error:
            log.warning("a voice could not be analysed", kind=error.kind, reason=str(error))
            return {}

    async def biometry(self, conversation: Conversation, media: str, question: BiometryRequest) -> Any:
        """See `Voices.examine`."""
        wav = await self._converter.converted(await self._recordings.read(conversation, media), "wav")
        if question.method == "noiselevel":
            return await self._services.noise_level(wav)
        if question.method == "analyze":
            return _traits_shown(await self._services.analyze(wav))
        found = await self._services.search(
            wav, question.dataset, threshold=question.threshold, text=question.text,
            text_similarity=question.similarity,
        )  # fmt: skip
        return [dict(one) for one in found]

    async def synthesise(
        self, conversation: Conversation, text: str, voice: str, *, keep: float
    ) -> Attachment | None:
        """See `Voices.speak`."""
        connector = self._connector(conversation.connector)
        if not isinstance(connector, Speaking):
            return None
        form = connector.voice
        try:
            data = self._spoken.get((text, voice, form)) or await self._synthesised(text, voice, form)
            media = await self._store.keep(conversation, data, form, keep)
        except StepError as error:
            log.warning(
                "a message is not spoken, its text goes alone",
                connector=conversation.connector, service=error.service, kind=error.kind, reason=str(error),
            )  # fmt: skip
            raise
        except OSError as error:
            log.exception("a spoken message could not be stored")
            raise StepError("value", "a spoken message could not be stored", service="files") from error
        return Attachment("voice", media=media, mime=MIMES[form], size=len(data))

    async def _synthesised(self, text: str, voice: str, form: Form) -> bytes:
        speech = await self._services.synthesize(text, voice, form)
        data = speech.audio
        if not _is(data, form):
            data = await self._converter.converted(data, form)
        if len(data) <= REMEMBERED // 16:
            self._spoken[text, voice, form] = data
        return data

    async def forget(self, conversation: Conversation, media: str) -> None:
        """Remove a recording in which something private was said."""
        await self._recordings.drop(conversation, media)


def _is(data: bytes, form: Form) -> bool:
    """It has the form already."""
    if form == "ogg":
        return data.startswith(b"OggS") and b"OpusHead" in data[:64]
    return form == "mp3" and (data.startswith(b"ID3") or data[:2] in (b"\xff\xfb", b"\xff\xf3"))


def _traits_shown(traits: VoiceTraits) -> dict[str, Any]:
    return {
        name: {"class": (one := getattr(traits, name)).name, "confidence": one.confidence}
        for name in ("age", "gender", "emotion", "multispeaker", "synth")
    }


def _bounded(details: dict[str, Any]) -> dict[str, Any]:
    return details if len(msgspec.json.encode(details)) <= DETAILS else {}
