"""Each of the six services, as the protocol page describes it."""

import json

import pytest

from ses.errors import StepError
from ses.services.address_rules import AddressRules
from ses.services.answers import Answer, FoundEntity
from ses.services.settings import ServiceSettings
from ses.services.suite import PORTS, ServiceSuite


@pytest.fixture
async def suite(peer, clock):
    settings = {name: ServiceSettings(f"{peer.url}/{name}") for name in PORTS}
    suite = ServiceSuite(settings, AddressRules(), clock=clock)
    yield suite
    await suite.close()


async def test_smc_sends_the_text_and_sorts_the_classes(suite, peer):
    peer.answer_json(
        {"error": 0, "classes": [{"class": "a", "confidence": 0.1}, {"class": "b", "confidence": 0.9}]}
    )
    assert [score.name for score in await suite.classify("shop", "привет")] == ["b", "a"]
    assert (peer.requests[0].method, peer.requests[0].path) == ("POST", "/smc/classify/shop")
    assert json.loads(peer.bodies[0]) == {"text": "привет"}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"start": 2, "end": 9, "value": "Бердск"}, FoundEntity("city", "Бердске", "Бердск", 2, 9)),
        ({"value": {"id": 1}}, FoundEntity("city", "Бердске", {"id": 1}, 2, 9)),
        ({"start": 50, "end": 90}, FoundEntity("city", "Бердске", "Бердске", 2, 9)),
        ({"start": True, "end": 1}, FoundEntity("city", "Бердске", "Бердске", 2, 9)),
    ],
)
async def test_see_tells_where_an_entity_stands(suite, peer, found, expected):
    peer.answer_json({"error": 0, "entities": [{"entity": "city", "text": "Бердске", **found}]})
    assert list(await suite.extract("geo", "в Бердске")) == [expected]
    assert peer.requests[0].path == "/see/extract/geo"


async def test_qas_asks_by_query(suite, peer):
    peer.answer_json({"error": 0, "answer": "До 22:00", "confidence": 0.8, "source": "faq/7"})
    assert await suite.ask("до скольки вы?", "menu|hours", "web") == Answer("До 22:00", 0.8, "faq/7")
    assert peer.requests[0].path == "/qas/ask"
    assert dict(peer.requests[0].query) == {
        "text": "до скольки вы?", "category": "menu|hours", "channel": "web", "useCache": "all", "useGPT": "0",
    }  # fmt: skip


@pytest.mark.parametrize("empty", [{"error": 0}, {"error": 0, "answer": ""}, {"error": 0, "answer": None}])
async def test_qas_may_know_nothing(suite, peer, empty):
    peer.answer_json(empty)
    assert await suite.ask("?", "", "web") is None


async def test_spr_sends_the_recording_as_a_file(suite, peer):
    peer.answer_json({"model": "phone", "text": "добрый день", "speakers": 1})
    heard = await suite.spr.recognise("phone", b"RIFF....", speakers=True, vad="webrtc")
    assert (heard.text, heard.model, heard.details["speakers"]) == ("добрый день", "phone", 1)
    body = peer.bodies[0]
    assert peer.requests[0].path == "/spr/stt/phone"
    assert b'name="wav"; filename="wav"' in body
    assert b'name="speakers"\r\n\r\n1' in body
    assert b'name="async"' not in body


async def test_spr_is_asked_until_a_long_recording_is_ready(suite, peer, clock):
    peer.answer_json(
        {"taskID": 17}, {"status": "queued"}, {"status": "running"}, {"status": "ready", "text": "да"}
    )
    assert (await suite.spr.recognise("phone", b"RIFF", wait=30)).text == "да"
    assert [request.path for request in peer.requests[1:]] == ["/spr/result/17"] * 3
    assert clock.pauses == [0.25, 0.5]


async def test_spr_is_not_waited_for_without_end(suite, peer):
    peer.answer_json({"taskID": "a"}, {"status": "running"})
    with pytest.raises(StepError) as caught:
        await suite.spr.recognise("phone", b"RIFF", wait=5)
    assert caught.value.kind == "timeout"


async def test_tts_answers_audio(suite, peer):
    peer.answer_text(b"RIFFdata", headers={"Content-Type": "audio/wav"})
    speech = await suite.tts.synthesize("Здравствуйте", voice="anna")
    assert (speech.audio, speech.mime) == (b"RIFFdata", "audio/wav")


async def test_tts_may_name_where_the_audio_is(suite, peer):
    peer.answer_json({"error": 0, "path": "/files/1.ogg"})
    peer.answer_text(b"OggS", headers={"Content-Type": "audio/ogg"})
    assert (await suite.tts.synthesize("да")).audio == b"OggS"
    assert peer.requests[1].path == "/tts/files/1.ogg"


@pytest.mark.parametrize("path", ["http://169.254.169.254/", "1.ogg", "/{model}"])
async def test_tts_cannot_send_us_elsewhere(suite, peer, path):
    peer.answer_json({"error": 0, "path": path})
    with pytest.raises(StepError) as caught:
        await suite.tts.synthesize("да")
    assert caught.value.kind == "malformed"


async def test_sbs_reads_the_traits_of_a_voice(suite, peer):
    trait = {"class": "x", "confidence": 0.5}
    peer.answer_json(dict.fromkeys(("age", "gender", "emotion", "multispeaker", "synth"), trait))
    assert (await suite.sbs.analyze(b"RIFF")).gender.confidence == 0.5


async def test_sbs_measures_noise(suite, peer):
    peer.answer_json({"noise": 3})
    assert await suite.sbs.noise_level(b"RIFF") == 3.0
    assert peer.requests[0].path == "/sbs/noiselevel"
