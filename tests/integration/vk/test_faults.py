"""VK fails in every way it knows: nothing is lost, nothing arrives twice."""

from __future__ import annotations

import asyncio
import json
from io import BytesIO

import pytest
import structlog
from aiohttp import ClientSession, web

from ses.connectors.contract import DeliveryFailed, Refused
from ses.connectors.testing import MemoryReception
from ses.connectors.vk.backfill import MESSAGES
from ses.connectors.vk.delivery import random_id
from ses.connectors.webhooks import WebhookRoutes
from ses.messages import Conversation, Outgoing

ANNA = 1001
CONVERSATION = Conversation("vk.shop", str(ANNA))


async def delivered(joined, message, attempts=10):
    """As the pipeline delivers: again and again."""
    for _ in range(attempts):
        try:
            await joined.connector.deliver(CONVERSATION, message)
        except DeliveryFailed as failed:
            assert failed.retry_after is not None, failed
        else:
            return
    raise AssertionError("not delivered")


class TestReading:
    @pytest.mark.parametrize("failed", [1, 2, 3])
    async def test_each_failure_of_the_long_poll_is_got_over(self, vk, join, failed):
        await join()
        await vk.write(ANNA, "раз")
        await vk.said(ANNA, 1)
        vk.failed.append(failed)
        await vk.until(lambda: not vk.failed)
        await vk.write(ANNA, "два")
        assert await vk.said(ANNA, 2) == ["echo раз", "echo два"]

    @pytest.mark.parametrize("fault", ["reset", "503", "garbage"])
    async def test_a_broken_poll_is_made_again(self, vk, join, fault):
        joined = await join()
        await vk.write(ANNA, "раз")
        await vk.said(ANNA, 1)
        vk.poll_faults += [fault, fault]
        await vk.write(ANNA, "два")
        await vk.until(lambda: not vk.poll_faults)
        await vk.write(ANNA, "три")
        assert await vk.said(ANNA, 3) == ["echo раз", "echo два", "echo три"]
        assert joined.connector.state().condition == "connected"

    async def test_what_vk_forgot_is_read_from_the_conversations(self, vk, join):
        joined = await join()
        await vk.write(ANNA, "раз")
        await vk.said(ANNA, 1)
        while await joined.reception.recall("vk.shop", "place") is None:
            await asyncio.sleep(0.01)
        await joined.connector.stop()
        for text in ("два", "три"):
            await vk.write(ANNA, text)
        vk.forget()
        await join(joined.reception, wait=False)
        assert await vk.said(ANNA, 3) == ["echo раз", "echo два", "echo три"]

    async def test_however_much_vk_forgot_it_is_read_in_order(self, vk, join):
        joined = await join()
        await vk.write(ANNA, "0")
        await vk.said(ANNA, 1)
        while await joined.reception.recall("vk.shop", "place") is None:
            await asyncio.sleep(0.01)
        await joined.connector.stop()
        for number in range(1, MESSAGES + 30):
            await vk.write(ANNA, str(number))
        vk.forget()
        await join(joined.reception, wait=False)
        wanted = [f"echo {number}" for number in range(MESSAGES + 30)]
        assert await vk.said(ANNA, MESSAGES + 30, seconds=30) == wanted

    async def test_what_a_human_answered_meanwhile_is_left_alone(self, vk, join):
        joined = await join()
        await vk.write(ANNA, "раз")
        await vk.said(ANNA, 1)
        while await joined.reception.recall("vk.shop", "place") is None:
            await asyncio.sleep(0.01)
        await joined.connector.stop()
        await vk.write(ANNA, "два")
        vk.human(ANNA, "человек")
        await vk.write(ANNA, "три")
        vk.forget()
        await join(joined.reception, wait=False)
        assert (await vk.said(ANNA, 3))[-1] == "echo три"

    async def test_a_restart_goes_on_where_the_last_one_ended(self, vk, join):
        joined = await join()
        await vk.write(ANNA, "раз")
        await vk.said(ANNA, 1)
        await joined.connector.stop()
        await vk.write(ANNA, "два")
        await join(joined.reception, wait=False)
        assert await vk.said(ANNA, 2) == ["echo раз", "echo два"]
        assert len(joined.reception.received) == 2

    async def test_an_event_that_comes_twice_is_taken_once(self, vk, join):
        joined = await join()
        await vk.write(ANNA, "раз")
        await vk.repeat(vk.newest)
        await vk.write(ANNA, "два")
        assert await vk.said(ANNA, 2) == ["echo раз", "echo два"]
        assert len(joined.reception.received) == 2

    async def test_events_nobody_understands_stop_nothing(self, vk, join):
        await join()
        await vk.tell("message_new", {"message": {"from_id": "x"}})
        await vk.tell("wall_post_new", {"id": 1})
        await vk.tell("brand_new_kind", [1])
        await vk.write(ANNA, "раз")
        assert await vk.said(ANNA, 1) == ["echo раз"]

    async def test_a_wrong_token_is_said_plainly_and_tried_again(self, vk, join):
        with structlog.testing.capture_logs() as logs:
            joined = await join(token="wrong", wait=False)
            while joined.connector.state().condition != "refused":
                await asyncio.sleep(0.01)
        assert "connectors.vk.shop.token" in joined.connector.state().problem
        assert any(one["log_level"] == "error" and "token" in one["problem"] for one in logs)
        assert "wrong" not in json.dumps(logs)


class TestSending:
    async def test_a_send_whose_answer_was_lost_arrives_once(self, vk, join):
        joined = await join()
        await vk.write(ANNA, "привет")
        await vk.said(ANNA, 1)
        vk.faults["messages.send"] += ["lost", "reset", "503", "garbage"]
        await delivered(joined, Outgoing(id="1001/2/1", seq=2, text="один раз"))
        assert vk.texts(ANNA)[1:] == ["один раз"]

    @pytest.mark.parametrize("code", [1, 6, 9, 10])
    async def test_what_passes_is_tried_again(self, vk, join, code):
        joined = await join()
        await vk.write(ANNA, "привет")
        await vk.said(ANNA, 1)
        vk.faults["messages.send"].append(code)
        await delivered(joined, Outgoing(id="1001/2/1", seq=2, text="всё же"))
        assert vk.texts(ANNA)[1:] == ["всё же"]

    @pytest.mark.parametrize("code", [7, 900, 901, 902, 917])
    async def test_what_never_passes_is_given_up(self, vk, join, code):
        joined = await join()
        await vk.write(ANNA, "привет")
        await vk.said(ANNA, 1)
        vk.faults["messages.send"].append(code)
        with pytest.raises(DeliveryFailed) as failed:
            await joined.connector.deliver(CONVERSATION, Outgoing(id="1001/2/1", seq=2, text="?"))
        assert failed.value.retry_after is None

    async def test_the_rate_of_a_community_is_kept(self, vk, join):
        vk._rate = 20
        joined = await join()
        for person in range(40):
            await vk.write(ANNA + person, "привет")
        await vk.until(lambda: sum(len(vk.texts(ANNA + one)) for one in range(40)) == 40)
        assert len(joined.reception.received) == 40
        assert sum(method == "messages.send" for method, _ in vk.calls) == 40

    def test_random_ids_are_never_zero_and_the_same_for_the_same_piece(self):
        ids = [random_id("salt", f"1001/{turn}/1", 0) for turn in range(5000)]
        assert all(-(2**31) <= one < 2**31 and one for one in ids)
        assert len(set(ids)) == 5000
        assert ids[7] == random_id("salt", "1001/7/1", 0) != random_id("other", "1001/7/1", 0)


class TestCallback:
    @pytest.fixture
    async def called(self, vk, join):
        settings = {"mode": "callback", "confirmation": "c0de", "secret": "s3cret", "patience": 0.5}
        joined = await join(wait=False, **settings)
        app = web.Application()
        app.add_routes(WebhookRoutes({"vk.shop": joined.connector}).routes())
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        vk.callback = (f"http://127.0.0.1:{runner.addresses[0][1]}/hook/vk/shop", "s3cret")
        yield joined
        await runner.cleanup()

    async def test_vk_is_told_the_confirmation_string(self, vk, called):
        assert await vk.confirm() == "c0de"

    async def test_an_event_is_acknowledged_when_it_is_stored(self, vk, called):
        called.reception.gate = asyncio.Event()
        await vk.write(ANNA, "раз")
        await asyncio.sleep(0.05)
        assert vk.callback_answers == []
        called.reception.gate.set()
        assert await vk.said(ANNA, 1) == ["echo раз"]
        await vk.until(lambda: vk.callback_answers[-1:] == [(200, "ok")])
        assert (200, "ok") not in vk.callback_answers[:-1]

    async def test_an_event_that_cannot_be_stored_now_is_called_for_again(self, vk, called):
        called.reception.gate = asyncio.Event()
        await vk.write(ANNA, "раз")
        await vk.until(lambda: bool(vk.callback_answers))
        assert vk.callback_answers[0][0] == 503
        called.reception.gate.set()
        await vk.until(lambda: vk.callback_answers[-1] == (200, "ok"))
        assert [one.text for one in called.reception.received] == ["раз"]

    @pytest.mark.parametrize(
        "change", [{"secret": "wrong"}, {"secret": None}, {"group_id": 5}, {"secret": "s3cret\ud800"}]
    )
    async def test_strangers_are_refused_without_a_word(self, vk, called, change):
        event = {"type": "message_new", "group_id": vk.group_id, "secret": "s3cret", "object": {}, **change}
        assert await post(vk, json.dumps(event)) == (403, "")

    @pytest.mark.parametrize("body", ["", "[]", "{", "[" * 100_000, "x" * (2 << 20)])
    async def test_what_is_no_event_is_refused_without_a_word(self, vk, called, body):
        assert await post(vk, body) == (403, "")

    async def test_a_name_that_is_not_there_is_refused_the_same(self, vk, called):
        assert await post(vk, "{}", name="nobody") == (403, "")


async def post(vk, body, name="shop"):
    url = vk.callback[0].removesuffix("shop") + name
    async with ClientSession() as http, http.post(url, data=BytesIO(body.encode())) as answer:
        return answer.status, await answer.text()


async def test_a_flood_waits_its_turn_and_nobody_else_does(vk, join):
    reception = MemoryReception()
    await join(reception)
    reception.refusals = [Refused("flood", "slower", 0.3)]
    await vk.write(ANNA, "раз")
    await vk.write(ANNA, "два")
    await vk.write(1002, "я")
    assert await vk.said(1002, 1) == ["echo я"]
    assert await vk.said(ANNA, 2) == ["echo раз", "echo два"]
