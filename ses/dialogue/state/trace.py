"""What a turn did, for `/ses/ask`, the log, `ses why` and coverage. Private values never enter it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ses.dialogue.state.session import Session
from ses.messages import Inbound
from ses.scenario.program.definitions import Trigger
from ses.scenario.program.operations import Op
from ses.scenario.program.robot import Program

STEPS_KEPT = 500
"""Steps of a turn the trace lists; the rest is counted."""


class Trace:
    """Collects while the turn runs; `build` makes plain data of it:

    `id robot version` · `understood` (how the last utterance was taken: `trigger answer correction fill button command
    qas invalid fallback cancel …`) and `winner` · `scores` `[[name, score, by], …]` of all that competed · `triggers`
    of the flows started `{flow, intent|command|button|event, line}` · `steps` `[[flow, operation id], …]` and
    `lines` `["file:line", …]` beside them · `slots` changed, and `slots_before` · `ms` by service · `calls`
    `{id, name, model, type, param, reply}` that were answered · `errors` `{kind, service, status, message, flow, step,
    line, caught}` of the steps that failed, `caught` where an `on_error` or `catch` took it.
    """

    __slots__ = (
        "_before",
        "_calls",
        "_dropped",
        "_ms",
        "_program",
        "_scores",
        "_session",
        "_steps",
        "_triggers",
        "_understood",
        "_user",
        "_winner",
        "errors",
        "keep",
    )

    def __init__(self, session: Session, program: Program, user: Mapping[str, Any]) -> None:
        """`user`: the values of `keep: user` names, as the turn goes on to change them."""
        self._session = session
        self._program = program
        self._user = user
        self._before = dict(session.slots)
        self._steps: list[tuple[str, Op]] = []
        self._dropped = 0
        self._understood = ""
        self._winner = ""
        self._scores: list[list[Any]] = []
        self._triggers: list[Trigger] = []
        self._ms: dict[str, float] = {}
        self._calls: list[dict[str, Any]] = []
        self.errors: list[dict[str, Any]] = []
        self.keep = False
        """It holds an error that no message tells of."""

    def step(self, flow: str, op: Op) -> None:
        if len(self._steps) < STEPS_KEPT:
            self._steps.append((flow, op))
        else:
            self._dropped += 1

    def understood(self, how: str, winner: str = "") -> None:
        """`winner` is the flow, slot or button that got the utterance."""
        self._understood = how
        self._winner = winner

    def scores(self, scores: Iterable[tuple[str, int, str]]) -> None:
        """Name, whole thousandths and recogniser of everything that competed."""
        self._scores.extend([name, points / 1000, by] for name, points, by in scores)

    def trigger(self, trigger: Trigger) -> None:
        self._triggers.append(trigger)

    def time(self, service: str, seconds: float) -> None:
        self._ms[service] = self._ms.get(service, 0.0) + seconds * 1000

    def call(self, kind: str, model: str, name: str, param: Any, reply: Any) -> None:
        """A call that was answered: which service or model, what was sent, what came back."""
        if len(written := msgspec.json.encode(reply, enc_hook=str)) > REPLY_KEPT:
            reply = written[:REPLY_KEPT].decode(errors="ignore") + "…"
        hidden = self._private_values()
        number = f"{self._session.turn}.{len(self._calls) + 1}"
        param, reply = _masked(param, hidden), _masked(reply, hidden)
        self._calls.append(
            {"id": number, "name": name, "model": model, "type": kind, "param": param, "reply": reply}
        )

    @property
    def to_keep(self) -> bool:
        """It lists calls or errors, or is to be kept for another reason."""
        return bool(self._calls or self.errors) or self.keep

    def _private_values(self) -> dict[str, str]:
        """Private texts that are known now, each with what is shown for it."""
        hidden: dict[str, str] = {}
        for held in (self._session.slots, self._user):
            for name, value in held.items():
                slot = self._program.slots.get(name)
                if slot is not None and slot.private and isinstance(value, str) and len(value) > 3:
                    hidden[value] = f"‹{name}›"
        return hidden

    def build(self, inbounds: Sequence[Inbound], masked: Mapping[str, str]) -> dict[str, Any]:
        """`masked`: the texts of these inbounds without their private values, by id."""
        session, program = self._session, self._program
        before, after = self._before, session.slots
        changed = (
            []
            if before == after
            else [name for name in {**before, **after} if before.get(name) != after.get(name)]
        )
        trace: dict[str, Any] = {
            "id": f"{session.id}/{session.turn}",
            "robot": session.robot,
            "version": program.version,
            "understood": self._understood,
            "winner": self._winner,
            "scores": self._scores,
            "triggers": [_trigger(trigger) for trigger in self._triggers],
            "steps": [[flow, op.id] for flow, op in self._steps],
            "lines": [f"{op.at.file}:{op.at.line}" for _, op in self._steps],
            "slots": {name: _shown(program, name, after.get(name)) for name in changed},
            "slots_before": {name: _shown(program, name, before.get(name)) for name in changed},
            "ms": {service: round(ms, 1) for service, ms in self._ms.items()},
        }
        if self._calls:
            trace["calls"] = _without_utterances(self._calls, inbounds, masked)
        if self._dropped:
            trace["more_steps"] = self._dropped
        if self.errors:
            trace["errors"] = self.errors
        return trace


REPLY_KEPT = 4096
"""Bytes of a service's reply that a trace keeps whole; of a longer one its beginning as a text."""


def _without_utterances(
    calls: list[dict[str, Any]], inbounds: Sequence[Inbound], masked: Mapping[str, str]
) -> list[dict[str, Any]]:
    """An utterance that turned out to hold a private value is shown masked, and what was read out of it not at all."""
    said = {one.text: masked[one.id] for one in inbounds if one.text and one.id in masked}
    return [_hushed(call, said) for call in calls] if said else calls


def _hushed(call: dict[str, Any], said: Mapping[str, str]) -> dict[str, Any]:
    param, reply = call["param"], call["reply"]
    if isinstance(param, str) and param in said:
        return {**call, "param": said[param], "reply": None if call["type"] == "see" else reply}
    if call["type"] == "spr" and reply in said:
        return {**call, "reply": said[reply]}
    return call


def _masked(value: Any, hidden: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for private, name in hidden.items():
            value = value.replace(private, name)
        return value
    if isinstance(value, dict):
        return {key: _masked(one, hidden) for key, one in value.items()}
    if isinstance(value, list):
        return [_masked(one, hidden) for one in value]
    return value


def _shown(program: Program, name: str, value: Any) -> Any:
    slot = program.slots.get(name)
    return f"‹{name}›" if value is not None and slot is not None and slot.private else value


def _trigger(trigger: Trigger) -> dict[str, str]:
    by = {kind: name for kind in ("intent", "command", "button", "event") if (name := getattr(trigger, kind))}
    return {"flow": trigger.flow, **by, "line": f"{trigger.at.file}:{trigger.at.line}"}
