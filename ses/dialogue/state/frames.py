"""Activities, their stacks of frames, and the undo log, loops and tool calls of a frame: the stored half of a flow that runs."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class UndoEntry(msgspec.Struct, array_like=True, omit_defaults=True):
    """An entry of the undo log: an executed operation that a correction may roll back to, or must not roll back over."""

    id: str
    undo: dict[str, Any] = {}
    """The values before it of what was set from it on, up to the next entry."""
    unset: list[str] = []
    """Names set from it on that had no value before."""
    effect: bool = False
    question: bool = False
    """A question that was really put: what «назад» may go back to."""


class Loop(msgspec.Struct, array_like=True, omit_defaults=True):
    """A running `repeat: each` (items) or `repeat: times` (count)."""

    items: list[Any] | None = None
    count: int = 0
    next: int = 0


def short_keys(names: str) -> dict[str, str]:
    """Short keys for fields: a session is kept for every conversation there ever was."""
    pairs = (one.partition(":") for one in names.split())
    return {name: key for name, _, key in pairs}


class ToolCalls(msgspec.Struct, array_like=True, omit_defaults=True):
    """The tool calls of a running `llm` step: flows that the language model calls."""

    messages: list[dict[str, Any]] = []
    """What was said after the question: its calls, and their results."""
    pending: list[tuple[str, str, str]] = []
    """Calls without a result, the running one first: id, flow, arguments as JSON."""
    rounds: int = 0
    """How often it has called flows."""

    def add_result(self, result: Any) -> None:
        """The result of the running call: JSON as a text, or what becomes JSON."""
        if self.pending:
            identity, name, _ = self.pending.pop(0)
            content = result if isinstance(result, str) else msgspec.json.encode(result).decode()
            self.messages.append({"role": "tool", "tool_call_id": identity, "name": name, "content": content})


class Frame(
    msgspec.Struct,
    omit_defaults=True,
    rename=short_keys(
        "flow:f op_id:p open:o args:a owns:w skipped:k loops:l undo_log:t failures:x question:q revising:c choices:h tool_calls:m"
    ),
):
    """A running flow within an activity."""

    flow: str
    op_id: str
    """While `open`: the operation that asked; else the next one to run. Below another frame: its `call`."""
    open: bool = False
    """The question at `op_id` has been put and is not answered."""
    args: dict[str, Any] = {}
    """Names local to the frame: arguments of `call`."""
    owns: list[str] = []
    """Slots that end with the frame (`keep: flow`)."""
    skipped: list[str] = []
    loops: dict[str, Loop] = {}
    undo_log: list[UndoEntry] = []
    failures: int = 0
    """Answers to the open question not understood, in a row."""
    question: int = 0
    """Number of the question put at `op_id`, counted in the session."""
    revising: str = ""
    """At a confirm: the slot chosen at `ses.change`, which is asked instead."""
    choices: list[dict[str, Any]] = []
    """What the open question offers (`choices`): `{value, label, item}`."""
    tool_calls: ToolCalls | None = None


class Activity(
    msgspec.Struct,
    omit_defaults=True,
    rename=short_keys("id:i version:v frames:s kind:k args:a quiet:q"),
):
    """One thing the conversation is about: a stack of frames, in one version of the robot."""

    id: int
    version: str
    frames: list[Frame]
    kind: Literal["flow", "event", "error", "fallback"] = "flow"
    args: dict[str, Any] = {}
    """Names local to the activity: `event`, `error`."""
    quiet: bool = False
    """Ends without `ses.back` (steps of `resume`)."""
