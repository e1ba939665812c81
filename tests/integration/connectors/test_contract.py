"""What every connector promises (`ses/connectors/contract.py`), over the real other side or its faithful double."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from ses.connectors.contract import Channel, Connector, DeliveryFailed, Refused
from ses.messages import Button, Conversation, Delta, Outgoing


async def test_an_inbound_names_its_connector_conversation_and_sender_id(side, reception):
    person = await side.person()
    id = await person.say("привет")
    await person.acknowledged(id)
    (inbound,) = reception.received
    assert inbound.conversation == person.conversation
    assert inbound.connector == side.connector.name
    assert (inbound.id, inbound.text) == (id, "привет")
    assert 0 < len(inbound.id) <= 64
    assert inbound.at > 1.7e9


async def test_nothing_is_acknowledged_before_it_is_stored(side, reception):
    person = await side.person()
    reception.gate = asyncio.Event()
    id = await person.say("на диск")
    assert await person.is_unacknowledged(id)
    reception.gate.set()
    await person.acknowledged(id)


async def test_what_one_person_says_arrives_in_order(side, reception):
    person = await side.person()
    ids = [await person.say(str(number)) for number in range(50)]
    for id in ids:
        await person.acknowledged(id)
    assert [inbound.text for inbound in reception.received] == [str(number) for number in range(50)]


async def test_two_people_are_two_conversations(side, reception):
    for name in ("Аня", "Боря"):
        person = await side.person()
        await person.acknowledged(await person.say(name))
        assert await person.reads(1) == [f"echo {name}"]
    assert len({inbound.conversation for inbound in reception.received}) == 2


async def test_a_second_copy_is_acknowledged_and_not_taken_twice(side, reception):
    if not side.resends:
        return
    person = await side.person()
    await person.acknowledged(await person.say("раз", id="same"))
    await person.say("раз", id="same")
    await person.acknowledged(await person.say("два"))
    assert [inbound.text for inbound in reception.received] == ["раз", "два"]


async def test_messages_are_delivered_in_order_with_a_press_that_comes_back(side, reception):
    person = await side.person()
    await person.acknowledged(await person.say("начали"))
    for number in range(5):
        message = Outgoing(id="", seq=0, text=f"{number}", buttons=(Button("Да", f"2.{number}.0"),))
        await reception.say(person.conversation, message, f"2/{number}")
    assert await person.reads(6) == ["echo начали", "0", "1", "2", "3", "4"]
    await person.acknowledged(await person.press("2.4.0"))
    assert reception.received[-1].button == "2.4.0"


async def test_delivery_to_nobody_harms_nobody(side):
    nobody = Conversation(side.connector.name, "nobody")
    try:
        await side.connector.deliver(nobody, Outgoing(id="nobody/1/1", seq=1, text="эй"))
    except DeliveryFailed as failed:
        assert failed.retry_after is None  # it is no use trying again
    side.connector.typing(nobody, on=True)
    side.connector.typing(nobody, on=False)
    side.connector.stream(nobody, Delta(id="nobody/1/1", attempt=1, at=0, text="э"))


async def test_a_refused_inbound_is_not_acknowledged(side, reception):
    person = await side.person()
    reception.refusals = [Refused("busy", "Full", 60.0)]
    assert await person.is_unacknowledged(await person.say("нет"))


async def test_it_keeps_to_the_contract(side):
    connector: Connector = side.connector
    kind, name = connector.name.split(".")
    assert kind
    assert name
    assert isinstance(connector.replays, bool)


async def test_a_stop_may_come_twice_and_nothing_goes_on_after_it(side, reception):
    person = await side.person()
    await person.acknowledged(await person.say("до"))
    await person.reads(1)
    await side.connector.stop()
    heard = len(reception.received)
    await side.connector.stop()
    assert at_work() == []
    if isinstance(side.connector, Channel):
        assert side.connector.state().condition == "stopped"
    with suppress(ConnectionError):  # a page may find its socket closed
        assert await person.is_unacknowledged(await person.say("после"))
    assert len(reception.received) == heard == 1


def at_work() -> list[str]:
    """Tasks of connectors that are not done; those of their doubles belong to the tests."""
    coroutines = [task.get_coro() for task in asyncio.all_tasks()]
    return [
        coroutine.__qualname__
        for coroutine in coroutines
        if "ses/connectors" in (file := coroutine.cr_code.co_filename) and "testing" not in file
    ]
