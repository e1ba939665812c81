"""What a conversation is between two turns: everything the engine remembers, compact and self-contained.

A session rests only at a question (a slot asked, a confirm, a menu) or before a call, at a checkpoint. It names operations by their
stable ids, never indices, so that a session outlives an edit of its robot.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ses.dialogue.state.frames import Activity, short_keys
from ses.messages import Conversation
from ses.scenario.program.recognition import Found

STACK = 8
"""Activities a session holds at most; a ninth pushes out the lowest."""


class Offer(msgspec.Struct, array_like=True, omit_defaults=True):
    """One button under a message."""

    label: str
    value: Any = None
    flow: str = ""
    args: dict[str, Any] = {}


class ButtonSet(msgspec.Struct, array_like=True, omit_defaults=True):
    """The buttons of one message. Button k of it has the id `turn.number.k`."""

    turn: int
    number: int
    kind: Literal["say", "slot", "confirm", "menu", "change", "flows", "value", "which", "passage"]
    activity: int
    """The activity whose question it is; 0 for none."""
    question: int
    """The question they answer; 0 for none."""
    slot: str
    offers: list[Offer]


class Pending(msgspec.Struct, omit_defaults=True):
    """A question of the engine itself, put above the author's: which flow, which value, which slot."""

    kind: Literal["change", "flows", "value", "which", "passage"]
    utterance: str = ""
    """What was said, to be used after the choice."""
    slot: str = ""
    value: Any = None
    """The value of which the slot is in doubt (`which`); where the conversation comes from (`passage`, a channel transfer)."""
    activity: int = 0
    options: list[Any] = []
    """Flows, values or slots, as the buttons offer them."""


class SeeResults(msgspec.Struct, array_like=True, omit_defaults=True):
    """What the SEE service found in an utterance."""

    text: str
    found: dict[str, dict[str, list[Found]]] = {}
    """By version of the robot and entity; one that was not found has an empty list."""


class VoiceMessage(msgspec.Struct, omit_defaults=True):
    """The transcript of a recording."""

    text: str = ""
    model: str = ""
    media: str = ""
    """Where the recording lies, as `Attachment.media`."""
    duration: float = 0.0
    """Seconds."""
    traits: dict[str, Any] = {}
    """What SBS, voice biometry, says of the voice, when it was called: by name `{class, confidence}`."""
    details: dict[str, Any] = {}
    """All that SPR, speech recognition, returned."""
    problem: Literal["", "silence", "long", "unreadable", "failed"] = ""
    """Why there is no transcript: no words in it, too long, no recording, a service is down."""


class Checkpoint(
    msgspec.Struct,
    omit_defaults=True,
    rename=short_keys(
        "message_count:said call_count:calls unrouted:route repeat_question:repeat returns_to:back see_results:seen"
        " used_spans:used private_spans:private fell_back:fell expiring:ending transcribing:listening resume_due:hot"
        " first_turn:first"
    ),
):
    """The checkpoint of a turn: where it resumes if the process dies. A turn keeps the same fields."""

    inbounds: list[str]
    """Ids of the inbounds the turn handles."""
    index: int
    """The one being handled."""
    at: float
    """The turn's clock, seconds since 1970."""
    message_count: int
    """Messages said in this turn."""
    call_count: int
    """Calls made in this turn."""
    unrouted: bool = False
    """The inbound is still to be routed (steps of `resume` ran first)."""
    repeat_question: bool = False
    """The open question is to be put before the turn rests."""
    returns_to: int = 0
    """The activity that goes on after another: `ses.back` stands before its question."""
    prefix: list[tuple[str, str]] = []
    """What stands before the next question in its message, and the same with private values masked."""
    prefix_text: str = ""
    """The engine's text that alone stands there: its buttons and pictures are shown when no question follows."""
    text: str = ""
    """The utterance, as it is offered to the flows entered in this turn; empty when nothing was said."""
    see_results: SeeResults | None = None
    used_spans: list[tuple[int, int]] = []
    """Spans of the utterance that slots have used already."""
    private_spans: list[tuple[int, int, str]] = []
    """Spans of the utterance that private slots have used."""
    masked: dict[str, str] = {}
    """Texts of inbounds without their private values, by id."""
    answered: bool = False
    """The inbound answered the question that was open before it."""
    understood: bool = False
    fell_back: bool = False
    """The fallback ladder went on by one."""
    replaces: list[str] = []
    """Ids of the robot's earlier messages that the next ones replace (an edit)."""
    steps: int = 0
    """Operations run in this turn."""
    attempt: int = 1
    """How often the turn was begun from a checkpoint: texts shown by an earlier attempt are cleared."""
    first_turn: bool = False
    """The session's first turn."""
    expiring: bool = False
    """The session had expired: its event `end` runs, then the inbounds are handled."""
    transcribing: bool = False
    """Nothing has run yet: the recordings are still to be transcribed."""
    resume_due: bool = False
    """The session was idle, event `resume` is still to come."""
    voices: dict[str, VoiceMessage] = {}
    """Transcripts, by inbound."""


class Session(
    msgspec.Struct,
    omit_defaults=True,
    rename=short_keys(
        "robot:r connector:c id:i channel:h user:u language:l turn:t seq:n touched:m used:us stack:s activities:a questions:q"
        " variables:v slots:o page:p variants:w button_sets:b labels:y pending:z fallbacks:k checkpoint:f last:e answers:g undo_snapshot:d cancelled_by:sp"
        " user_undo:ub left:lf"
    ),
):
    """The state of one conversation."""

    robot: str
    connector: str
    id: str
    """The session's id within its connector."""
    channel: str = ""
    user: str = ""
    language: str = ""
    """Of the user, when the channel told it and the robot speaks it."""
    turn: int = 0
    """Turns begun."""
    seq: int = 0
    """The last outgoing message's number."""
    touched: float = 0.0
    """When its user was last heard of, seconds since 1970; 0: the session has not begun."""
    used: float = 0.0
    """When something else last happened in it, if later."""
    stack: list[Activity] = []
    activities: int = 0
    """Activities begun: the last one's id."""
    questions: int = 0
    """Questions put: the last one's number."""
    variables: dict[str, Any] = {}
    slots: dict[str, Any] = {}
    """Values of `flow` and `session` slots, JSON-able; slots with `choices` keep `{value, label, item}`."""
    page: dict[str, Any] = {}
    variants: dict[str, int] = {}
    """How often a text with variants was said."""
    button_sets: list[ButtonSet] = []
    """Buttons that may still be pressed, oldest first."""
    labels: bool = False
    """The robot's last message carried the newest of `offered`."""
    pending: Pending | None = None
    fallbacks: int = 0
    """Times in a row that nothing was understood."""
    checkpoint: Checkpoint | None = None
    last: str = ""
    """Id of the user's last message, the one an edit may replace."""
    answers: tuple[int, int, int] = (0, 0, 0)
    """The turn that answered `last`, and the numbers of the first and the last message of the answer."""
    cancelled_by: str = ""
    """Id of the message «cancel» that has ended a call of the model already: it cancels nothing more."""
    undo_snapshot: bytes = b""
    """The session before `last` was handled; empty once an effect ran."""
    user_undo: dict[str, tuple[Literal["=", "+"], Any]] = {}
    """What to write to bring back the user's values from before `last`: a value, or an addition."""

    left: bool = False
    """The person has blocked the robot, and has not come back."""

    @property
    def conversation(self) -> Conversation:
        return Conversation(self.connector, self.id)

    def versions(self) -> set[str]:
        """The versions of the robot its activities are pinned to."""
        return {activity.version for activity in self.stack}

    def take_snapshot(self) -> None:
        """Keep what a message may change, so that an edit of it can bring it back; numbers go on counting."""
        self.user_undo = {}
        self.undo_snapshot = _encode(
            Session(
                "",
                "",
                "",
                stack=self.stack,
                variables=self.variables,
                slots=self.slots,
                variants=self.variants,
                button_sets=self.button_sets,
                labels=self.labels,
                pending=self.pending,
                fallbacks=self.fallbacks,
            )
        )

    def restore_snapshot(self) -> None:
        """Bring back what the last message changed."""
        before = _decode(self.undo_snapshot)
        self.stack = before.stack
        self.variables = before.variables
        self.slots = before.slots
        self.variants = before.variants
        self.button_sets = before.button_sets
        self.labels = before.labels
        self.pending = before.pending
        self.fallbacks = before.fallbacks

    def encode(self) -> bytes:
        """MessagePack; between 150 and 700 bytes for an ordinary idle session."""
        return _encode(self)

    @classmethod
    def decode(cls, data: bytes) -> Session:
        """Raises `msgspec.DecodeError` for what `encode` did not write."""
        return _decode(data)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Session).decode
