"""Whatever people do, in whatever order, a robot answers: no turn raises, none is silent, numbers have no gaps."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from ses.clock import VirtualClock
from ses.messages import Attachment
from ses.scenario.load import load_robot
from ses.services.answers import Answer, ClassScore, FoundEntity
from ses.testing.conversation import Exchange, Talk
from ses.testing.mocks import Mock, Mocks, MockServices, Reply

ROOT = Path(__file__).parents[2]
TURNS = 150
ODD_BUTTONS = ("1.1.0", "99.9.9", "x", "..", "a.b.c", "1.1.99")
EVENTS = ("start", "limit", "attachment", "unknown", "leave")
WORDS = {
    "ru": """хочу пиццу маргариту пепперони большую маленькую на Ленина 5 нет да не лучше сыр грибы самовывоз доставка
        89131234567 меню часы работы отмена назад повтори зачем пропустить где мой заказ как обычно привет спасибо
        сколько стоит 1 2 3 /order /menu {{x}} москва питер завтра двое эконом бизнес из в через неделю купить чай
        молоко vpn /trip /when /loop /count /outer /shop /buy /note /login /setter 42 а или точнее 18:30""".split(),
    "en": """the printer laptop is broken slow hello thanks my password reset forgot HD-1000 hd-5000 yes no skip back
        cancel why repeat urgent today can wait ann@example.com status ticket /ticket human vpn 1 2 mail crm another
        one more that is all not but rather report a problem cannot work""".split(),
}
"""Meaning comes and goes by chance: most turns say something the robot knows, in a place where it hardly fits."""

FICKLE = Mocks(
    {
        "http": (
            Mock(
                (
                    Reply({"number": 1, "minutes": 3, "id": "HD-1", "accounts": [{"id": "a", "name": "A"}], "state": "new"}),
                    Reply(status=503),
                    Reply("not JSON"),
                    Reply(error="timeout"),
                )
            ),
        ),
        "smc": (Mock((Reply([ClassScore("incident", 0.9)]), Reply([]), Reply(error="connect"))),),
        "see": (Mock((Reply([FoundEntity("device", "printer", "printer")]), Reply([]))),),
        "qas": (Mock((Reply(None), Reply(Answer("An answer.", 0.9)), Reply(error="timeout"))),),
    }
)  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "robot",
    [
        "scenarios/pizzeria",
        "scenarios/helpdesk",
        "tests/integration/dialogues/trip",
        "tests/integration/dialogues/shop",
    ],
)
async def test_a_robot_answers_whatever_happens(robot: str, seed: int) -> None:
    program = load_robot(ROOT / robot).program
    assert program is not None
    clock = VirtualClock(1_795_410_000.0)
    talk = Talk(program, MockServices(FICKLE, clock), clock)
    chance = random.Random(seed)
    expected = 1
    for turn in range(TURNS):
        said, exchange = await something(talk, clock, chance, WORDS[program.language])
        if exchange is None:
            continue
        assert exchange.messages or not said, f"turn {turn}: no answer to {said}"
        for message in exchange.messages:
            expected = 1 if message.id.endswith("/1/1") else expected  # an expired session begins anew
            assert message.seq == expected
            assert message.text or message.attachments
            expected += 1


async def something(
    talk: Talk, clock: VirtualClock, chance: random.Random, words: list[str]
) -> tuple[str, Exchange | None]:
    """One thing a person may do: (what must be answered, what came of it); none when only time went by."""
    buttons = [button for message in talk.messages[-6:] for button in message.buttons]
    what = chance.random()
    if what < 0.2 and buttons:
        button = chance.choice(buttons)
        return f"a press of {button.text}", await talk.press_id(button.id)
    if what < 0.23:
        return "an odd button", await talk.press_id(chance.choice(ODD_BUTTONS))
    if what < 0.26:
        return "", await talk.happen(chance.choice(EVENTS))
    if what < 0.28:
        return "a picture", await talk.attach(Attachment("image", name="a.png"), chance.choice([None, "hm"]))
    if what < 0.32 and talk.typed:
        return "", await talk.edit(chance.choice(words))
    if what < 0.36:
        clock.advance(chance.choice([60, 3600, 40 * 86400]))
        return "", None
    text = " ".join(chance.choices(words, k=chance.choice([1, 1, 1, 2, 2, 3, 5])))
    return text, await talk.say(text)
