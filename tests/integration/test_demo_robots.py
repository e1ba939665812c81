"""The demo robots are what a newcomer meets first: no finding, every dialogue as written, every step reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from ses.clock import SystemClock
from ses.scenario.load import load_robot
from ses.services.address_rules import AddressRules
from ses.services.settings import ServiceSettings
from ses.services.suite import PORTS, ServiceSuite
from ses.services.testapi import OwnTestApi, TestApi
from ses.testing.conversation import Talk
from ses.testing.formatting import summary
from ses.testing.suite import run_tests

ROOT = Path(__file__).parents[2]
ROBOTS = ["pizzeria", "helpdesk"]


@pytest.mark.parametrize("name", ROBOTS)
def test_the_check_finds_nothing(name: str) -> None:
    loaded = load_robot(ROOT / "scenarios" / name)
    assert loaded.findings == ()
    assert loaded.program is not None


@pytest.mark.parametrize("name", ROBOTS)
async def test_every_dialogue_goes_as_written_and_reaches_everything(name: str) -> None:
    tested = await run_tests(ROOT / "scenarios" / name)
    assert tested.passed, summary(tested)
    assert tested.coverage is not None
    assert tested.coverage.unreached == []


async def answers(talk: Talk, *said: str) -> list[str]:
    """What the robot says to the last of these."""
    messages: list[str] = []
    for text in said:
        exchange = await talk.say(text)
        messages = [message.text for message in exchange.messages]
    return messages


@pytest.fixture
async def emulated() -> ServiceSuite:
    """The services as `ses chat` has them: out of testapi/, without a socket."""
    own = OwnTestApi(TestApi(ROOT / "testapi"), frozenset({("127.0.0.1", 6190)}), SystemClock())
    settings = {name: ServiceSettings(url=f"http://127.0.0.1:6190/ses/testapi/{name}") for name in PORTS}
    return ServiceSuite(settings, AddressRules(), clock=SystemClock(), own_site=own)


def talk_with(name: str, services: ServiceSuite) -> Talk:
    program = load_robot(ROOT / "scenarios" / name).program
    assert program is not None
    return Talk(program, services, SystemClock())


async def test_the_help_desk_files_a_ticket_with_the_emulated_services(emulated: ServiceSuite) -> None:
    talk = talk_with("helpdesk", emulated)
    said = ("the printer on the 2nd floor is broken", "today", "ann@example.com", "yes")
    assert (await answers(talk, *said))[1].startswith("Filed as HD-1042.")
    assert await answers(talk, "that is all", "how is my ticket?") == ["Dana is working on HD-1042."]
    assert await answers(talk, "how do I use the vpn") == [
        "Start the VPN client and sign in with your e-mail address."
    ]
    await emulated.close()


async def test_the_pizzeria_stands_a_kitchen_that_does_not_answer(emulated: ServiceSuite) -> None:
    talk = talk_with("pizzeria", emulated)
    said = ("большую маргариту на Мира 13", "нет", "8 913 123-45-67", "да")
    assert (await answers(talk, *said))[-1].startswith("Кухня не отвечает.")
    await emulated.close()
