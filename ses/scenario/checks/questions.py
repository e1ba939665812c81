"""Questions without words, buttons without values, questions nobody can leave, and questions where none may be."""

from __future__ import annotations

from collections.abc import Iterator

from ses.scenario.checks.graph import Location, op_at, successors
from ses.scenario.compiling.robot import Compiled, good
from ses.scenario.findings.report import Report
from ses.scenario.program.definitions import Slot
from ses.scenario.program.messages import Message
from ses.scenario.program.operations import Ask, CallFlow, Confirm, End, GotoFlow, Menu, Op, Return
from ses.scenario.recognising.builtin import BUILT_IN


def check_questions(compiled: Compiled, report: Report) -> None:
    for flow in compiled.flows.values():
        for op in flow.ops:
            if isinstance(op, Ask) and op.slot in compiled.slots:
                _check_ask(compiled, op, compiled.slots[op.slot], report)
            if isinstance(op, Menu) and op.items and all(item.condition is not None for item in op.items):
                report.warning("doubtful", op.at, "every item of this menu has an `if`: it may offer nothing",
                               suggestion="leave one item without `if`")  # fmt: skip
    for name, model in good(compiled.robot.slots).items():
        slot = compiled.slots[name]
        if slot.on_fail and slot.on_fail in compiled.flows:
            _check_way_out(compiled, name, slot.on_fail, report)
        if slot.ask is not None and slot.ask.offer_choices and not offers_values(compiled, slot):
            report.error("no-choices", model.key_at("buttons") if model.buttons else model.key_at("ask"),
                         f"`buttons: choices` needs values: the type `{slot.type}` has none",
                         suggestion="give the slot `choices`, or a type with `values`")  # fmt: skip
    for name, flow in compiled.flows.items():
        if flow.on_fail is not None:
            asked = {op.slot for op in flow.ops if isinstance(op, Ask)}
            if _always_back(compiled, Location(name, flow.on_fail), asked):
                report.error("no-way-out", flow.ops[flow.on_fail].at, "after too many failures the same question comes again",
                             suggestion="`end`, or go where something else is asked")  # fmt: skip
    for event in compiled.events:
        kind = event.partition("@")[0]
        if kind in MAY_NOT_ASK:
            _check_silent(compiled, event, report, kind)


def offers_values(compiled: Compiled, slot: Slot) -> bool:
    """Whether buttons can be made of the slot's values."""
    if slot.choices is not None or slot.type == "yes_no":
        return True
    entity = good(compiled.robot.entities).get(slot.type)
    if entity is None:
        return slot.type not in BUILT_IN and slot.type != "text"
    return entity.values is not None


def _check_ask(compiled: Compiled, op: Ask, slot: Slot, report: Report) -> None:
    if slot.ask is None and op.question is None:
        report.error("no-question", op.at, f"the slot `{slot.name}` has no `ask`: there is nothing to say",
                     suggestion=f"ask: {{slot: {slot.name}, say: …}}, or `ask:` in the slot",
                     length=len(slot.name))  # fmt: skip
    question: Message | None = op.question
    if question is not None and question.offer_choices and not offers_values(compiled, slot):
        report.error("no-choices", op.at, f"`buttons: choices` needs values: the type `{slot.type}` has none")


def _check_way_out(compiled: Compiled, slot: str, flow: str, report: Report) -> None:
    if _always_back(compiled, Location(flow, 0), {slot}):
        report.error(
            "no-way-out", compiled.flows[flow].ops[0].at,
            f"after too many failures the question of `{slot}` comes again: nobody gets out of it",
            suggestion="`end`, or go where something else is asked",
        )  # fmt: skip


def _always_back(compiled: Compiled, start: Location, asked: set[str]) -> bool:
    """Whether every way from here leads to one of these questions before anything else happens to the user."""
    seen: set[Location] = set()
    waiting = [start]
    back = False
    while waiting:
        location = waiting.pop()
        if location in seen:
            continue
        seen.add(location)
        op: Op = op_at(compiled.flows, location)
        if isinstance(op, Ask) and op.slot in asked:
            back = True
            continue
        if isinstance(op, End | Return | Ask | Confirm | Menu | CallFlow):
            return False
        if isinstance(op, GotoFlow) and op.flow not in compiled.flows:
            return False
        after = list(successors(compiled.flows, location))
        if not after:
            return False
        waiting += after
    return back


MAY_NOT_ASK = {
    "resume": ("question-in-resume", "only say something; the open question is asked again by itself"),
    "end": ("question-in-end", "only say something; the next message begins a new session"),
}
"""Events after which no answer can come: `resume` runs before the message is routed, after `end` the session is gone."""


def _check_silent(compiled: Compiled, event: str, report: Report, kind: str) -> None:
    """Report the questions in the steps of an event of `MAY_NOT_ASK`, and in what they call."""
    code, suggestion = MAY_NOT_ASK[kind]
    start = compiled.events[event]
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in compiled.flows:
            continue
        seen.add(name)
        for op in compiled.flows[name].ops:
            if isinstance(op, Ask | Confirm | Menu):
                report.error(code, op.at, f"the steps of event `{kind}` may not ask", suggestion=suggestion)
            waiting += list(_further(op))


def _further(op: Op) -> Iterator[str]:
    if isinstance(op, CallFlow | GotoFlow):
        yield op.flow
