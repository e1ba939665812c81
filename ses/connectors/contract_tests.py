"""Contract tests: what every connector promises (`ses/connectors/contract.py`), stated once; the tests of each inherit it.

They give the fixture `side`: a running connector over a `MemoryReception`, with its real other side or a faithful
double of it. The fixtures are asynchronous, so pytest-asyncio is needed (`asyncio_mode = "auto"`).
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from ses.connectors.contract import Channel, Connector, DeliveryFailed, Refused
from ses.connectors.testing import MemoryReception
from ses.messages import Button, Conversation, Delta, Outgoing

SHARED = Path(__file__).parent
"""Where connectors' common parts lie."""
FLOW = SHARED.parent / "flow"
"""Where the tasks of queues are made."""


class Person(Protocol):
    """Somebody at the other side, alone with the robot."""

    @property
    def conversation(self) -> Conversation:
        """Under which the connector hands in what they do."""
        ...

    async def say(self, text: str, id: str | None = None) -> str:
        """Send a text; the id its inbound must have. With an `id` the other side sends it again under the same one."""
        ...

    async def press(self, button: str) -> str:
        """Press a button by its `Button.id`, as soon as it is shown; what `acknowledged` knows the press by."""
        ...

    async def acknowledged(self, id: str) -> None:
        """Return when the other side was told that it is stored, and will not send it again."""
        ...

    async def reads(self, count: int) -> list[str]:
        """The first `count` texts of the robot, in order; waits for them."""
        ...


class Side(Protocol):
    """A running connector with its other side."""

    resends: bool
    """The other side repeats what was not acknowledged, under the same id."""
    variables: Mapping[str, Any]
    """What the connector is configured to begin its conversations with; not empty."""

    @property
    def connector(self) -> Connector: ...

    @property
    def reception(self) -> MemoryReception:
        """What the connector was started with; its answers go through the connector (`serve`)."""
        ...

    async def person(self) -> Person:
        """Somebody new."""
        ...


async def is_unacknowledged(person: Person, id: str) -> bool:
    """Wait a moment for an acknowledgement that must not come."""
    try:
        async with asyncio.timeout(0.1):
            await person.acknowledged(id)
    except TimeoutError:
        return True
    return False


class ConnectorContract:
    """Inherited by the tests of each connector."""

    async def test_an_inbound_names_its_connector_conversation_and_sender_id(self, side: Side) -> None:
        person = await side.person()
        id = await person.say("привет")
        await person.acknowledged(id)
        (inbound,) = side.reception.received
        assert inbound.conversation == person.conversation
        assert inbound.connector == side.connector.name
        assert (inbound.id, inbound.text) == (id, "привет")
        assert 0 < len(inbound.id) <= 64
        assert inbound.at > 1.7e9

    async def test_nothing_is_acknowledged_before_it_is_stored(self, side: Side) -> None:
        person = await side.person()
        side.reception.gate = asyncio.Event()
        id = await person.say("на диск")
        assert await is_unacknowledged(person, id)
        side.reception.gate.set()
        await person.acknowledged(id)

    async def test_what_one_person_says_arrives_in_order(self, side: Side) -> None:
        person = await side.person()
        ids = [await person.say(str(number)) for number in range(50)]
        for id in ids:
            await person.acknowledged(id)
        assert [inbound.text for inbound in side.reception.received] == [str(number) for number in range(50)]

    async def test_two_people_are_two_conversations(self, side: Side) -> None:
        for name in ("Аня", "Боря"):
            person = await side.person()
            await person.acknowledged(await person.say(name))
            assert await person.reads(1) == [f"echo {name}"]
        assert len({inbound.conversation for inbound in side.reception.received}) == 2

    async def test_a_second_copy_is_acknowledged_and_not_taken_twice(self, side: Side) -> None:
        if not side.resends:
            return
        person = await side.person()
        await person.acknowledged(await person.say("раз", id="same"))
        await person.say("раз", id="same")
        await person.acknowledged(await person.say("два"))
        assert [inbound.text for inbound in side.reception.received] == ["раз", "два"]

    async def test_messages_are_delivered_in_order_with_a_press_that_comes_back(self, side: Side) -> None:
        person = await side.person()
        await person.acknowledged(await person.say("начали"))
        for number in range(5):
            message = Outgoing(id="", seq=0, text=f"{number}", buttons=(Button("Да", f"2.{number}.0"),))
            await side.reception.say(person.conversation, message, f"2/{number}")
        assert await person.reads(6) == ["echo начали", "0", "1", "2", "3", "4"]
        await person.acknowledged(await person.press("2.4.0"))
        assert side.reception.received[-1].button == "2.4.0"

    async def test_delivery_to_nobody_harms_nobody(self, side: Side) -> None:
        nobody = Conversation(side.connector.name, "nobody")
        try:
            await side.connector.deliver(nobody, Outgoing(id="nobody/1/1", seq=1, text="эй"))
        except DeliveryFailed as failed:
            assert failed.retry_after is None  # noqa: PT017  it may also not fail; then it is no use trying again
        side.connector.typing(nobody, on=True)
        side.connector.typing(nobody, on=False)
        side.connector.stream(nobody, Delta(id="nobody/1/1", attempt=1, at=0, text="э"))

    async def test_a_refused_inbound_is_kept_its_senders_next_wait_behind_it_and_others_pass(
        self, side: Side
    ) -> None:
        ann, ben = await side.person(), await side.person()
        side.reception.refusing[ann.conversation] = Refused("flood", "Slower", 0.05)
        ids = [await ann.say(text) for text in ("раз", "два", "три")]
        assert await is_unacknowledged(ann, ids[0])
        await ben.say("а я?")
        assert await ben.reads(1) == ["echo а я?"]
        del side.reception.refusing[ann.conversation]
        for id in ids:
            await ann.acknowledged(id)
        said = [one.text for one in side.reception.received if one.conversation == ann.conversation]
        assert said == ["раз", "два", "три"]

    async def test_what_is_refused_for_good_is_done_with_and_the_next_one_is_heard(self, side: Side) -> None:
        person = await side.person()
        side.reception.refusals = [Refused("unknown_robot", "There is none")]
        await person.say("нет")
        await person.acknowledged(await person.say("да"))
        assert [one.text for one in side.reception.received] == ["да"]

    async def test_the_configured_variables_come_with_the_first_inbound_only(self, side: Side) -> None:
        for _ in range(2):
            person = await side.person()
            for id in [await person.say(text) for text in ("раз", "два", "три")]:
                await person.acknowledged(id)
        assert [one.variables for one in side.reception.received] == [side.variables, {}, {}] * 2

    async def test_it_keeps_to_the_contract(self, side: Side) -> None:
        connector: Connector = side.connector
        kind, name = connector.name.split(".")
        assert kind
        assert name
        assert isinstance(connector.replays, bool)

    async def test_a_stop_may_come_twice_and_nothing_goes_on_after_it(self, side: Side) -> None:
        person = await side.person()
        await person.acknowledged(await person.say("до"))
        await person.reads(1)
        await side.connector.stop()
        heard = len(side.reception.received)
        await side.connector.stop()
        assert at_work(side.connector) == []
        if isinstance(side.connector, Channel):
            assert side.connector.state().condition == "stopped"
        with suppress(ConnectionError):  # a page may find its socket closed
            assert await is_unacknowledged(person, await person.say("после"))
        assert len(side.reception.received) == heard == 1


def at_work(connector: Connector) -> list[str]:
    """Tasks of a connector that are not done; those of its double belong to the tests."""
    folders = (str(SHARED), str(FLOW), str(Path(inspect.getfile(type(connector))).parent))
    others = asyncio.all_tasks() - {asyncio.current_task()}
    coroutines = [coroutine for task in others if inspect.iscoroutine(coroutine := task.get_coro())]
    return [
        coroutine.__qualname__
        for coroutine in coroutines
        if (file := coroutine.cr_code.co_filename).startswith(folders) and "testing" not in file
    ]
