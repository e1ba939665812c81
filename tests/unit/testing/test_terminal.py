"""`ses chat`: lines in, messages out; an edit of the robot acts at the next line."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from ses.clock import VirtualClock
from ses.errors import SesError
from ses.testing.mocks import Mocks, MockServices
from ses.testing.terminal import Terminal

ROBOT = """
id: shop
title: The shop
language: en
timezone: Europe/London
entities:
  size: {values: {small: [small], large: [large]}}
slots:
  size: {type: size, ask: {say: What size?, buttons: choices}}
  phone: {type: phone, private: true, ask: Your phone?}
events:
  start: [{say: Hello.}]
flows:
  buy:
    on: ["* buy *"]
    needs: [size, phone]
    steps: [{confirm: "A {{ size }} one?"}]
"""

Act = Callable[[], object]


class Typed(io.StringIO):
    """Lines as if typed one after the other; a callable among them is called when its turn comes."""

    def __init__(self, *lines: str | Act) -> None:
        super().__init__()
        self._left: Iterator[str | Act] = iter(lines)

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]  # as StringIO has it
        for line in self._left:
            if isinstance(line, str):
                return f"{line}\n"
            line()
        return ""


@pytest.fixture
def robot(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(ROBOT, "utf-8")
    return path


async def shown(robot: Path, *lines: str | Act) -> list[str]:
    """The lines below the greeting."""
    out = io.StringIO()
    clock = VirtualClock(1_800_000_000.0)
    console = Console(file=out, width=40, highlight=False)
    await Terminal(robot, MockServices(Mocks(), clock), clock, console, Typed(*lines)).run()
    return out.getvalue().splitlines()[1:]


async def test_a_conversation_is_shown_as_it_goes(robot: Path) -> None:
    assert await shown(robot, "I buy", "2", "/quit", "never read") == [
        "Hello.", "> I buy", "What size?", "[1] small  [2] large", "> 2", "Your phone?", "> /quit",
    ]  # fmt: skip


async def test_the_end_of_the_input_ends_it(robot: Path) -> None:
    assert await shown(robot, "", "   ") == ["Hello.", "> ", "> "]


async def test_a_number_that_is_no_button_is_a_text(robot: Path) -> None:
    assert (await shown(robot, "I buy", "3"))[-2:] == [
        "I did not quite get that. What size?", "[1] small  [2] large",
    ]  # fmt: skip


async def test_a_number_answers_a_question_that_has_no_buttons(robot: Path) -> None:
    robot.write_text(ROBOT.replace("type: phone, private: true", "type: integer"), "utf-8")
    assert (await shown(robot, "I buy", "1", "2"))[-2:] == ["A small one?", "[1] Yes  [2] No"]


async def test_trace_tells_why_and_hides_what_is_private(robot: Path) -> None:
    lines = await shown(robot, "/trace", "buy a large one", "/trace", "+44 20 7946 0018", "/trace")
    assert "understood: event start" in lines
    text = "\n".join(lines).partition("> +44")
    assert "started:    buy by intent #buy.1 at shop.yaml:15" in text[0]
    assert "slot:       size: None → large" in text[0]
    assert "slot:       phone: None → ‹phone›" in text[2]
    assert "7946" not in text[2].partition("\n")[2]


async def test_new_begins_anew(robot: Path) -> None:
    lines = await shown(robot, "I buy", "/new", "large")
    assert lines[4:7] == ["> /new", "Hello.", "> large"]
    assert "Your phone?" not in lines


async def test_an_edit_acts_at_the_next_message_and_the_conversation_goes_on(robot: Path) -> None:
    def edit() -> None:
        robot.write_text(ROBOT.replace("What size?", "Which size?"), "utf-8")

    assert (await shown(robot, "I buy", edit, "gibberish"))[-3:] == [
        "The robot was edited: it goes on with the new version.",
        "I did not quite get that. Which size?",
        "[1] small  [2] large",
    ]


async def test_a_bad_edit_is_told_and_the_robot_stays(robot: Path) -> None:
    def edit() -> None:
        robot.write_text(ROBOT.replace("needs:", "need:"), "utf-8")

    lines = await shown(robot, "I buy", edit, "large")
    assert any("shop.yaml:16:5 unknown-key" in line for line in lines)
    assert lines[-2:] == ["The edit has faults: the robot goes on as it was.", "Your phone?"]


async def test_a_robot_that_cannot_be_read_is_not_talked_to(robot: Path) -> None:
    robot.write_text("flows: {a: {steps: [{sya: hi}]}}", "utf-8")
    with pytest.raises(SesError, match="has faults"):
        await shown(robot)
