"""SIGKILL of the real daemon again and again while VK fails in every way: each message is answered once, in order.

The robot counts, so a message that is lost, answered twice or out of order shows in its reader's conversation. A community
may be answered eighteen times a second, so many messages need many communities:
`SES_VK_MESSAGES=10000 SES_VK_COMMUNITIES=20 pytest tests/integration/vk/test_kill.py -s`
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from contextlib import AsyncExitStack

import pytest

from doubles.vk import FakeVk, running

from ..daemon import Daemon

MESSAGES = int(os.environ.get("SES_VK_MESSAGES", "160"))
COMMUNITIES = int(os.environ.get("SES_VK_COMMUNITIES", "4"))
SEED = int(os.environ.get("SES_VK_SEED", str(random.SystemRandom().randrange(10**6))))
PEOPLE = 5
"""Of each community."""
FAULTS = ("lost", "reset", "503", "garbage", 6, 10)

ROBOT = """
id: counter
language: en
variables: {n: 0}
flows:
  count:
    steps:
      - set: {n: {add: 1}}
      - say: "{{ n }}: {{ message.text }}"
events:
  fallback: count
"""


def counter(folder, communities):
    """A daemon with the robot that counts in all communities."""
    shops = {
        f"shop{number}": {
            "token": vk.token,
            "robot": "counter",
            "group_id": vk.group_id,
            "api": vk.url,
        }
        for number, vk in enumerate(communities)
    }
    config = {
        "port": 0,
        "widget": {"port": 0},
        "limits": {"flood": {"messages": 1_000_000, "per": 1, "burst": 1_000_000}},
        "connectors": {"vk": shops},
    }
    return Daemon(folder, config, robots={"counter": ROBOT})


def answered(communities):
    return sum(len(vk.texts(1000 + person)) for vk in communities for person in range(PEOPLE))


@pytest.mark.slow
async def test_each_message_is_answered_once_and_in_order(tmp_path):
    chance = random.Random(SEED)
    print(f"\nSES_VK_SEED={SEED}")
    async with AsyncExitStack() as stack:
        communities = [FakeVk(group_id=77 + number, now=time.time) for number in range(COMMUNITIES)]
        for vk in communities:
            await stack.enter_async_context(running(vk))
        daemon = counter(tmp_path, communities)
        each = MESSAGES // COMMUNITIES // PEOPLE
        total = each * COMMUNITIES * PEOPLE
        await daemon.launch()
        kills, begun = 0, time.monotonic()
        try:
            # A first run with an unknown `ts` hears what comes after it, as every bot does.
            for vk in communities:
                await _polled(vk, 0, seconds=30)
            talking = asyncio.gather(*(_talk(vk, each, chance) for vk in communities))
            next_kill = time.monotonic() + 3.0
            while answered(communities) < total:
                assert time.monotonic() - begun < 120 + 2 * total / COMMUNITIES, _missing(
                    communities, each, daemon
                )
                if time.monotonic() > next_kill:
                    await daemon.kill()
                    await daemon.launch()
                    polls = communities[0].polls
                    await _polled(communities[0], polls, seconds=60)
                    kills += 1
                    next_kill = time.monotonic() + chance.uniform(3.0, 6.0)
                await asyncio.sleep(0.05)
            await talking
            await asyncio.sleep(1.0)  # whatever would come twice comes now
        finally:
            await daemon.end()
        for vk in communities:
            for person in range(PEOPLE):
                wanted = [f"{number}: {number}" for number in range(1, each + 1)]
                assert vk.texts(1000 + person) == wanted
        print(f"{total} messages, {kills} kills, {time.monotonic() - begun:.0f} s")


async def _polled(vk: FakeVk, polls: int, *, seconds: float) -> None:
    """Return when the daemon has polled more than so often."""
    await vk.until(lambda: vk.polls > polls, seconds=seconds)


async def _talk(vk, each, chance):
    for number in range(1, each + 1):
        for person in range(PEOPLE):
            await vk.write(1000 + person, str(number))
            if chance.random() < 0.1 and not vk.faults["messages.send"]:
                vk.faults["messages.send"].append(chance.choice(FAULTS))
        # One at a time: faults that pile up while the daemon is down would be one long outage after it.
        if chance.random() < 0.2 and not vk.failed:
            vk.failed.append(chance.choice((1, 2, 3)))
        if chance.random() < 0.1 and not vk.poll_faults:
            vk.poll_faults.append(chance.choice(("reset", "503", "garbage")))
        if chance.random() < 0.1:
            await vk.repeat(vk.newest)
        await asyncio.sleep(PEOPLE / 15)


def _missing(communities, each, daemon):
    lines = [
        f"{vk.group_id}/{1000 + person}: {len(vk.texts(1000 + person))} of {each}"
        for vk in communities
        for person in range(PEOPLE)
        if len(vk.texts(1000 + person)) < each
    ]
    return "\n".join([*lines, daemon.output(), str(list((daemon.folder / "logs").glob("*")))])
