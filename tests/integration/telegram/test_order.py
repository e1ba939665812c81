"""The whole daemon, the demo robot and its own dialogue tests, over Telegram's fake."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
TESTS = yaml.safe_load((ROOT / "scenarios/pizzeria/tests/order.yaml").read_text())["tests"]


def fits(text: str, expected: str) -> bool:
    """`*` stands for any words; the number of an order is the emulated kitchen's."""
    expected = re.sub(r"№\d+", "№*", expected.strip())
    pattern = ".*".join(re.escape(part) for part in expected.split("*"))
    return re.fullmatch(pattern, text.strip().replace("\u00a0", " "), re.DOTALL) is not None


async def play(fake, person, dialogue, *, meanwhile=None) -> None:
    """Both sides of a dialogue test, as a person with a telephone would. `meanwhile(step)` comes before each word of the user."""
    chat = person.chat["id"]
    heard = len(fake.to(chat))
    for step, line in enumerate(dialogue):
        if meanwhile is not None and "bot" not in line:
            await meanwhile(step)
        if "event" in line:
            person.say("/start")
        elif "user" in line:
            person.say(str(line["user"]))
        elif "button" in line:
            said = next(one for one in reversed(fake.to(chat)) if one.buttons)
            press = person.press(said, line["button"])
            await fake.until(lambda press=press: press in fake.answered)
        elif "bot" in line:
            heard += 1
            text = (await fake.says(chat, heard))[-1]
            assert fits(text, str(line["bot"])), (step, text, line["bot"])
            if "buttons" in line:
                assert [button["text"] for button in fake.to(chat)[heard - 1].buttons] == line["buttons"]


async def test_a_pizza_is_ordered_with_buttons_over_long_polling(daemon, fake):
    await daemon("polling")
    await play(fake, fake.person(1001), TESTS[0]["dialogue"])


async def test_a_pizza_is_ordered_in_words_over_a_webhook(daemon, fake):
    await daemon("webhook")
    await play(fake, fake.person(1002), TESTS[1]["dialogue"])
