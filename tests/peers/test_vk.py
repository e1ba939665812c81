"""Our VK is worth something only if clients that know nothing of us take it for VK: vk-api and vkbottle."""

from __future__ import annotations

import asyncio
import json
import time
from io import BytesIO

import pytest
import requests
from jconfig import MemoryConfig
from vk_api import VkApiGroup, VkUpload
from vk_api.bot_longpoll import VkBotEventType, VkBotLongPoll
from vk_api.exceptions import ApiError
from vk_api.keyboard import VkKeyboard
from vk_api.requests_pool import VkRequestsPool, vk_request_one_param_pool

from doubles.vk import FakeVk, running

ANNA = 1001


@pytest.fixture
async def vk():
    async with running(FakeVk(now=time.time)) as vk:
        yield vk


class Redirected(requests.Session):
    """vk-api knows one address only."""

    def __init__(self, vk: FakeVk) -> None:
        super().__init__()
        self._vk = vk

    def request(self, method, url, *args, **given):
        return super().request(method, url.replace("https://api.vk.ru", self._vk.url), *args, **given)


class TestVkApi:
    @pytest.fixture
    def api(self, vk):
        session = Redirected(vk)
        yield VkApiGroup(token=vk.token, session=session, config=MemoryConfig, api_version="5.199")
        session.close()

    async def test_its_long_poll_reads_messages_through_every_failure(self, vk, api):
        poll = await asyncio.to_thread(VkBotLongPoll, api, vk.group_id, 1)
        await vk.write(ANNA, "привет")
        (event,) = await asyncio.to_thread(poll.check)
        assert event.type is VkBotEventType.MESSAGE_NEW
        assert (event.message.text, event.from_user) == ("привет", True)
        vk.failed += [1, 2, 3]
        for _ in range(3):
            assert await asyncio.to_thread(poll.check) == []
        await vk.write(ANNA, "в чате", chat=7)
        (event,) = await asyncio.to_thread(poll.check)
        assert (event.from_chat, event.chat_id) == (True, 7)
        poll.session.close()

    async def test_it_sends_keyboards_and_files_and_the_same_number_once(self, vk, api):
        await vk.write(ANNA, "привет")
        keyboard = VkKeyboard(inline=True)
        keyboard.add_callback_button("Да", payload={"b": "1"})
        keyboard.add_openlink_button("Сайт", "https://a.example")
        upload = VkUpload(api)
        photo = (await asyncio.to_thread(upload.photo_messages, BytesIO(b"png")))[0]
        document = (await asyncio.to_thread(upload.document_message, BytesIO(b"pdf"), "a.pdf", None, ANNA))[
            "doc"
        ]
        names = f"photo{photo['owner_id']}_{photo['id']}_{photo['access_key']},"
        names += f"doc{document['owner_id']}_{document['id']}_{document['access_key']}"
        what = {
            "peer_id": ANNA,
            "message": "?",
            "random_id": 5,
            "keyboard": keyboard.get_keyboard(),
            "attachment": names,
        }
        first = await asyncio.to_thread(api.method, "messages.send", what)
        assert await asyncio.to_thread(api.method, "messages.send", what) == first
        assert vk.texts(ANNA) == ["?"]
        assert [one["type"] for one in vk.conversations[ANNA][-1].attachments] == ["photo", "doc"]
        upload.http.close()

    @pytest.mark.parametrize(
        ("what", "code"),
        [
            ({"message": "?"}, 100),
            ({"message": "", "random_id": 1}, 100),
            ({"message": "x" * 4097, "random_id": 1}, 914),
            ({"message": "?", "random_id": 1, "peer_id": 5}, 901),
            (
                {"message": "?", "random_id": 1, "keyboard": '{"buttons": [[{"action": {"type": "odd"}}]]}'},
                911,
            ),
            ({"message": "?", "random_id": 1, "access_token": "x"}, 5),
        ],
    )
    async def test_it_hears_of_its_mistakes(self, vk, api, what, code):
        await vk.write(ANNA, "привет")
        with pytest.raises(ApiError) as error:
            await asyncio.to_thread(api.method, "messages.send", {"peer_id": ANNA} | what)
        assert error.value.code == code

    async def test_its_pool_makes_many_calls_in_one_and_tells_which_failed(self, vk, api):
        await vk.write(ANNA, "привет")
        pool = VkRequestsPool(api)
        send = {"message": "раз", "random_id": -1}
        results = [pool.method("messages.send", send | {"peer_id": peer}) for peer in (ANNA, 5)]
        await asyncio.to_thread(pool.execute)
        group = pool.method("groups.getById", {"group_id": vk.group_id})
        strange = pool.method("messages.dance", {})
        await asyncio.to_thread(pool.execute)
        assert [one.ok for one in (*results, group, strange)] == [True, False, True, False]
        assert (results[1].error["error_code"], strange.error["error_code"]) == (901, 3)
        assert group.result["groups"][0]["id"] == vk.group_id
        what = {"message": "два", "random_id": -2}
        done, failed = await asyncio.to_thread(
            vk_request_one_param_pool, api, "messages.send", "peer_id", [ANNA, 6], what
        )
        assert (list(done), failed[6]["error_code"]) == ([ANNA], 901)
        assert vk.texts(ANNA) == ["раз", "два"]


def say(api, anna):
    """Translated by vkbottle, never run here."""
    return [
        api.messages.send(peer_id=anna, message="раз", random_id=1),
        api.messages.send(peer_id=5, message="два", random_id=2),
    ]


class TestVkbottle:
    @pytest.fixture
    async def bot(self, vk, monkeypatch, tmp_path):
        vkbottle = pytest.importorskip("vkbottle")
        monkeypatch.chdir(tmp_path)  # it keeps its place in a file
        monkeypatch.setattr(vkbottle.API, "API_URL", f"{vk.url}/method/")
        api = vkbottle.API(vk.token)
        yield vkbottle.Bot(api=api, polling=vkbottle.BotPolling(api=api, wait=1))
        await api.http_client.close()

    async def test_a_bot_written_with_it_talks(self, vk, bot):
        from vkbottle import Callback, GroupEventType, Keyboard
        from vkbottle.bot import Message, MessageEvent

        @bot.on.message()
        async def said(message: Message) -> None:
            keyboard = Keyboard(inline=True).add(Callback("Да", payload={"b": "1"})).get_json()
            await message.answer(f"echo {message.text}", keyboard=keyboard)

        @bot.on.raw_event(GroupEventType.MESSAGE_EVENT, dataclass=MessageEvent)
        async def pressed(event: MessageEvent) -> None:
            await event.ctx_api.messages.send_message_event_answer(
                event_id=event.object.event_id, user_id=event.object.user_id, peer_id=event.object.peer_id
            )

        running = asyncio.create_task(bot.run_polling())
        try:
            await vk.until(lambda: vk.polls > 0)
            await vk.write(ANNA, "привет")
            assert await vk.said(ANNA, 1) == ["echo привет"]
            press = await vk.press(ANNA, "Да")
            await vk.until(lambda: len(press.answers) == 1)
            vk.failed += [1, 2, 3]
            await vk.until(lambda: not vk.failed)
            polls = vk.polls
            await vk.until(lambda: vk.polls > polls + 1)
            await vk.write(ANNA, "ещё", chat=7)
            assert await vk.said(2000000007, 1) == ["echo ещё"]
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def test_its_types_fit_what_is_answered(self, vk, bot):
        """vkbottle checks every answer against VK's published schema."""
        from vkbottle import PhotoMessageUploader, VKAPIError

        message = await vk.write(ANNA, "привет")
        api = bot.api
        photo = await PhotoMessageUploader(api).upload(b"png", peer_id=ANNA)
        (sent,) = await api.messages.send(peer_ids=[ANNA], message="?", random_id=9, attachment=photo)
        assert (sent.peer_id, sent.conversation_message_id) == (ANNA, message.number + 1)
        await api.messages.edit(
            peer_id=ANNA, conversation_message_id=sent.conversation_message_id, message="!"
        )
        shown = await api.messages.get_by_conversation_message_id(
            peer_id=ANNA, conversation_message_ids=[sent.conversation_message_id]
        )
        assert shown.items[0].text == "!"
        await vk.write(ANNA, "и?")
        unanswered = await api.messages.get_conversations(filter="unanswered")
        assert unanswered.items[0].conversation.peer.id == ANNA
        history = await api.messages.get_history(peer_id=ANNA, count=5)
        assert [one.text for one in history.items] == ["и?", "!", "привет"]
        assert await api.messages.set_activity(peer_id=ANNA, type="typing") == 1
        (group,) = (await api.groups.get_by_id(group_id=str(vk.group_id))).groups
        assert group.id == vk.group_id
        vk.denied.add(ANNA)
        with pytest.raises(VKAPIError[901]):
            await api.messages.send(peer_id=ANNA, message="?", random_id=10)

    async def test_a_script_that_it_writes_is_carried_out(self, vk, bot):
        from vkbottle import VKAPIError
        from vkbottle.tools import vkscript

        await vk.write(ANNA, "привет")
        answer = await bot.api.request("execute", {"code": vkscript(say)(anna=ANNA).code})
        assert answer["response"][1] is False
        assert vk.texts(ANNA) == ["раз"]
        with pytest.raises(VKAPIError[12]):
            await bot.api.request("execute", {"code": "return ["})

    async def test_it_serves_the_callback_api(self, vk, bot):
        heard = asyncio.Event()

        @bot.on.message()
        async def said(_message) -> None:
            heard.set()

        await vk.write(ANNA, "привет")
        event = json.loads(json.dumps(vk.newest))
        await bot.process_event(event)
        await asyncio.wait_for(heard.wait(), 5)
