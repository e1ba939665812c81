"""How many phrases of people are understood as they were meant, by kind and language: `make quality`.

`phrases/*.yaml` hold what people say, by what they mean by it; each phrase is said to a robot of `robots/` in a conversation of
its own. The share of a file may not fall below its floor in `floors.yaml`, and no phrase may ever be a yes that was none.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ses.clock import VirtualClock
from ses.scenario.load import load_files
from ses.scenario.program.robot import Program
from ses.scenario.reading.files import RobotFiles
from ses.testing.conversation import Talk
from ses.testing.mocks import Mocks, MockServices

HERE = Path(__file__).parent
FILES = sorted((HERE / "phrases").glob("*.yaml"))
FLOORS: dict[str, float] = yaml.safe_load((HERE / "floors.yaml").read_text(encoding="utf-8"))
NOW = 1_796_378_400.0
"""Friday, 4 December 2026, 10:00 UTC."""


@dataclass
class Measured:
    phrases: int = 0
    missed: list[str] = field(default_factory=list)
    wrong_yes: list[str] = field(default_factory=list)


@cache
def robot(language: str) -> Program:
    source = (HERE / "robots" / f"{language}.yaml").read_bytes()
    loaded = load_files(RobotFiles(f"quality_{language}", {"robot.yaml": source}, {}))
    assert loaded.program is not None, [str(one) for one in loaded.errors]
    return loaded.program


async def meaning(program: Program, opens: list[str], slot: str, phrase: str) -> str:
    """What the robot took a phrase for: what it said after `=`, the slot's value, `ended`, or `asked` when it asks again."""
    talk = Talk(program, MockServices(Mocks(), VirtualClock(NOW)), VirtualClock(NOW))
    for line in opens:
        await talk.say(line)
    exchange = await talk.say(phrase)
    told = next((one.text[1:] for one in exchange.messages if one.text.startswith("=")), None)
    if told is None:
        return "ended" if opens and talk.flow is None else "asked"
    return shown(talk.value(slot)) if slot else told


def shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "+".join(map(shown, value))
    if isinstance(value, dict):
        return f"{value['amount']:.10g} {value['currency']}"
    return f"{value:.10g}" if isinstance(value, int | float) else str(value)


async def measure(path: Path) -> Measured:
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    program, result = robot(said["language"]), Measured()
    for wanted, block in said["means"].items():
        for phrase in filter(None, map(str.strip, block.splitlines())):
            got = await meaning(program, said.get("opens", []), said.get("slot", ""), phrase)
            result.phrases += 1
            if got != str(wanted):
                result.missed.append(f"{phrase!r} meant {wanted}, was taken for {got}")
                if got == "yes":
                    result.wrong_yes.append(result.missed[-1])
    return result


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_people_are_understood(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    measured = asyncio.run(measure(path))
    share = 1 - len(measured.missed) / measured.phrases
    with capsys.disabled():
        print(f"\n  {path.stem:<20} {measured.phrases:>5} phrases  {share:7.1%} understood", end="")
    missed = "\n".join(measured.missed)
    assert measured.wrong_yes == []
    assert share >= FLOORS[path.stem], missed


def test_there_are_phrases_enough() -> None:
    count = sum(
        len(list(filter(None, map(str.strip, block.splitlines()))))
        for path in FILES
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["means"].values()
    )
    assert count >= 2000
    assert set(FLOORS) == {path.stem for path in FILES}
