"""Faults of Telegram and sudden deaths of the daemon together: every message is answered, and copies are counted."""

from __future__ import annotations

import asyncio
import random
import signal

import pytest

from ses.connectors.telegram.testing import Fault

PEOPLE = 8
MESSAGES = 5
KILLS = 2


@pytest.mark.slow
async def test_every_message_is_answered_and_copies_are_bounded(daemon, fake):
    chance = random.Random(7)

    def fault(method: str) -> Fault | None:
        if method not in ("sendMessage", "getUpdates") or chance.random() > 0.12:
            return None
        return chance.choice(
            [Fault(status=502), Fault(status=429, retry_after=1), Fault(reset="before"), Fault(reset="after")]
        )

    running = await daemon()
    people = [fake.person(2000 + number) for number in range(PEOPLE)]
    for person in people:
        person.say("часы работы")
    for person in people:
        await fake.says(person.id, 1)
    fake.fault = fault
    for number in range(MESSAGES):
        for person in people:
            person.say("часы работы")
        if number < KILLS:
            await asyncio.sleep(0.5)
            await running.end(signal.SIGKILL)
            await running.start()
    expected = MESSAGES + 1
    await fake.until(lambda: all(len(fake.to(person.id)) >= expected for person in people), 90)
    await fake.until(lambda: fake.confirmed > fake.newest, 30)
    # What goes on being sent twice, if anything, comes now.
    fake.fault = lambda method: None
    await asyncio.sleep(3)
    copies = sum(len(fake.to(person.id)) - expected for person in people)
    lost_answers = sum(not one.answered for one in fake.sent)
    # A kill may fall between Telegram's answer and the disk, once for each conversation.
    assert 0 <= copies <= lost_answers + KILLS * PEOPLE, (copies, lost_answers)
    print(f"\n{PEOPLE * expected} messages answered; {copies} copies, {lost_answers} answers lost on the way")
