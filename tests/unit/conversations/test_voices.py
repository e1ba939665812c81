"""The daemon's voice messages: where recordings come from, how they are recognised, what is kept, what is said."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ses.audio import conversion
from ses.audio.conversion import seconds_of
from ses.audio.store import AudioStore
from ses.clock import VirtualClock
from ses.connectors.contract import FetchFailed
from ses.connectors.web.uploads import UploadFolder
from ses.conversations.voice.processor import VoiceProcessor
from ses.conversations.voice.recordings import Recordings
from ses.dialogue.state.ports import BiometryRequest
from ses.errors import StepError
from ses.messages import Attachment, Conversation
from ses.scenario.program.settings import Recognition, VoiceSettings
from ses.services.answers import ClassScore, Speech, Transcript, VoiceTraits

BOT, SITE = Conversation("telegram.shop", "1"), Conversation("web.site", "s")
KEEP = 3600.0
PLAIN = VoiceSettings(spr=Recognition("general"))


def wav(seconds: float) -> bytes:
    return b"RIFF" + bytes(40 + int(seconds * 32000))


class Converter(conversion.Converter):
    """What came is the number of its seconds; what goes names its form."""

    def __init__(self):
        super().__init__()
        self.made = []

    async def converted(self, data, form):
        self.made.append(form)
        if data == b"junk":
            raise StepError("malformed", "a recording cannot be read", service="audio")
        return wav(float(data)) if form == "wav" else b"%s of %s" % (form.encode(), data)


class Services:
    def __init__(self):
        self.recognised, self.spoken, self.analysed, self.downloads = [], [], 0, {}
        self.sbs = None
        self.speech = b"spoken"

    async def recognise(self, model, wav, **options):
        self.recognised.append((model, seconds_of(wav), options))
        return Transcript("привет", model, {"text": "привет", "speakers": 1})

    async def synthesize(self, text, voice, audio_format):
        self.spoken.append((text, voice, audio_format))
        return Speech(self.speech, "audio/wav")

    async def analyze(self, wav):
        self.analysed += 1
        if self.sbs is not None:
            raise self.sbs
        return VoiceTraits(*(ClassScore(name, 0.5) for name in ("adult", "female", "calm", "no", "yes")))

    async def search(self, wav, dataset, **options):
        return [{"id": 1, **options}]

    async def noise_level(self, wav):
        return 3.5

    async def download(self, url, limit):
        return self.downloads[url]


class Bot:
    voice = "ogg"

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = 0

    async def fetch(self, media, limit):
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def built(tmp_path):
    def build(bot=None, cold=None):
        clock = VirtualClock(1_795_348_800.0, autojump=True)
        store = AudioStore(tmp_path / "web", tmp_path / "hot", cold, clock)
        uploads = UploadFolder(tmp_path / "web", 1000)
        services, converter = Services(), Converter()
        connectors = {
            "telegram.shop": bot or Bot(b""),
            "web.site": SimpleNamespace(voice="mp3"),
            "max.shop": SimpleNamespace(voice="ogg"),
            "line.desk": SimpleNamespace(),
        }
        recordings = Recordings(store, uploads, services, connectors.get, clock)
        voices = VoiceProcessor(services, recordings, store, converter, connectors.get)
        return SimpleNamespace(
            voices=voices, services=services, store=store, uploads=uploads, converter=converter
        )

    return build


def voice(media="telegram:file-1"):
    return Attachment("voice", media=media)


async def test_what_telegram_keeps_is_fetched_kept_here_and_recognised(built):
    one = built(Bot(b"2"))
    heard = await one.voices.transcribe(BOT, voice(), PLAIN, keep=KEEP)
    assert (heard.text, heard.model, heard.duration) == ("привет", "general", 2.0)
    assert heard.details["speakers"] == 1
    assert await one.store.read(BOT, heard.media) == b"2"
    assert one.services.analysed == 0


@pytest.mark.parametrize(
    ("seconds", "wish", "later"), [(3, None, False), (40, None, True), (3, True, True), (40, False, False)]
)
async def test_long_recordings_are_recognised_by_polling_unless_the_robot_says_otherwise(
    built, seconds, wish, later
):
    one = built(Bot(b"%d" % seconds))
    await one.voices.transcribe(
        BOT, voice(), VoiceSettings(spr=Recognition("m", asynchronous=wish)), keep=KEEP
    )
    ((_, _, options),) = one.services.recognised
    assert (options["wait"] is not None) is later


async def test_the_recogniser_gets_what_the_robot_asks_of_it(built):
    one = built(Bot(b"2"))
    spr = Recognition("m", speakers=True, emotion=True, vad="hard", preset="calls")
    await one.voices.transcribe(BOT, voice(), VoiceSettings(spr=spr), keep=KEEP)
    options = {"speakers": True, "emotion": True, "vad": "hard", "preset": "calls", "wait": None}
    assert one.services.recognised == [("m", 2.0, options)]


async def test_sbs_tells_of_the_voice_when_it_is_wanted_and_its_failure_costs_no_words(built):
    wanted = VoiceSettings(spr=Recognition("m"), traits=True)
    one = built(Bot(b"2"))
    heard = await one.voices.transcribe(BOT, voice(), wanted, keep=KEEP)
    assert heard.traits["gender"] == {"class": "female", "confidence": 0.5}
    one.services.sbs = StepError("connect", "down", service="sbs")
    heard = await one.voices.transcribe(BOT, voice(), wanted, keep=KEEP)
    assert (heard.text, heard.traits) == ("привет", {})


async def test_a_link_is_downloaded_by_the_guarded_way_out(built):
    one = built()
    one.services.downloads["https://vk.example/a.ogg"] = b"1"
    assert (
        await one.voices.transcribe(BOT, voice("https://vk.example/a.ogg"), PLAIN, keep=KEEP)
    ).text == "привет"


async def test_an_upload_stays_where_it_is(built, tmp_path):
    one = built(cold=tmp_path / "cold")

    async def chunks():
        yield b"2"

    stored = await one.uploads.keep(SITE, "a.webm", chunks())
    heard = await one.voices.transcribe(SITE, voice(f"upload:{stored.id}"), PLAIN, keep=KEEP)
    assert heard.media == f"upload:{stored.id}"
    assert not (tmp_path / "hot").exists()
    assert [path.read_bytes() for path in (tmp_path / "cold").rglob("*.bin")] == [b"2"]
    with pytest.raises(StepError, match="no such recording"):
        await one.voices.transcribe(Conversation("web.site", "other"), voice(heard.media), PLAIN, keep=KEEP)
    await one.voices.forget(SITE, heard.media)
    with pytest.raises(StepError):
        await one.voices.transcribe(SITE, voice(heard.media), PLAIN, keep=KEEP)


async def test_nobody_hears_anothers_recording(built):
    one = built(Bot(b"2"))
    heard = await one.voices.transcribe(BOT, voice(), PLAIN, keep=KEEP)
    with pytest.raises(StepError, match="no such recording"):
        await one.voices.biometry(SITE, heard.media, BiometryRequest("analyze"))
    await one.voices.forget(BOT, heard.media)
    assert await one.store.read(BOT, heard.media) is None


async def test_a_passing_failure_to_fetch_is_tried_once_more(built):
    bot = Bot(FetchFailed("reset", passing=True), b"2")
    assert (await built(bot).voices.transcribe(BOT, voice(), PLAIN, keep=KEEP)).text == "привет"
    gone = Bot(FetchFailed("too big", passing=False))
    with pytest.raises(StepError):
        await built(gone).voices.transcribe(BOT, voice(), PLAIN, keep=KEEP)
    assert gone.asked == 1
    down = Bot(FetchFailed("reset", passing=True))
    with pytest.raises(StepError) as failed:
        await built(down).voices.transcribe(BOT, voice(), PLAIN, keep=KEEP)
    assert (down.asked, failed.value.kind) == (2, "connect")


async def test_what_is_no_recording_is_told_apart(built):
    with pytest.raises(StepError) as failed:
        await built(Bot(b"junk")).voices.transcribe(BOT, voice(), PLAIN, keep=KEEP)
    assert (failed.value.kind, failed.value.service) == ("malformed", "audio")


@pytest.mark.parametrize(
    ("question", "answer"),
    [(BiometryRequest("noiselevel"), 3.5),
     (BiometryRequest("search", "clients", 0.8, "привет", 0.7),
      [{"id": 1, "threshold": 0.8, "text": "привет", "text_similarity": 0.7}])],
)  # fmt: skip
async def test_a_voice_is_looked_at(built, question, answer):
    assert await built(Bot(b"2")).voices.biometry(BOT, "telegram:x", question) == answer


@pytest.mark.parametrize(
    ("conversation", "form", "mime"),
    [
        (BOT, "ogg", "audio/ogg"),
        (SITE, "mp3", "audio/mpeg"),
        (Conversation("max.shop", "1"), "ogg", "audio/ogg"),
    ],
)
async def test_a_spoken_text_has_the_form_its_channel_plays(built, conversation, form, mime):
    one = built()
    spoken = await one.voices.synthesise(conversation, "Привет", "anna", keep=KEEP)
    assert (spoken.kind, spoken.mime) == ("voice", mime)
    assert spoken.media.endswith(f".{form}")
    assert await one.store.read(conversation, spoken.media) == f"{form} of spoken".encode()
    assert one.services.spoken == [("Привет", "anna", form)]


async def test_speech_that_has_the_form_already_is_not_made_anew(built):
    one = built()
    one.services.speech = b"OggS" + bytes(20) + b"OpusHead"
    await one.voices.synthesise(BOT, "Привет", "", keep=KEEP)
    assert one.converter.made == []


async def test_the_same_words_are_made_once(built):
    one = built()
    first = await one.voices.synthesise(BOT, "Что ещё?", "anna", keep=KEEP)
    second = await one.voices.synthesise(Conversation("telegram.shop", "2"), "Что ещё?", "anna", keep=KEEP)
    await one.voices.synthesise(BOT, "Что ещё?", "boris", keep=KEEP)
    assert len(one.services.spoken) == 2
    assert first.media != second.media


async def test_where_nobody_listens_nothing_is_made(built):
    one = built()
    for deaf in ("api", "line.desk"):
        assert await one.voices.synthesise(Conversation(deaf, "x"), "Привет", "", keep=KEEP) is None
    assert one.services.spoken == []
