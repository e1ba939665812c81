"""An order is spoken: the whole daemon between Telegram's fake and services of speech, emulated or of the test's own."""

from __future__ import annotations

import signal

import pytest
from aiohttp import ClientSession

from doubles.recordings import tone
from doubles.services import speech
from ses.audio.conversion import Converter, seconds_of

PHRASE = "хочу большую маргариту на Ленина 5"
MORE = "Что-нибудь добавить?"
HOURS = "Печём каждый день с 10:00 до 23:00."


@pytest.fixture
async def services():
    async with speech(tone(0.3, "wav")) as fake:
        yield fake


async def test_an_order_is_spoken_and_answered_aloud_with_no_service_installed(daemon, fake):
    await daemon()
    person = fake.person(3001)
    person.speak("voice-1", tone(1.0))
    assert await fake.says(person.id, 1) == [MORE]
    answer = fake.to(person.id)[0]
    assert (answer.method, answer.fields["caption"]) == ("sendVoice", MORE)
    name, content = answer.files["voice"]
    assert (name.endswith(".ogg"), content[:4]) == (True, b"OggS")
    assert [button["text"] for button in answer.buttons] != []
    person.say("нет")
    assert (await fake.says(person.id, 2))[1] == "Ваш телефон?"
    assert fake.to(person.id)[1].method == "sendMessage", "what is typed is answered in writing"


@pytest.mark.slow
async def test_voices_are_recognised_and_answered_and_asked_for_again_when_unclear(daemon, fake, services):
    services.looks = 2
    running = await daemon(speech=services.url)
    fake.voiceless.add(3003)

    # SPR gets wav; the log gets the words; what TTS says can be heard.
    services.texts = [PHRASE]
    ann = fake.person(3002)
    ann.speak("ann-1", tone(2.0))
    assert await fake.says(ann.id, 1) == [MORE]
    (call,) = services.heard
    assert (call["model"], "async" in call) == ("pizzeria", False)
    assert 1.9 < seconds_of(call["wav"]) < 2.1
    assert fake.actions[0] == (ann.id, "typing")
    assert await _log(running, "3002") == [("visitor", PHRASE), ("robot", MORE)]
    assert services.spoken == [{"text": MORE, "voice": "", "format": "ogg"}]
    _, content = fake.to(ann.id)[0].files["voice"]
    assert 0.2 < seconds_of(await Converter().converted(content, "wav")) < 0.5

    # A long recording is asked for until it is ready. Who forbids voice messages gets the text.
    ben = fake.person(3003)
    ben.speak("ben-1", tone(16.0))
    assert await fake.says(ben.id, 1) == [MORE]
    assert (services.heard[1]["async"], services.polled) == ("1", 3)
    assert fake.to(ben.id)[0].method == "sendMessage"

    # Silence, junk, services that are down: the question comes again, and nothing is lost.
    services.texts = ["", "", "хочу маргариту", "", "большую"]
    cleo = fake.person(3004)
    for voice in ("cleo-1", "cleo-2"):
        cleo.speak(voice, tone(0.5))
    asked, unclear = await fake.says(cleo.id, 2)
    assert asked == "Какого размера?"
    assert unclear.startswith("Не удалось разобрать")
    assert unclear.endswith(asked)
    cleo.speak("cleo-3", b"no sound at all")
    assert (await fake.says(cleo.id, 3))[2] == unclear
    cleo.speak("cleo-4", tone(0.5))
    assert (await fake.says(cleo.id, 4))[3] == MORE
    services.status = 503
    cleo.speak("cleo-5", tone(0.5))
    said = (await fake.says(cleo.id, 5))[4]
    assert (said.startswith("Не удалось разобрать"), said.endswith(MORE)) == (True, True)
    assert fake.to(cleo.id)[4].method == "sendMessage", "with TTS down the text goes alone"


async def test_killed_while_it_listens_it_hears_once_more_and_answers_once_and_in_order(
    daemon, fake, services
):
    services.texts = [PHRASE]
    services.open.clear()
    running = await daemon(speech=services.url)
    person, other = fake.person(3005), fake.person(3006)
    person.speak("voice-1", tone(0.5))
    person.say("часы работы")
    await services.until(lambda: len(services.heard) == 1)
    other.say("часы работы")
    assert await fake.says(other.id, 1) == [HOURS], "another conversation waits for nobody"
    await fake.until(lambda: fake.confirmed > fake.newest)
    await running.end(signal.SIGKILL)
    assert fake.to(person.id) == []
    services.open.set()
    await running.start()
    said = await fake.says(person.id, 3)
    assert said[:2] == [MORE, HOURS]
    assert said[2].endswith(MORE)
    assert len(services.heard) == 2
    other.say(
        "часы работы"
    )  # a kill may fall between Telegram's answer and the disk: one message may come twice
    await fake.until(lambda: len(fake.to(other.id)) >= 2)
    assert len(fake.to(person.id)) == 3


async def _log(running, session: str) -> list[tuple[str, str]]:
    asked = {"robot_id": "pizzeria", "session_id": session}
    async with ClientSession() as http, http.post(f"{running.api}/ses/log", json=asked) as answer:
        return [(item["from"], item["text"]) for item in (await answer.json())["items"]]
