"""Recognition and synthesis of speech, made from the services, the folders and the connectors."""

from __future__ import annotations

from collections.abc import Callable

from ses.audio.conversion import Converter
from ses.audio.store import AudioStore
from ses.clock import Clock
from ses.config import Config
from ses.conversations.voice.processor import VoiceProcessor
from ses.conversations.voice.recordings import Recordings
from ses.daemon import factories
from ses.daemon.reloadable_services import ReloadableServices


def audio_store(config: Config, clock: Clock) -> AudioStore:
    audio = config.storage.audio
    return AudioStore(audio.web, audio.hot, audio.cold, clock)


def voices(
    config: Config,
    services: ReloadableServices,
    store: AudioStore,
    connector: Callable[[str], object],
    clock: Clock,
) -> VoiceProcessor:
    """`connector`: the connector of a full name such as `telegram.shop`, none when there is none."""
    recordings = Recordings(store, factories.uploads(config), services, connector, clock)
    return VoiceProcessor(services, recordings, store, Converter(), connector)
