"""What a turn costs in process, without storage: the session is decoded and encoded at every turn, as the pipeline does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

from ses.clock import VirtualClock
from ses.dialogue.engine import run_turn
from ses.dialogue.state.ports import Leg, Ports
from ses.dialogue.state.session import Session
from ses.messages import Inbound
from ses.scenario.load import load_files
from ses.scenario.program.robot import Program
from ses.scenario.reading.files import RobotFiles

BUDGET = 100
"""Microseconds a message of the order."""
GROWTH = 1.5
"""How much dearer a turn may be with a thousand intents than with ten."""
SYLLABLES = "бак вер гид дом жук зим кит лев мор ноч".split()
"""Of made-up words that inflect and have nothing to do with each other."""
BATCH = 50
SECONDS = 1.0


class NothingOutside:
    """The ports of robots that call nobody."""

    clock = VirtualClock(1_795_348_800.0)
    services: Any = None
    model: Any = None

    async def commit(self, leg: Leg) -> None:
        raise AssertionError("nothing leaves the process here")

    async def offload(self, work: Callable[[], Any]) -> Any:
        return work()


def load(source: str) -> Program:
    loaded = load_files(RobotFiles("bench", {"robot.yaml": source.encode()}))
    assert loaded.program is not None, loaded.errors[:3]
    return loaded.program


def with_intents(order: str, count: int) -> Program:
    """The order, and so many intents of five patterns and five examples beside it."""
    intents, flows = [], []
    for number in range(count):
        verb, noun = f"{_word(number)}ируй", f"{_word(number)}ник"
        patterns = [
            f"* {verb} * {noun} *",
            f"{noun} *",
            f"* (мне|нам) {noun}",
            f"{verb} [ли] {noun}",
            f"* {verb}",
        ]
        examples = [f"прошу {noun} {kind}" for kind in ("сейчас", "завтра", "скорее", "потом", "опять")]
        intents.append(f"  i{number}: {{patterns: {_list(patterns)}, examples: {_list(examples)}}}")
        flows.append(f"  f{number}: {{on: [{{intent: i{number}}}], steps: [{{say: Хорошо {number}}}]}}")
    head, _, tail = order.partition("flows:\n")
    return load("\n".join([f"{head}intents:", *intents, "flows:", *flows, tail]))


def _word(number: int) -> str:
    return "".join(SYLLABLES[int(digit)] for digit in str(number))


def _list(items: list[str]) -> str:
    return "[" + ", ".join(f'"{item}"' for item in items) + "]"


async def dialogue(program: Program, lines: Sequence[str]) -> None:
    stored: bytes | None = None
    ports = cast("Ports", NothingOutside())  # but for what these robots never use
    programs = {program.version: program}
    for number, text in enumerate(lines):
        inbound = Inbound(
            connector="web.site", session="0123456789abcdef0123456789abcdef", id=f"m{number}", robot="bench",
            channel="web", at=ports.clock.now(), text=text,
        )  # fmt: skip
        session = None if stored is None else Session.decode(stored)
        leg = await run_turn(session, [inbound], programs, program, ports, user_variables={})
        assert leg.outgoing, text
        stored = leg.session.encode()


def measure(program: Program, lines: Sequence[str]) -> float:
    """Microseconds of processor time a message: the best of many rounds, as others use the machine too."""

    async def main() -> float:
        for _ in range(BATCH):
            await dialogue(program, lines)
        best = float("inf")
        until = time.process_time() + SECONDS
        while time.process_time() < until:
            start = time.process_time()
            for _ in range(BATCH):
                await dialogue(program, lines)
            best = min(best, (time.process_time() - start) / (BATCH * len(lines)) * 1e6)
        return best

    return asyncio.run(main())


def test_a_turn_of_the_order_dialogue(figure, order, lines):
    figure("a turn of the six-turn order with three slots, in process", measure(load(order), lines), BUDGET)


def test_a_turn_costs_the_same_with_a_thousand_intents(figure, order, lines):
    said = {
        "the order, by pattern": lines,
        "one of the intents, by pattern": ("китируй же китник", "зимник нужен", "мне жукник"),
        "one of the intents, by example": ("прошу вас китник сейчас", "прошу очень зимник завтра"),
        "nothing": ("какая сегодня погода в городе", "съешь ещё этих мягких булок"),
    }
    programs = {count: with_intents(order, count) for count in (10, 100, 1000)}
    for name, texts in said.items():
        costs = {count: measure(program, texts) for count, program in programs.items()}
        for count, cost in costs.items():
            figure(f"a turn with {count:,} intents, matched: {name}", cost)
        growth = max(costs.values()) / min(costs.values())
        figure(f"dearest ÷ cheapest of 10, 100, 1,000 intents, matched: {name}", growth, GROWTH, "times")
