"""What a turn costs in process, without storage: `python tests/bench/turn.py [PROFILE]`.

Prints processor time a message of a six-turn order dialogue with three slots (the session is encoded and decoded
at every turn, as the pipeline does), then the same with 10, 100 and 1,000 intents of five patterns and five examples.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Any

from ses.clock import VirtualClock
from ses.dialogue.engine import run_turn
from ses.dialogue.ports import Leg
from ses.dialogue.session import Session
from ses.messages import Inbound
from ses.scenario.load import load_files
from ses.scenario.program import Program
from ses.scenario.reading.files import RobotFiles

ORDER = """
language: ru
entities:
  pizza: {values: {margherita: {label: Маргарита, forms: [маргарита]}, pepperoni: {label: Пепперони, forms: [пепперони]}}}
  size: {values: {small: {label: Маленькая, forms: [маленькая]}, large: {label: Большая, forms: [большая]}}}
slots:
  pizza: {type: pizza, ask: Какую пиццу?}
  size: {type: size, ask: {say: Какой размер?, buttons: choices}}
  address: {type: text, ask: Куда везти?}
flows:
  order:
    on: ["* (хочу|заказать) * [пицца] *"]
    needs: [pizza, size, address]
    steps:
      - set: {total: "{{ 590 if size == 'large' else 300 }}"}
      - confirm: "{{ pizza }}, {{ size }}, {{ address }}: {{ total }} ₽. Верно?"
      - say: Готово, везём!
  thanks:
    on: ["* спасибо *"]
    steps: [{say: Приятного аппетита!}]
"""
DIALOGUE = ["хочу пиццу", "маргариту", "большую", "Ленина 5", "да", "спасибо"]


class Ports:
    """Nothing outside."""

    clock = VirtualClock(1_795_348_800.0)
    services: Any = None

    async def commit(self, leg: Leg) -> None:
        raise AssertionError("nothing leaves the process here")

    async def offload(self, work: Callable[[], Any]) -> Any:
        return work()


def robot(intents: int = 0) -> Program:
    lines = [ORDER, "intents:"] if intents else [ORDER]
    flows = []
    for number in range(intents):
        verb, noun = f"сделай{_word(number)}", f"вещь{_word(number)}"
        patterns = [
            f"* {verb} * {noun} *",
            f"{noun} *",
            f"* (мне|нам) {noun}",
            f"{verb} [ли] {noun}",
            f"* {verb}",
        ]
        examples = [f"прошу {noun} {kind}" for kind in ("сейчас", "завтра", "скорее", "потом", "опять")]
        lines.append(f"  i{number}: {{patterns: {_list(patterns)}, examples: {_list(examples)}}}")
        flows.append(f"  f{number}: {{on: [{{intent: i{number}}}], steps: [{{say: Хорошо {number}}}]}}")
    source = "\n".join(lines)
    if flows:
        head, _, tail = source.partition("flows:\n")
        source = head + "flows:\n" + "\n".join(flows) + "\n" + tail
    loaded = load_files(RobotFiles("bench", {"robot.yaml": source.encode()}))
    assert loaded.program is not None, loaded.errors[:3]
    return loaded.program


def _word(number: int) -> str:
    return "".join("абвгдежзик"[int(digit)] for digit in str(number))


def _list(items: list[str]) -> str:
    return "[" + ", ".join(f'"{item}"' for item in items) + "]"


async def dialogue(program: Program, ports: Ports, programs: dict[str, Program]) -> list[int]:
    stored: bytes | None = None
    sizes = []
    for number, text in enumerate(DIALOGUE):
        inbound = Inbound(
            connector="web.site", session="0123456789abcdef0123456789abcdef", id=f"m{number}", robot="bench",
            channel="web", at=ports.clock.now(), text=text,
        )  # fmt: skip
        session = None if stored is None else Session.decode(stored)
        leg = await run_turn(session, [inbound], programs, program, ports, user_variables={})
        assert leg.outgoing, text
        stored = leg.session.encode()
        sizes.append(len(stored))
    return sizes


async def measure(program: Program, seconds: float = 1.5) -> tuple[float, list[int]]:
    """Microseconds of processor time a message, the best of several rounds; and the sizes of the sessions."""
    ports = Ports()
    programs = {program.version: program}
    for _ in range(50):
        sizes = await dialogue(program, ports, programs)
    best = float("inf")
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        start = time.process_time()
        for _ in range(50):
            await dialogue(program, ports, programs)
        best = min(best, (time.process_time() - start) / (50 * len(DIALOGUE)) * 1e6)
    return best, sizes


async def _many(program: Program, ports: Ports, times: int) -> None:
    for _ in range(times):
        await dialogue(program, ports, {program.version: program})


def main() -> None:
    if "profile" in sys.argv:
        import cProfile
        import pstats

        program, ports = robot(), Ports()
        with cProfile.Profile() as profile:
            asyncio.run(_many(program, ports, 500))
        pstats.Stats(profile).sort_stats("tottime").print_stats(40)
        return
    cost, sizes = asyncio.run(measure(robot()))
    print(f"order dialogue, {len(DIALOGUE)} turns, 3 slots: {cost:.1f} µs CPU a message (budget 100)")
    print(f"sessions between turns: {sizes} bytes")
    for intents in (10, 100, 1000):
        cost, _ = asyncio.run(measure(robot(intents)))
        print(f"with {intents:4} intents: {cost:.1f} µs CPU a message")


if __name__ == "__main__":
    main()
