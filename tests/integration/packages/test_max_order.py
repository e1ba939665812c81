"""A pizza is ordered in MAX: the daemon as a process, the package as an installer would leave it, the double of MAX."""

from __future__ import annotations

import re
import shutil
from itertools import groupby

import pytest
import yaml

from ses_connector_max.testing import TOKEN, MaxFake, running

from ..daemon import ROOT, free_port

TESTS = yaml.safe_load((ROOT / "scenarios/pizzeria/tests/order.yaml").read_text())["tests"]
ANNA = 1001


def fits(text: str, expected: str) -> bool:
    """`*` stands for any words; the number of an order is the emulated kitchen's."""
    parts = re.sub(r"№\d+", "№*", expected.strip()).split("*")
    pattern = ".*".join(re.escape(part) for part in parts)
    return re.fullmatch(pattern, text.strip().replace("\u00a0", " "), re.DOTALL) is not None


def heard(fake: MaxFake) -> list[str]:
    """What Anna reads. After a death the last message may come twice (MAX drops no second copy); she reads it once."""
    return [text for text, _ in groupby(one.text for one in fake.to(ANNA))]


async def hears(fake: MaxFake, count: int) -> str:
    await fake.until(lambda: len(heard(fake)) >= count, seconds=60)
    return heard(fake)[count - 1]


@pytest.fixture
async def fake():
    async with running(MaxFake()) as fake:
        yield fake


@pytest.fixture
async def pizzeria(site, daemon, fake, tmp_path):
    """Start a daemon with the bot, and with its own kitchen."""
    site.install_max()
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")

    async def start(public, **bot):
        port = free_port()
        for file in (tmp_path / "scenarios").rglob("*.yaml"):
            text = file.read_text()
            if ":6190" in text:
                file.write_text(text.replace(":6190", f":{port}"))
        running = daemon(
            {
                "port": port,
                "widget": {"port": public},
                "scenarios": str(tmp_path / "scenarios"),
                "testapi": str(ROOT / "testapi"),
                "tmp": str(tmp_path / "tmp"),
                "limits": {"http": {"allow": [f"127.0.0.1:{port}"]}},
                "connectors": {
                    "max": {"shop": {"token": TOKEN, "robot": "pizzeria", "api": fake.url, **bot}}
                },
            }
        )
        await running.start()
        return running

    return start


async def play(fake: MaxFake, dialogue: list[dict], *, disturb=None) -> None:
    """Both sides of a dialogue test. `disturb(number, act)` carries out the user's act of that number its own way."""
    anna, count, acts = fake.person(ANNA), 0, 0
    for line in dialogue:
        if "bot" in line:
            count += 1
            text = await hears(fake, count)
            assert fits(text, str(line["bot"])), (text, line["bot"])
            if "buttons" in line:
                assert [button["text"] for button in fake.to(ANNA)[-1].buttons] == line["buttons"]
            continue
        acts += 1
        if "event" in line:
            act = anna.start
        elif "user" in line:

            def act(said=str(line["user"])):
                return anna.say(said)
        elif "button" in line:

            def act(label=line["button"]):
                return anna.label(label)
        else:
            continue
        await (disturb(acts, act) if disturb is not None else act())


@pytest.mark.slow
async def test_a_pizza_is_ordered_with_buttons_through_two_deaths(pizzeria, fake):
    daemon = await pizzeria(free_port())

    async def disturb(number, act):
        if number == 4:  # the size is pressed while nobody is there
            await daemon.kill()
            await act()
            await daemon.start()
        elif number == 7:  # the daemon dies with what it was just told
            await act()
            await daemon.kill()
            await daemon.start()
        else:
            await act()

    await play(fake, TESTS[0]["dialogue"], disturb=disturb)
    pressed = [one["callback"]["callback_id"] for one in fake.updates if "callback" in one]
    await fake.until(lambda: fake.committed == len(fake.updates))
    assert set(fake.answered) <= set(pressed)
    assert len(heard(fake)) == sum("bot" in line for line in TESTS[0]["dialogue"])


async def test_a_pizza_is_ordered_in_words_over_the_webhook(pizzeria, fake, site):
    public = free_port()
    hook = {"mode": "webhook", "webhook_url": f"http://127.0.0.1:{public}", "secret": "a-secret"}
    running = await pizzeria(public, **hook)
    await fake.until(lambda: bool(fake.subscriptions))
    await play(fake, TESTS[1]["dialogue"])
    assert fake.subscriptions[0]["url"].endswith("/hook/max/shop")
    (state,) = (await running.get("/ses/connectors"))["connectors"]
    assert (state["name"], state["condition"], state["mode"]) == ("max.shop", "connected", "webhook")
    assert state["received"] >= sum("user" in line for line in TESTS[1]["dialogue"])
    shown = site.ses("connectors", "--config", running.config)
    assert shown.stdout.startswith("max.shop  connected since "), shown.stderr
    shown = site.ses("config", "--config", running.config, "--show")
    assert '"webhook_url"' in shown.stdout
    assert TOKEN not in shown.stdout + running.log.read_text()
