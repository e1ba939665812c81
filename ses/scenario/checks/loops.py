"""Loops with no question in them, and flows that call each other in a circle."""

from __future__ import annotations

from collections.abc import Mapping

from ses.scenario.checks.graph import Location, components, op_at, successors
from ses.scenario.compiling.robot import Compiled
from ses.scenario.findings.report import Report
from ses.scenario.program.calls import Llm
from ses.scenario.program.definitions import Flow
from ses.scenario.program.operations import (
    Ask,
    CallFlow,
    Confirm,
    GotoFlow,
    Jump,
    LoopNext,
    Menu,
    Op,
    Test,
    Unset,
)


def check_loops(compiled: Compiled, report: Report) -> None:
    """An endless loop stops a conversation at 10,000 steps; a circle of calls at the eighth frame."""
    flows = compiled.flows
    resting = resting_flows(flows)
    starts = [Location(name, index) for name, flow in flows.items() for index in range(len(flow.ops))]
    for component in components(starts, flows):
        if _ends(component, flows, resting):
            _check_again(component, flows, report)
            continue
        back = max(
            (location for location in component if isinstance(op_at(flows, location), Jump | GotoFlow)),
            default=max(component),
        )
        op = op_at(flows, back)
        report.error(
            "endless-loop", op.at, "a loop with no question in it, and nothing in it changes what would end it",
            suggestion="ask something in it, change what its condition reads, or leave it",
        )  # fmt: skip
    _check_calls(compiled, report)


def _check_again(component: list[Location], flows: Mapping[str, Flow], report: Report) -> None:
    """A question that is asked anew in a loop that nothing leaves: its user can only cancel."""
    inside = set(component)
    ops = [op_at(flows, location) for location in component]
    if any(isinstance(op, Confirm | Menu | CallFlow | Llm) for op in ops):
        return  # an item, a flow that is called or a tool may lead out
    if any(after not in inside and not _always(op) for location, op in zip(component, ops, strict=True)
           for after in successors(flows, location)):  # fmt: skip
        return
    for op in ops:
        if isinstance(op, Ask) and op.again:
            report.warning("endless-loop", op.at, f"`{op.slot}` is asked again and again: nothing leads out of this loop",
                           suggestion="leave it under an `if`, or `break`")  # fmt: skip


def _always(op: Op) -> bool:
    """A condition such as `while: true`: the way it does not take is none."""
    return isinstance(op, Test) and not op.condition.names and not _varies(op)


def resting_flows(flows: Mapping[str, Flow]) -> frozenset[str]:
    """Flows that may wait for the user, themselves or through a call."""
    resting = {
        name for name, flow in flows.items() if any(isinstance(op, Ask | Confirm | Menu) for op in flow.ops)
    }
    while True:
        more = {
            name
            for name, flow in flows.items()
            if name not in resting
            and any(
                (isinstance(op, CallFlow | GotoFlow) and op.flow in resting)
                or (isinstance(op, Llm) and not resting.isdisjoint(op.route))
                for op in flow.ops
            )
        }
        if not more:
            return frozenset(resting)
        resting |= more


def _ends(component: list[Location], flows: Mapping[str, Flow], resting: frozenset[str]) -> bool:
    """Whether something in the loop waits for the user, counts passes, or changes what lets it end."""
    inside = set(component)
    ops = [op_at(flows, location) for location in component]
    forgotten = {name for op in ops if isinstance(op, Unset) for name in op.names}
    written = {name for op in ops if not isinstance(op, Ask) for name in op.writes}
    written |= {name for op in ops if isinstance(op, CallFlow) for name in _written_by(op.flow, flows)}
    for location, op in zip(component, ops, strict=True):
        if isinstance(op, Confirm | Menu | LoopNext):
            return True
        if isinstance(op, Ask) and (op.again or op.slot in forgotten | written):
            return True
        if isinstance(op, CallFlow) and op.flow in resting:
            return True
        leaves_loop = any(after not in inside for after in successors(flows, location))
        if leaves_loop and (op.leaves or (isinstance(op, Test) and (op.reads & written or not op.reads))):
            return not isinstance(op, Test) or bool(op.reads & written) or _varies(op)
    return False


def _written_by(start: str, flows: Mapping[str, Flow]) -> set[str]:
    """What a called flow, and those it goes on to, give a value."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in seen and name in flows:
            seen.add(name)
            waiting += [op.flow for op in flows[name].ops if isinstance(op, CallFlow | GotoFlow)]
    return {written for name in seen for op in flows[name].ops for written in op.writes}


def _varies(op: Test) -> bool:
    """A condition over what the engine gives (`now()`, `message` …) may change by itself."""
    return not getattr(op.condition, "is_constant", False)


def _check_calls(compiled: Compiled, report: Report) -> None:
    calls: dict[str, set[str]] = {}
    for origin, target, _ in compiled.calls:
        calls.setdefault(origin, set()).add(target)
    for name, flow in compiled.flows.items():
        for op in flow.ops:
            if isinstance(op, CallFlow) and _reaches(op.flow, name, calls):
                circle = (
                    f"`{name}` calls itself" if op.flow == name else f"`{op.flow}` comes back to `{name}`"
                )
                report.error("call-cycle", op.at, f"a circle of calls: {circle}",
                             suggestion="use `goto` for going on, `call` only for coming back")  # fmt: skip


def _reaches(start: str, goal: str, calls: Mapping[str, set[str]]) -> bool:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            waiting += calls.get(name, ())
    return False
