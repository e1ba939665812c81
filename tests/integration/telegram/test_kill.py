"""SIGKILL of the real daemon again and again while Telegram fails in every way: each message is answered, in order.

The robot counts, so a message that is lost or out of order shows in its reader's chat. Telegram drops no second copies: each
that there is must come from a send whose answer got lost, or from a kill. A chat may be written to once a second, so many
messages need many chats: `SES_TELEGRAM_MESSAGES=10000 SES_TELEGRAM_BOTS=20 pytest tests/integration/telegram/test_kill.py -s`
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from contextlib import AsyncExitStack
from itertools import groupby, pairwise

import pytest
from aiohttp import ClientError

from doubles.telegram import Fault, TelegramFake, telegram

from ..daemon import Daemon

MESSAGES = int(os.environ.get("SES_TELEGRAM_MESSAGES", "60"))
BOTS = int(os.environ.get("SES_TELEGRAM_BOTS", "2"))
SEED = int(os.environ.get("SES_TELEGRAM_SEED", str(random.SystemRandom().randrange(10**6))))
PEOPLE = 5
"""Of each bot."""
TIMEOUT = 40.0
"""Seconds without a word after which the daemon has given up a call."""

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


class Faults:
    """What goes wrong at one bot's Telegram, and how many sends were broken by it."""

    def __init__(self, chance: random.Random, timeouts: float) -> None:
        self._chance = chance
        self._timeouts = timeouts
        self.kinds: Counter[str] = Counter()
        self.interrupted = 0
        """Sends without an answer by which the daemon could know whether they were carried out."""

    def __call__(self, method: str) -> Fault | None:
        if method not in ("sendMessage", "getUpdates") or self._chance.random() > 0.1:
            return None
        sending = method == "sendMessage"
        if sending and self._chance.random() < self._timeouts:
            return self._note(sending, "timeout", Fault(silence=TIMEOUT))
        kind, fault = self._chance.choice(
            [
                ("502", Fault(status=502)),
                ("500", Fault(status=500)),
                ("reset before", Fault(reset="before")),
                ("reset after", Fault(reset="after")),
                ("silence", Fault(silence=1.0)),
                ("429", Fault(status=429, retry_after=1)),
                *([] if sending else [("409", Fault(status=409, description="Conflict"))]),
            ]
        )
        return self._note(sending, kind, fault)

    def _note(self, sending: bool, kind: str, fault: Fault) -> Fault:
        self.kinds[kind] += 1
        self.interrupted += sending and kind != "429"
        return fault


def counter(folder, bots):
    """A daemon with the robot that counts in all bots."""
    shops = {
        f"shop{number}": {
            "token": fake.token,
            "robot": "counter",
            "api": fake.url,
            "timers": {"getUpdates": 5},
        }
        for number, fake in enumerate(bots)
    }
    config = {
        "widget": {"port": 0},
        "limits": {"flood": {"messages": 1_000_000, "per": 1, "burst": 1_000_000}},
        "connectors": {"telegram": shops},
    }
    return Daemon(folder, config, robots={"counter": ROBOT})


async def possible_duplicates(daemon):
    """As `ses connectors` shows them, since the last start."""
    return sum(one["doubtful"] for one in (await daemon.get("/ses/connectors"))["connectors"])


def chats(bots: list[TelegramFake]):
    return [fake.to(1000 + person) for fake in bots for person in range(PEOPLE)]


def different(chat):
    return [text for text, _ in groupby(one.text for one in chat)]


@pytest.mark.slow
async def test_each_message_is_answered_in_order_and_each_copy_has_its_reason(tmp_path):
    chance = random.Random(SEED)
    print(f"\nSES_TELEGRAM_SEED={SEED}")
    each = MESSAGES // BOTS // PEOPLE
    total = each * BOTS * PEOPLE
    wanted = [f"{number}: {number}" for number in range(1, each + 1)]
    async with AsyncExitStack() as stack:
        bots = [await stack.enter_async_context(telegram()) for _ in range(BOTS)]
        faults = [Faults(chance, 0.02 if total >= 1000 else 0.0) for _ in bots]
        for fake, fault in zip(bots, faults, strict=True):
            fake.fault = fault
        daemon = counter(tmp_path, bots)
        await daemon.launch()
        kills: list[float] = []
        begun = time.monotonic()
        try:
            talking = asyncio.create_task(_talk(bots, each))
            next_kill = begun + 3.0
            while (
                sum(len(different(chat)) for chat in chats(bots)) < total
                or any(fake.confirmed <= fake.newest for fake in bots)
                or len(kills) < 2
            ):
                assert time.monotonic() - begun < 120 + 9 * each, _missing(bots, each, daemon)
                # The last tenth is let alone: what the daemon counted since its start is then compared.
                done = sum(len(chat) for chat in chats(bots)) / total
                if time.monotonic() > next_kill and (done < 0.9 or len(kills) < 2):
                    await daemon.kill()
                    kills.append(time.monotonic())
                    calls = len(bots[0].calls)
                    await daemon.launch()
                    for fault in faults:  # the new process is far from its first call
                        fault.interrupted = 0
                    await _called(bots[0], calls)
                    next_kill = time.monotonic() + chance.uniform(3.0, 6.0)
                await asyncio.sleep(0.05)
            await talking
            await daemon.up()  # bots talk before the API listens
            interrupted = sum(fault.interrupted for fault in faults)
            assert await _counted(daemon, interrupted) == interrupted
        finally:
            await daemon.end()
        copies = unanswered = 0
        for chat in chats(bots):
            assert different(chat) == wanted
            for first, second in pairwise(chat):
                if first.text == second.text:
                    copies += 1
                    killed = any(first.at <= kill <= second.at for kill in kills)
                    assert not first.answered or killed, (first, second)
            unanswered += sum(not one.answered for one in chat)
        assert unanswered <= copies
        kinds = dict(sum((fault.kinds for fault in faults), Counter()))
        print(f"{total} messages, {len(kills)} kills, {time.monotonic() - begun:.0f} s, {kinds}")
        print(f"{copies} copies: {unanswered} of sends without an answer, {copies - unanswered} of kills;")
        print(f"since the last kill {interrupted} sends interrupted, and as many possible duplicates counted")


async def _called(fake: TelegramFake, calls: int) -> None:
    """Return when the daemon has called more than so often."""
    await fake.until(lambda: len(fake.calls) > calls, 60)


async def _counted(daemon, wanted):
    """What the daemon counts, as soon as it is as much as expected."""
    try:
        async with asyncio.timeout(TIMEOUT + 5):
            while (counted := await possible_duplicates(daemon)) < wanted:
                await asyncio.sleep(0.1)
    except ClientError as error:
        raise AssertionError(daemon.output()) from error
    return counted


async def _talk(bots, each):
    people = [fake.person(1000 + person) for fake in bots for person in range(PEOPLE)]
    for number in range(1, each + 1):
        for person in people:
            person.say(str(number))
        await asyncio.sleep(0.7)  # a little faster than they may be answered


def _missing(bots, each, daemon):
    lines = [
        f"{number}/{1000 + person}: {len(different(fake.to(1000 + person)))} of {each}"
        for number, fake in enumerate(bots)
        for person in range(PEOPLE)
        if len(different(fake.to(1000 + person))) < each
    ]
    return "\n".join([*lines, daemon.output()])
