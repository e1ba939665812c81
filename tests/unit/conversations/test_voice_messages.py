"""Voice messages in the pipeline: what is stored of them, what is shown, what is removed."""

from __future__ import annotations

import asyncio

from ses.conversations.codec import decode_inbound
from ses.conversations.engine import ENGINE
from ses.conversations.views import LogRequest
from ses.dialogue.state.session import VoiceMessage
from ses.messages import Attachment
from ses.scenario.load import load_files
from ses.scenario.reading.files import RobotFiles

ROBOT = """
id: echo
language: ru
voice: {spr: general}
slots: {phone: {type: phone, private: true, ask: Телефон?}}
flows:
  call: {on: перезвоните *, needs: [phone], steps: [{say: Позвоним.}]}
"""
VOICE = Attachment("voice", media="upload:v1")


class Voices:
    def __init__(self, *texts):
        self.texts = list(texts)
        self.heard = 0
        self.forgotten = []
        self.asked = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def transcribe(self, conversation, recording, settings, *, keep):
        self.heard += 1
        self.asked.set()
        await self.open.wait()
        return VoiceMessage(text=self.texts.pop(0), media=recording.media)

    async def forget(self, conversation, media):
        self.forgotten.append((conversation.session, media))


def program():
    loaded = load_files(RobotFiles("echo", {"robot.yaml": ROBOT.encode()}))
    assert loaded.program is not None, loaded.errors
    return loaded.program


def spoken(pipeline, **more):
    return pipeline.say(None, attachments=(VOICE,), **more)


async def test_the_words_are_shown_at_once_and_stored_with_the_recording(pipeline_over):
    voices = Voices("перезвоните мне")
    async with pipeline_over(program(), engine=ENGINE, voices=voices) as pipeline:
        await spoken(pipeline, id="v1")
        await pipeline.inbox.until("s1", 1)
        await pipeline.answered()
        assert pipeline.inbox.heard == [("v1", "перезвоните мне")]
        assert pipeline.inbox.typed[0] is True
        page = await pipeline.conversations.log(LogRequest(robot="echo"))
        assert page.items[0]["text"] == "перезвоните мне"
        (entry, _) = await pipeline.conversations.history(pipeline.inbound().conversation, after=None)
        assert (entry.inbound.text, entry.inbound.attachments) == ("перезвоните мне", (VOICE,))
        assert voices.forgotten == []


async def test_private_words_are_not_stored_and_their_recording_goes(pipeline_over):
    voices = Voices("перезвоните мне", "+79161234567")
    async with pipeline_over(program(), engine=ENGINE, voices=voices) as pipeline:
        await spoken(pipeline)
        await spoken(pipeline)
        assert await pipeline.inbox.until("s1", 2) == ["Телефон?", "Позвоним."]
        await pipeline.answered()
        entries = await pipeline.conversations.history(pipeline.inbound().conversation, after=None)
        stored = [entry.inbound for entry in entries if entry.inbound is not None]
        assert stored[1].text == "‹phone›"
        assert [one.media for one in stored[1].attachments] == [""]
        assert voices.forgotten == [("s1", "upload:v1")]
        lines = await pipeline.store.turns(1, last=10)
        assert "9161234567" not in "".join(line.body.decode() for line in lines)
        assert decode_inbound(lines[0].body).text == "перезвоните мне"


async def test_while_one_conversation_listens_it_keeps_its_order_and_others_go_on(pipeline_over):
    voices = Voices("перезвоните мне")
    voices.open.clear()
    async with pipeline_over(program(), engine=ENGINE, voices=voices) as pipeline:
        await spoken(pipeline)
        await pipeline.say("8 913 123-45-67")
        await voices.asked.wait()
        await pipeline.say("перезвоните мне", session="s2")
        assert await pipeline.inbox.until("s2", 1) == ["Телефон?"]
        assert pipeline.inbox.delivered["s1"] == []
        voices.open.set()
        assert await pipeline.inbox.until("s1", 2) == ["Телефон?", "Позвоним."]


async def test_a_daemon_that_stopped_while_it_listened_hears_once_more(pipeline_over):
    voices = Voices("перезвоните мне")
    voices.open.clear()
    async with pipeline_over(program(), engine=ENGINE, voices=voices, grace=0) as pipeline:
        await spoken(pipeline)
        await voices.asked.wait()
    assert voices.heard == 1
    voices.open.set()
    async with pipeline_over(program(), engine=ENGINE, voices=voices) as pipeline:
        assert await pipeline.inbox.until("s1", 1) == ["Телефон?"]
        await pipeline.answered()
        assert (voices.heard, len(pipeline.inbox.delivered["s1"])) == (2, 1)
