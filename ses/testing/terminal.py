"""A robot in a terminal, or at the end of a pipe: one line in, its messages out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from ses.clock import Clock
from ses.dialogue.state.ports import Model, Services
from ses.errors import SesError
from ses.messages import Button, Outgoing
from ses.scenario.load import load_robot
from ses.scenario.program.robot import Program
from ses.testing.conversation import Exchange, Talk
from ses.testing.formatting import finding_text

HINT = "Type text or the number of a button. /trace tells why, /new begins anew, /quit leaves."


class Terminal:
    """Runs one conversation until the input ends or says `/quit`."""

    def __init__(
        self,
        robot: Path,
        services: Services,
        clock: Clock,
        console: Console,
        typed: TextIO,
        *,
        model: Model | None = None,
    ) -> None:
        self._robot = robot
        self._services = services
        self._model = model
        self._clock = clock
        self._console = console
        self._typed = typed
        self._buttons: tuple[Button, ...] = ()
        """Those of the last message: after a question without buttons a number is an answer."""
        self._seen: object = None
        """The state of the robot's files when they were last read."""
        self._trace: Mapping[str, Any] = {}

    async def run(self) -> None:
        """Raises `SesError` when the robot cannot be read at all."""
        program = self._read()
        if program is None:
            raise SesError(f"{self._robot} has faults, see above; `ses check {self._robot}` shows them again")
        talk = self._begin(program)
        self._print(f"{program.title or program.id}. {HINT}", "dim")
        await self._opened(talk)
        while (line := await self._line()) is not None:
            text = line.strip()
            if text == "/quit":
                return
            if text == "/trace":
                self._show_trace()
            elif text == "/new":
                talk = self._begin(talk.program)
                await self._opened(talk)
            elif text:
                self._follow_edits(talk)
                self._note(await self._answer(talk, text))

    def _begin(self, program: Program) -> Talk:
        self._buttons = ()
        return Talk(program, self._services, self._clock, said=self._show, model=self._model)

    async def _opened(self, talk: Talk) -> None:
        if "start" in talk.program.events:
            self._note(await talk.happen("start"))

    async def _answer(self, talk: Talk, text: str) -> Exchange:
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
        if 0 < number <= len(self._buttons):
            button = self._buttons[number - 1]
            if button.id:
                return await talk.press_id(button.id)
            self._print(f"this button opens {button.url}", "dim")
            return Exchange()
        return await talk.say(text)

    def _note(self, exchange: Exchange) -> None:
        for to, text in exchange.sent:
            self._print(f"→ {to}: {text}", "dim")
        if exchange.trace:
            self._trace = exchange.trace

    # --- the robot's files ---

    def _read(self) -> Program | None:
        """The robot as its files are now; none, with the findings printed, when they have errors."""
        self._seen = _state(self._robot)
        loaded = load_robot(self._robot)
        root = self._robot if self._robot.is_dir() else self._robot.parent
        for finding in loaded.findings:
            if finding.severity == "error":
                self._print(finding_text(finding, root), "red")
        return loaded.program

    def _follow_edits(self, talk: Talk) -> None:
        if _state(self._robot) == self._seen:
            return
        program = self._read()
        if program is None:
            self._print("The edit has faults: the robot goes on as it was.", "red")
        elif program.version != talk.program.version:
            talk.follow(program)
            self._print("The robot was edited: it goes on with the new version.", "dim")

    # --- lines in and out ---

    async def _line(self) -> str | None:
        """The next line; none at the end of the input."""
        try:
            if self._typed.isatty():
                return await asyncio.to_thread(input, "> ")
            line = await asyncio.to_thread(self._typed.readline)
        except EOFError:
            return None
        if line:
            self._print(f"> {line.strip()}", None)
        return line or None

    def _show(self, message: Outgoing) -> None:
        if message.text:
            self._print(message.text, "cyan")
        for attachment in message.attachments:
            self._print(f"({attachment.kind}: {attachment.name or attachment.media})", "cyan")
        self._buttons = message.buttons
        if message.buttons:
            row = "  ".join(f"[{number}] {button.text}" for number, button in enumerate(message.buttons, 1))
            self._print(row, "dim cyan")

    def _show_trace(self) -> None:
        if not self._trace:
            self._print("Nothing has happened yet.", "dim")
        for line in trace_lines(self._trace):
            self._print(line, "dim")

    def _print(self, text: str, style: str | None) -> None:
        self._console.print(Text(text, style=style or ""), soft_wrap=True)


def trace_lines(trace: Mapping[str, Any]) -> list[str]:
    """A turn's trace for a person: how it was understood, what competed, what ran, what it changed."""
    if not trace:
        return []
    lines = [f"understood: {trace.get('understood') or '—'} {trace.get('winner') or ''}".rstrip()]
    if scores := trace.get("scores"):
        lines.append("scores:     " + ", ".join(f"{name} {score:.3f} ({by})" for name, score, by in scores))
    lines += [f"started:    {_trigger(trigger)}" for trigger in trace.get("triggers", ())]
    for (flow, operation), line in zip(trace.get("steps", ()), trace.get("lines", ()), strict=False):
        lines.append(
            f"ran:        {line}  {operation if operation.startswith(flow) else f'{flow} {operation}'}"
        )
    before = trace.get("slots_before", {})
    lines += [
        f"slot:       {name}: {before.get(name)} → {value}" for name, value in trace.get("slots", {}).items()
    ]
    if spent := trace.get("ms"):
        lines.append("ms:         " + ", ".join(f"{service} {ms}" for service, ms in spent.items()))
    lines += [f"error:      {error}" for error in trace.get("errors", ())]
    return lines


def _trigger(trigger: Mapping[str, str]) -> str:
    by = ", ".join(f"{kind} {name}" for kind, name in trigger.items() if kind not in {"flow", "line"})
    return f"{trigger['flow']} by {by} at {trigger['line']}"


def _state(robot: Path) -> object:
    """Changes when a file of the robot is written, added or removed."""
    files = sorted(path for path in robot.rglob("*") if path.is_file()) if robot.is_dir() else [robot]
    return [(path, path.stat().st_mtime_ns, path.stat().st_size) for path in files]
