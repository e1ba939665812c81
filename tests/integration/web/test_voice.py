"""Voice in a real Chromium with a microphone that beeps: recorded, sent, played, recognised."""

from __future__ import annotations

import io
import math
import re
import struct
import wave

import pytest

from ses.connectors.web.uploads import UploadFolder
from ses.messages import Attachment, Inbound, Outgoing

from .conftest import say

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FOCUSED = "document.querySelector('ses-widget').shadowRoot.activeElement?.className"
RECORD = "Записать голосовое сообщение"
SEND = "Отправить запись"
PASSED = re.compile(r"[1-9]$|[1-9]\d$")
"""A clock that does not stand at 0:00."""


def tone(seconds: float) -> bytes:
    """A WAV file that hums."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        samples = (int(8000 * math.sin(at / 8)) for at in range(int(8000 * seconds)))
        sound.writeframes(b"".join(struct.pack("<h", one) for one in samples))
    return file.getvalue()


def robot(inbound: Inbound) -> list[Outgoing]:
    if inbound.event == "start":
        return [say("Слушаю!")]
    if inbound.text == "скажи":
        hello = Attachment(kind="voice", media="media/hello.wav", mime="audio/wav")
        music = Attachment(kind="audio", media="media/gone.mp3", name="Гимн.mp3")
        return [say("", attachments=(hello,)), say("", attachments=(music,))]
    return [say("Услышал.")]


class Speaking:
    """A site with a microphone: `async with speaking() as site`; and its visitors: `await speaking.come(site)`."""

    def __init__(self, shop, visit, uploads: UploadFolder) -> None:
        self._shop, self._visit, self._uploads = shop, visit, uploads

    def __call__(self, attributes: str = "", **site):
        return self._shop(attributes, answer=robot, uploads=self._uploads, **{"microphone": True, **site})

    async def come(self, site, *, allowed: bool = True, **options):
        visitor = await self._visit(site.url, **options)
        if allowed:
            await visitor.page.context.grant_permissions(["microphone"], origin=site.url)
        await visitor.open()
        await visitor.sees("Слушаю!")
        return visitor


@pytest.fixture
def speaking(shop, visit, tmp_path):
    return Speaking(shop, visit, UploadFolder(tmp_path / "uploads", 200_000))


async def a_second(visitor) -> None:
    """Return when at least a second is recorded: a busy machine may never show which."""
    await visitor.page.locator(".recorder .clock", has_text=PASSED).wait_for()


async def spoken(visitor) -> None:
    """Press, speak for a second, and send."""
    await visitor.button(RECORD).click()
    await a_second(visitor)
    await visitor.button(SEND).click()


def voices(site) -> list[Attachment]:
    return [one for inbound in site.reception.received for one in inbound.attachments]


async def test_recorded_sent_played_and_played_again_after_a_reload(speaking):
    async with speaking() as site:
        visitor = await speaking.come(site)
        await spoken(visitor)
        sound = visitor.page.get_by_role("group", name="Голосовое сообщение")
        await sound.wait_for()
        await visitor.sees("Услышал.")
        [voice] = voices(site)
        assert (voice.kind, voice.mime) == ("voice", "audio/webm")
        assert voice.size > 2000
        await visitor.page.locator(".line.waiting").wait_for(state="detached")
        for length_is_known in (True, False):
            if not length_is_known:
                await visitor.page.reload()
                await visitor.sees("Услышал.")
            clock = sound.locator(".clock")
            assert bool(PASSED.search(await clock.inner_text())) is length_is_known
            await sound.get_by_role("button", name="Слушать").click()
            await sound.get_by_role("button", name="Пауза").wait_for()
            position = sound.get_by_role("slider", name="Место в записи")
            handle = await position.element_handle()
            await visitor.page.wait_for_function("slider => Number(slider.value) > 0.1", arg=handle)
            assert PASSED.search(await position.get_attribute("aria-valuetext"))
            await sound.get_by_role("button", name="Слушать").wait_for()  # it has come to its end
            assert await position.input_value() == "0"
        assert visitor.complaints == []
        assert visitor.notes == []


async def test_by_keyboard_alone(speaking):
    async with speaking() as site:
        visitor = await speaking.come(site)
        keys = visitor.page.keyboard
        await keys.press("Tab")
        await keys.press("Tab")
        assert await visitor.page.evaluate(FOCUSED) == "mic"
        await keys.press("Enter")
        hint = visitor.page.get_by_role("status")
        await hint.get_by_text("Идёт запись. Enter — отправить, Escape — отменить.").wait_for()
        assert await visitor.page.evaluate(FOCUSED) == "send"
        await keys.press("Escape")
        await visitor.page.locator(".recorder").wait_for(state="detached")
        assert await visitor.page.evaluate(FOCUSED) == "input"
        assert await visitor.page.locator(".window").is_visible()
        await visitor.button(RECORD).focus()
        await keys.press("Space")
        await a_second(visitor)
        await keys.press("Enter")
        await visitor.sees("Услышал.")
        assert len(voices(site)) == 1
        await visitor.button("Слушать").focus()
        await keys.press("Space")
        await visitor.button("Пауза").wait_for()
        await keys.press("Space")
        await keys.press("Tab")
        slider = visitor.page.get_by_role("slider")
        await keys.press("ArrowLeft")
        assert await slider.input_value() == "0"
        await keys.press("ArrowRight")
        assert float(await slider.input_value()) > 0.5


async def test_without_leave_the_visitor_is_told_so_and_may_write(speaking):
    async with speaking() as site:
        visitor = await speaking.come(site, allowed=False)
        await visitor.button(RECORD).click()
        hint = visitor.page.get_by_role("status").get_by_text("Браузер не даёт доступ к микрофону")
        await hint.wait_for()
        assert await visitor.page.evaluate(FOCUSED) == "input"
        await visitor.say("тогда так")
        await visitor.sees("Услышал.")
        await hint.wait_for(state="detached")
        assert visitor.complaints == []


async def test_other_troubles_of_the_microphone_are_told_too(speaking):
    broken = (
        "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', window.trouble) }"
    )
    async with speaking() as site:
        visitor = await speaking.come(site, before=broken)
        for name, words in {
            "NotFoundError": "Микрофон не найден",
            "NotReadableError": "занят другой программой",
            "AbortError": "не удалось",
        }.items():
            await visitor.page.evaluate("name => (window.trouble = name)", name)
            await visitor.button(RECORD).click()
            await visitor.page.get_by_role("status").get_by_text(words).wait_for()


@pytest.mark.parametrize("microphone", [True, False])
async def test_where_nothing_can_be_recorded_there_is_no_button(speaking, microphone):
    lacks = {
        "delete window.MediaRecorder": "this browser does not record",
        "Object.defineProperty(window, 'isSecureContext', {value: false})": "the page is not served over https",
    }
    async with speaking(microphone=microphone) as site:
        for before, note in lacks.items():
            visitor = await speaking.come(site, before=before if microphone else "")
            await visitor.page.locator(".attach").wait_for()
            assert await visitor.page.locator(".mic").is_hidden()
            assert visitor.notes == ([f"SES widget: no microphone, since {note}"] if microphone else [])


async def test_spoken_without_a_connection_it_survives_a_reload_and_is_sent_once(speaking):
    async with speaking() as site:
        visitor = await speaking.come(site)
        await visitor.button(RECORD).click()
        await a_second(visitor)
        await site.down()
        await visitor.page.locator(".notice", has_text="Нет связи").wait_for()
        await visitor.button(SEND).click()
        await visitor.page.locator(".line.waiting .sound").wait_for()
        kept = "() => Object.keys(localStorage).some((key) => key.includes(':unsent:'))"
        await visitor.page.wait_for_function(kept)
        await site.up()
        await visitor.page.reload()
        await visitor.sees("Услышал.")
        await visitor.page.locator(".line.waiting").wait_for(state="detached")
        assert await visitor.page.get_by_role("group", name="Голосовое сообщение").count() == 1
        assert [one.kind for one in voices(site)] == ["voice"]
        forgotten = """async () => {
            const base = await new Promise((done) => (indexedDB.open("ses-widget").onsuccess = (e) => done(e.target.result)));
            const count = base.transaction("files").objectStore("files").count();
            return await new Promise((done) => (count.onsuccess = () => done(count.result))) === 0;
        }"""
        await visitor.page.wait_for_function(forgotten)


async def test_what_was_recognised_stands_under_the_voice_live_and_after_a_reload(speaking):
    async with speaking(transcription=True) as site:
        visitor = await speaking.come(site)
        await spoken(visitor)
        await visitor.sees("Услышал.")
        inbound = site.reception.received[-1]
        site.daemon.connector.transcript(inbound.conversation, inbound.id, "две пиццы")
        heard = visitor.page.locator(".mine .heard")
        await heard.get_by_text("две пиццы").wait_for()
        assert await heard.text_content() == "Распознано: две пиццы"
        inbound.text = "две пиццы"  # as the daemon stores it when the turn is done
        await visitor.page.reload()
        await heard.get_by_text("две пиццы").wait_for()
        assert await visitor.page.locator(".mine .bubble").count() == 0


async def test_a_slip_of_the_hand_sends_nothing(speaking):
    async with speaking() as site:
        visitor = await speaking.come(site)
        await visitor.page.clock.install(time=1000)
        await visitor.page.clock.pause_at(2000)  # however slow the machine, both presses fall on one moment
        await visitor.button(RECORD).click()
        await visitor.button(SEND).click()
        await visitor.page.get_by_role("status").get_by_text("Слишком коротко").wait_for()
        await visitor.say("дальше")
        await visitor.sees("Услышал.")
        assert voices(site) == []


async def test_a_closed_window_does_not_listen(speaking):
    ended = """(() => {
        const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (what) => (window.given = await ask(what));
    })()"""
    async with speaking() as site:
        visitor = await speaking.come(site, before=ended)
        await visitor.button(RECORD).click()
        await visitor.page.locator(".recorder").wait_for()
        await visitor.button("Закрыть чат").last.click()
        assert await visitor.page.evaluate("given.getTracks().every((one) => one.readyState === 'ended')")
        await visitor.open()
        assert await visitor.page.locator(".recorder").count() == 0
        assert await visitor.page.locator("textarea").is_visible()
        assert voices(site) == []


async def test_the_longest_recording_stops_by_itself_and_waits_for_the_word(speaking):
    async with speaking() as site:
        visitor = await speaking.come(site)
        await visitor.page.clock.install()
        await visitor.button(RECORD).click()
        await a_second(visitor)  # of sound: a clock that jumps brings none
        await visitor.page.clock.fast_forward(166_000)
        await visitor.page.get_by_role("status").get_by_text("Осталось секунд: ").wait_for()
        await visitor.page.clock.fast_forward(20_000)
        await visitor.page.get_by_role("status").get_by_text("Запись остановлена").wait_for()
        assert voices(site) == []
        await visitor.button(SEND).click()
        await visitor.sees("Услышал.")
        assert [one.kind for one in voices(site)] == ["voice"]


async def test_a_robots_voice_has_the_same_player_and_what_cannot_be_played_says_so(speaking, tmp_path):
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "hello.wav").write_bytes(tone(1.5))
    async with speaking(robot=tmp_path) as site:
        visitor = await speaking.come(site)
        await visitor.say("скажи")
        voice = visitor.page.get_by_role("group", name="Голосовое сообщение")
        await voice.get_by_text("0:02").wait_for()
        await voice.get_by_role("button", name="Слушать").click()
        await voice.get_by_role("button", name="Пауза").wait_for()
        await voice.get_by_role("button", name="Слушать").wait_for()
        gone = visitor.page.get_by_role("group", name="Гимн.mp3")
        await gone.get_by_role("alert").get_by_text("не воспроизводится").wait_for()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
async def test_axe_finds_nothing(speaking, scheme, width, tmp_path):
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "hello.wav").write_bytes(tone(1.5))
    async with speaking(color="#e8590c", transcription=True, robot=tmp_path) as site:
        options = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
        visitor = await speaking.come(site, bypass_csp=True, reduced_motion="reduce", **options)
        await visitor.say("скажи")
        await visitor.page.get_by_role("alert").wait_for()
        await visitor.button(RECORD).click()
        await a_second(visitor)
        assert await visitor.axe() == []
        await visitor.button(SEND).click()
        await visitor.sees("Услышал.")
        inbound = site.reception.received[-1]
        site.daemon.connector.transcript(inbound.conversation, inbound.id, "две пиццы")
        await visitor.page.locator(".heard").wait_for()
        await visitor.page.locator("input[type=file]").set_input_files(
            [{"name": "big.bin", "mimeType": "", "buffer": b"x" * 200_001}]
        )
        await visitor.page.get_by_text("слишком большой файл").wait_for()
        await visitor.page.mouse.move(0, 0)
        assert await visitor.axe() == []
