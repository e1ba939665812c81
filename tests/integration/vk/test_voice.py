"""Voice messages in VK: heard by a link, spoken as `audio_message`."""

from __future__ import annotations

from urllib.parse import urlsplit

from doubles.recordings import tone
from ses.audio.conversion import Converter, seconds_of


async def test_an_order_is_spoken_and_answered_aloud(daemon, vk):
    await daemon(http=[f"127.0.0.1:{urlsplit(vk.url).port}"])
    await vk.speak(41, "voice.ogg", tone(1.0))
    assert await vk.said(41, 1) == ["Что-нибудь добавить?"]
    answer = vk.conversations[41][-1]
    (name,) = vk.uploads
    assert vk.uploads[name].startswith(b"OggS")
    assert seconds_of(await Converter().converted(vk.uploads[name], "wav")) > 0.2
    assert len(answer.attachments) == 1
