"""Plays a dialogue test and tells where the robot said something else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ses.clock import VirtualClock
from ses.dialogue.state.ports import Model, Services
from ses.errors import SesError
from ses.messages import Outgoing
from ses.scenario.findings.source import Source
from ses.scenario.program.robot import Program
from ses.testing.cases import (
    UNSAID,
    Action,
    AnyMessages,
    Attach,
    Bot,
    Button,
    Case,
    Edit,
    Event,
    Expect,
    Pass,
    Say,
    Step,
    User,
)
from ses.testing.cassette import Cassette, Taped
from ses.testing.conversation import Exchange, Talk, is_spoken, labels
from ses.testing.coverage import Coverage
from ses.testing.matcher import matches, same_label
from ses.testing.mock_model import MockModel
from ses.testing.mock_voices import MockVoices, saying
from ses.testing.mocks import MockServices

SOME_DAY = "2026-11-23T12:00"
"""A Monday noon: what the clock shows when a test does not say."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the played dialogue. `mark`: as it should be, missing, or not expected."""

    who: str
    text: str
    mark: str = " "
    """` ` as expected, `-` expected and not there, `+` there and not expected, `!` a remark."""
    at: Source | None = None


@dataclass(slots=True)
class Played:
    """A test that ran."""

    case: Case
    lines: list[Line] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return all(line.mark == " " for line in self.lines)


async def play(
    case: Case,
    program: Program,
    coverage: Coverage,
    *,
    cassette: Cassette | None = None,
    live: Model | None = None,
) -> Played:
    """Run one test from its beginning to its first difference.

    What no mock of the language model covers is answered by the `cassette`, else by the `live` model, and recorded.
    """
    played = Played(case)
    clock = VirtualClock(_start(case.now or SOME_DAY, program.timezone))
    services = MockServices(case.mocks, clock)
    mocked = MockModel(case.mocks, clock)
    model = mocked if cassette is None else Taped(mocked, cassette, live)
    try:
        talk = Talk(
            program, _port(services), clock, channel=case.channel, variables=case.variables, model=model,
            voices=MockVoices(services, case.channel), address=services.address,
        )  # fmt: skip
    except SesError as error:
        played.lines.append(Line("variables", str(error), "!", case.at))
        return played
    for action, expected in _exchanges(case.steps):
        exchange = Exchange()
        if action is not None:
            played.lines.append(Line(*_shown(action), at=action.at))
            try:
                exchange = await _done(action, talk, clock)
            except SesError as error:
                played.lines.append(Line(_shown(action)[0], str(error), "!", action.at))
                break
        coverage.add(exchange.trace)
        played.lines += _compared(expected, exchange, talk)
        if not played.passed:
            played.lines += [Line("error", _error(error), "!") for error in exchange.trace.get("errors", ())]
            played.lines += [
                Line("mock", f"nothing covers the call {call}", "!")
                for call in (*services.uncovered, *mocked.uncovered)
            ]
            break
    return played


def _port(services: MockServices) -> Services:
    """mypy's proof that the mocks are what a turn needs."""
    return services


def _start(now: str, zone: str) -> float:
    return datetime.fromisoformat(now).replace(tzinfo=ZoneInfo(zone)).timestamp()


def _exchanges(steps: Sequence[Step]) -> list[tuple[Action | None, list[Step]]]:
    """Each thing the user does, with the lines that follow it."""
    groups: list[tuple[Action | None, list[Step]]] = [(None, [])]
    for step in steps:
        if isinstance(step, Action):
            groups.append((step, []))
        else:
            groups[-1][1].append(step)
    return groups if groups[0][1] else groups[1:]


async def _done(action: Action, talk: Talk, clock: VirtualClock) -> Exchange:
    match action:
        case User(text=text):
            return await talk.say(text)
        case Button(label=label):
            return await talk.press(label)
        case Event(name=name, payload=payload):
            return await talk.happen(name, payload)
        case Attach(attachment=attachment, text=words):
            return await talk.attach(attachment, words)
        case Say(text=text):
            return await talk.attach(saying(text))
        case Edit(text=text):
            return await talk.edit(text)
        case Pass(seconds=seconds):
            return await _passed(seconds, talk, clock)


async def _passed(seconds: float, talk: Talk, clock: VirtualClock) -> Exchange:
    """Let time go by, and what is due in it happen."""
    left = talk.ends_in
    if left is None or seconds < left:
        clock.advance(seconds)
        return Exchange()
    clock.advance(left)
    exchange = await talk.happen("end")
    clock.advance(seconds - left)
    return exchange


def _shown(action: Action) -> tuple[str, str]:
    match action:
        case User(text=text):
            return "user", text
        case Button(label=label):
            return "button", label
        case Event(name=name):
            return "event", name
        case Attach(attachment=attachment, text=words):
            return "attach", " ".join(filter(None, (attachment.kind, attachment.name, words)))
        case Say(text=text):
            return "voice", text
        case Edit(text=text):
            return "edit", text
        case Pass(seconds=seconds):
            return "pass", f"{seconds:g}s"


def _compared(expected: Sequence[Step], exchange: Exchange, talk: Talk) -> list[Line]:
    """The messages beside the lines that list them."""
    lines: list[Line] = []
    left = list(exchange.messages)
    skipping = False
    for step in expected:
        match step:
            case AnyMessages():
                skipping = True
            case Bot():
                skipped = _until(step, left) if skipping else 0
                lines += [Line("bot", _whole(one)) for one in left[:skipped]]
                del left[:skipped]
                skipping = False
                lines += _one(step, left.pop(0) if left else None)
            case Expect():
                lines += _sent(step, exchange.sent) + _expectations(step, talk)
    if skipping:
        lines += [Line("bot", _whole(one)) for one in left]
        left = []
    return lines + [Line("bot", _whole(one), "+") for one in left]


def _until(step: Bot, left: Sequence[Outgoing]) -> int:
    """How many messages stand before the next listed one; none are skipped if it does not come."""
    return next((number for number, message in enumerate(left) if _fits(step, message)), 0)


def _fits(step: Bot, message: Outgoing) -> bool:
    if step.spoken is not None and step.spoken != is_spoken(message):
        return False
    return matches(step.text, message.text) and (
        step.buttons is None or _same_labels(step.buttons, labels(message))
    )


def _same_labels(expected: Sequence[str], shown: Sequence[str]) -> bool:
    return len(expected) == len(shown) and all(map(same_label, expected, shown))


def _one(step: Bot, message: Outgoing | None) -> list[Line]:
    if message is None:
        return [Line("bot", _wanted(step), "-", step.at)]
    if _fits(step, message):
        return [Line("bot", message.text, at=step.at)]
    return [Line("bot", _wanted(step), "-", step.at), Line("bot", _whole(message), "+")]


def _wanted(step: Bot) -> str:
    """The expected message, with its buttons where they are listed."""
    text = step.text if step.buttons is None else step.text + _buttons(step.buttons)
    return text if step.spoken is None else text + (" (spoken)" if step.spoken else " (not spoken)")


def _whole(message: Outgoing) -> str:
    text = message.text + (_buttons(labels(message)) if message.buttons else "")
    return f"{text} (spoken)" if is_spoken(message) else text


def _buttons(names: Sequence[str]) -> str:
    return " " + "".join(f"[{name}]" for name in names) if names else " (no buttons)"


def _sent(step: Expect, sent: Sequence[tuple[str, str]]) -> list[Line]:
    """What was said to others beside what was expected."""
    if step.sent is None:
        return []
    found = [Line("sent", f"{to}: {text}", "+") for to, text in sent]
    if len(sent) == len(step.sent) and all(
        matches(to, whom) and matches(text, said)
        for (to, text), (whom, said) in zip(step.sent, sent, strict=True)
    ):
        return [Line("sent", f"{to}: {text}", at=step.at) for to, text in sent]
    return [Line("sent", f"{to}: {text}", "-", step.at) for to, text in step.sent] + found


def _expectations(step: Expect, talk: Talk) -> list[Line]:
    lines: list[Line] = []
    if step.flow is not UNSAID:
        lines += _same("flow", step.flow, talk.flow, step.at)
    for name, wanted in step.variables.items():
        try:
            lines += _same(name, wanted, talk.value(name), step.at)
        except KeyError:
            unknown = f"the robot has set nothing called `{name}`"
            lines += [] if wanted is None else [Line("expect", unknown, "!", step.at)]
    return lines


def _same(name: str, wanted: Any, found: Any, at: Source) -> list[Line]:
    if wanted == found and isinstance(wanted, bool) == isinstance(found, bool):
        return [Line("expect", f"{name}: {_plain(found)}", at=at)]
    return [
        Line("expect", f"{name}: {_plain(wanted)}", "-", at),
        Line("expect", f"{name}: {_plain(found)}", "+"),
    ]


def _error(error: Mapping[str, Any]) -> str:
    """An error of the trace in one line: where, what kind, why."""
    return ", ".join(f"{key} {value}" for key, value in error.items() if value not in (None, ""))


def _plain(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
