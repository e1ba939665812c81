"""A turn while it runs: what it has said, stored and understood so far."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from ses.dialogue.state.frames import Activity
from ses.dialogue.state.ports import NOTHING_ELSEWHERE, Increment, Ports
from ses.dialogue.state.scope import Scope
from ses.dialogue.state.session import Checkpoint, Pending, SeeResults, Session, VoiceMessage
from ses.dialogue.state.trace import Trace
from ses.errors import StepError
from ses.messages import Attachment, Button, Inbound
from ses.scenario.program.operations import Op
from ses.scenario.program.robot import Program

T = TypeVar("T")

STEPS = 10_000
"""Operations a turn may run."""
CPU = 2.0
"""Seconds of its own processor time a turn may take."""


CARRIED = tuple(name for name in Checkpoint.__struct_fields__ if name not in ("inbounds", "at", "first_turn"))
"""What turns keep under the names of a checkpoint's fields."""


class Draft(msgspec.Struct):
    """A message said in this leg; it gets its id and number when the leg is committed."""

    text: str
    masked: str | None
    buttons: tuple[Button, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    format: Any = "plain"
    voice: bool = False
    """The text is spoken too."""
    question: bool = False
    """A question that is dropped when the turn's next message answers it."""


class Turn:
    """One turn. Everything durable is in `session`; the rest lives until the turn is over."""

    # What a checkpoint carries, under the names that `Flight` explains.
    index: int
    message_count: int
    call_count: int
    unrouted: bool
    repeat_question: bool
    returns_to: int
    prefix: list[tuple[str, str]]
    prefix_text: str
    text: str
    see_results: SeeResults | None
    used_spans: list[tuple[int, int]]
    private_spans: list[tuple[int, int, str]]
    masked: dict[str, str]
    answered: bool
    understood: bool
    fell_back: bool
    replaces: list[str]
    steps: int
    attempt: int
    expiring: bool
    transcribing: bool
    resume_due: bool
    voices: Mapping[str, VoiceMessage]

    needs_speech: bool = False
    """Some drafts are spoken too."""

    def __init__(
        self,
        session: Session,
        inbounds: Sequence[Inbound],
        programs: Mapping[str, Program],
        newest: Program,
        ports: Ports,
        user_variables: Mapping[str, Any],
        at: float,
        processor_time: Callable[[], float] = time.thread_time,
    ) -> None:
        self.session = session
        self.inbounds = inbounds
        """Voice messages with their transcript as their text."""
        self.programs = programs
        self.newest = newest
        self.ports = ports
        self.at = at
        self.drafts: list[Draft] = []
        self.resumed = False
        self.session_ended = False
        """The session has ended."""
        self.unwanted: list[Any] = []
        """Values that the person does not want: the question is put again without their buttons."""
        self.interrupted_pending: Pending | None = None
        """The engine's own question that stood above the open one when the inbound came."""
        self.interpretations: dict[int, Any] = {}
        """What was read out of the utterance, by version of the robot."""
        self.elsewhere = NOTHING_ELSEWHERE  # since the last leg
        self.user_changes: dict[str, Any] = {}
        """User variables written since the last leg."""
        self.user: dict[str, Any] = dict(user_variables)
        self.scope = Scope(session, newest, self.user, at)
        self.trace = Trace(session, newest, self.user)
        self.restore(Checkpoint([], 0, at, 0, 0))
        self.step_limit = STEPS
        self.runaways = 0
        self._waits = 0
        self._processor_time = processor_time
        self._cpu = 0.0
        self._since = self._processor_time()

    # --- where the turn is ---

    @property
    def inbound(self) -> Inbound:
        return self.inbounds[self.index]

    @property
    def top(self) -> Activity | None:
        return self.session.stack[-1] if self.session.stack else None

    def program(self, activity: Activity) -> Program:
        return self.programs.get(activity.version, self.newest)

    def enter(self, activity: Activity | None) -> None:
        """Let expressions read what the innermost frame of `activity` sees."""
        scope = self.scope
        scope.activity = activity
        if activity is None:
            scope.frame = None
            scope.program = self.newest
        else:
            scope.frame = activity.frames[-1]
            scope.program = self.program(activity)

    # --- values ---

    def set_user_variable(self, name: str, value: Any) -> None:
        """Set a value that is kept by user; an `Increment` adds to whatever is stored."""
        self._note_for_undo(name, value)
        if isinstance(value, Increment):
            self.user[name] = (self.user.get(name) or 0) + value.by
            pending = self.user_changes.get(name)
            if isinstance(pending, Increment):
                value = Increment(pending.by + value.by)
            elif name in self.user_changes:
                value = self.user[name]
        else:
            self.user[name] = value
        self.user_changes[name] = value

    def _note_for_undo(self, name: str, value: Any) -> None:
        """What an edit of this message will write to undo it: the old value, or the opposite addition."""
        undo = self.session.user_undo
        noted = undo.get(name)
        if noted is None:
            added = isinstance(value, Increment)
            undo[name] = ("+", -value.by) if added else ("=", self.user.get(name))
        elif noted[0] == "+":
            total = noted[1]
            if isinstance(value, Increment):
                undo[name] = ("+", total - value.by)
            else:
                undo[name] = ("=", (self.user.get(name) or 0) + total)

    def undo_last_message(self) -> None:
        """Undo what the user's last message changed, in the session and in the values kept by user."""
        session = self.session
        noted = session.user_undo
        session.restore_snapshot()
        for name, (how, value) in noted.items():
            self.set_user_variable(name, Increment(value) if how == "+" else value)
        session.user_undo = {}

    def prepend(self, text: str, masked: str | None = None, *, name: str = "") -> None:
        """Let a text stand before the next question, in its message. `name`: the engine's text that it is."""
        if text:
            self.prefix_text = "" if self.prefix else name
            self.prefix.append((text, text if masked is None else masked))

    def with_voice(self, wish: bool | None = None) -> bool:
        """Whether a message is spoken too: as it wishes itself, else as the robot does it."""
        if wish is None:
            answer = self.scope.program.voice.answer
            wish = answer == "always" or (answer == "when_spoken" and self.scope.voice is not None)
        if wish:
            self.needs_speech = True
        return wish

    def select_inbound(self, index: int) -> Inbound:
        """Let expressions read an inbound of the turn."""
        self.index = index
        inbound = self.inbounds[index]
        self.scope.inbound = inbound
        self.scope.voice = self.voices.get(inbound.id) if self.voices else None
        return inbound

    def set_transcript(self, index: int, voice: VoiceMessage) -> None:
        """From now on the message is its transcript."""
        inbound = self.inbounds[index]
        self.voices = {**self.voices, inbound.id: voice}
        if voice.text:
            transcribed = msgspec.structs.replace(inbound, text=voice.text)
            self.inbounds = [*self.inbounds[:index], transcribed, *self.inbounds[index + 1 :]]

    def send_inbound(self, inbound: Inbound) -> None:
        """Hand an inbound to another conversation, durable with the next leg."""
        self.elsewhere = self.elsewhere._replace(inbounds=(*self.elsewhere.inbounds, inbound))

    # --- guards ---

    def count_step(self, flow: str, op: Op) -> None:
        """Count a step; raises `StepError("runaway")` when the turn has run too long."""
        self.steps += 1
        self.trace.step(flow, op)
        if self.steps > self.step_limit:
            self.runaways += 1
            self.step_limit = self.steps + STEPS // 10
            raise StepError("runaway", f"{op.at.file}:{op.at.line}: more than {STEPS} steps in one turn")
        if not self.steps & 255:
            self.pause_processor_time()
            self._since = self._processor_time()
            if self._cpu > CPU:
                self.runaways += 1
                self._cpu = CPU / 2
                raise StepError(
                    "runaway", f"{op.at.file}:{op.at.line}: more than {CPU} s of computing in one turn"
                )

    def pause_processor_time(self) -> None:
        """Stop counting processor time (others run while this turn waits)."""
        self._cpu += self._processor_time() - self._since

    async def await_external(self, service: str, call: Awaitable[T]) -> T:
        """Await a service, or the store: its time is traced, and is not this turn's."""
        if not self._waits:
            self.pause_processor_time()
        self._waits += 1
        started = self.ports.clock.monotonic()
        try:
            return await call
        finally:
            self.trace.time(service, self.ports.clock.monotonic() - started)
            self._waits -= 1
            if not self._waits:
                self._since = self._processor_time()

    def restore(self, checkpoint: Checkpoint) -> None:
        """What a checkpoint carries becomes the turn's own."""
        for name in CARRIED:
            setattr(self, name, getattr(checkpoint, name))
