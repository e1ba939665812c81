"""Many calls in one: what waits goes together by `execute`, and a failure strikes only its own."""

from __future__ import annotations

import asyncio

import pytest

from ses.clock import SystemClock
from ses.connectors.testing import MemoryReception
from ses.connectors.vk.calls import TEXT, Calls
from ses.connectors.vk.client import CallFailed
from ses.connectors.vk.rate_limit import RateLimit

ANNA = 1001


@pytest.fixture
async def calls(vk):
    calls = Calls(vk.token, vk.url, RateLimit(SystemClock(), 200.0))
    yield calls
    calls.close()


def made(vk, method):
    return sum(name == method for name, _ in vk.calls)


async def send(calls, peer, text="привет", number=None):
    return await calls.call("messages.send", peer_ids=peer, random_id=number or peer, message=text)


async def all_sent(calls, *sends):
    return await asyncio.gather(*sends, return_exceptions=True)


async def know(vk, count):
    people = [ANNA + number for number in range(count)]
    for person in people:
        await vk.write(person, "привет")
    return people


async def test_a_lone_message_is_a_call_of_its_own(vk, calls):
    (anna,) = await know(vk, 1)
    for number in range(3):
        await send(calls, anna, str(number), number + 1)
    assert vk.texts(anna) == ["0", "1", "2"]
    assert (made(vk, "messages.send"), made(vk, "execute")) == (3, 0)


async def test_what_is_said_at_once_goes_in_one_call_of_25_at_most(vk, calls):
    people = await know(vk, 60)
    answers = await all_sent(calls, *(send(calls, person, f"для {person}") for person in people))
    assert [answer[0]["peer_id"] for answer in answers] == people
    assert [vk.texts(person) for person in people] == [[f"для {person}"] for person in people]
    assert made(vk, "execute") == 3
    assert len({values["random_id"] for method, values in vk.calls if method == "messages.send"}) == 60


async def test_messages_to_one_peer_keep_their_order(vk, calls):
    (anna,) = await know(vk, 1)
    await all_sent(calls, *(send(calls, anna, str(number), number + 1) for number in range(20)))
    assert vk.texts(anna) == [str(number) for number in range(20)]


async def test_long_texts_do_not_all_go_in_one_call(vk, calls):
    people = await know(vk, 12)
    await all_sent(calls, *(send(calls, person, "ы" * 4096) for person in people))
    assert [len(vk.texts(person)[0]) for person in people] == [4096] * 12
    codes = [values["code"] for method, values in vk.calls if method == "execute"]
    assert len(codes) == 3
    assert max(map(len, codes)) < TEXT + 2000


@pytest.mark.parametrize("code", [6, 9, 14, 900, 902, 911, 912, 914, 917])
async def test_an_error_of_one_is_the_others_success(vk, calls, code):
    people = await know(vk, 3)
    vk.faults["messages.send"].append(code)
    first, *others = await all_sent(calls, *(send(calls, person) for person in people))
    assert isinstance(first, CallFailed)
    assert (first.method, first.code) == ("messages.send", code)
    assert first.passing == (code in (6, 9, 14))
    assert [answer[0]["peer_id"] for answer in others] == people[1:]
    assert [vk.texts(person) for person in people] == [[], ["привет"], ["привет"]]


async def test_a_receiver_who_allows_no_messages_is_told_of_in_the_answer(vk, calls):
    people = await know(vk, 2)
    vk.denied.add(people[0])
    refused, sent = await all_sent(calls, *(send(calls, person) for person in people))
    assert refused[0]["error"]["code"] == 901
    assert sent[0]["conversation_message_id"] > 0


@pytest.mark.parametrize("code", [5, 6, 9])
async def test_an_error_of_token_or_rate_is_everybodys(vk, calls, code):
    people = await know(vk, 3)
    vk.faults["execute"].append(code)
    failures = await all_sent(calls, *(send(calls, person) for person in people))
    assert [failure.code for failure in failures] == [code] * 3


@pytest.mark.parametrize("fault", ["lost", "reset", "503", "garbage"])
@pytest.mark.parametrize("where", ["execute", "messages.send"])
async def test_without_an_answer_all_may_be_made_again_and_arrive_once(vk, calls, fault, where):
    people = await know(vk, 4)
    vk.faults[where].append(fault)
    failures = await all_sent(calls, *(send(calls, person) for person in people))
    assert all(isinstance(failure, CallFailed) and failure.passing for failure in failures)
    for person in people:
        await send(calls, person)
    assert [vk.texts(person) for person in people] == [["привет"]] * 4


async def test_a_call_that_spoils_every_batch_comes_to_stand_alone(vk, calls):
    people = await know(vk, 25)
    left, rounds = list(people), 0
    while left:
        vk.faults["execute"].append(13)
        answers = await all_sent(calls, *(send(calls, person) for person in left))
        left = [
            person for person, answer in zip(left, answers, strict=True) if isinstance(answer, CallFailed)
        ]
        rounds += 1
        assert rounds < 10
    assert [vk.texts(person) for person in people] == [["привет"]] * 25


async def test_who_stopped_waiting_is_not_called_for(vk, calls):
    people = await know(vk, 3)
    tasks = [asyncio.create_task(send(calls, person)) for person in people]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert [vk.texts(person) for person in people] == [["привет"], [], ["привет"]]


async def test_what_waits_when_the_connector_stops_may_be_sent_later(vk):
    calls = Calls(vk.token, vk.url, RateLimit(SystemClock(), 0.01))
    people = await know(vk, 30)
    tasks = [asyncio.create_task(send(calls, person)) for person in people]
    await vk.until(lambda: sum(len(vk.texts(person)) for person in people) == 25)
    calls.close()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(answer, CallFailed) and answer.passing for answer in answers[25:])


async def test_a_crowd_is_answered_with_few_calls_at_vks_rate(vk, join):
    vk._rate = 20
    joined = await join(MemoryReception())
    people = await know(vk, 100)
    await vk.until(lambda: all(vk.texts(person) for person in people))
    assert [vk.texts(person) for person in people] == [["echo привет"]] * 100
    assert len(joined.reception.received) == 100
    assert made(vk, "execute") <= 20
