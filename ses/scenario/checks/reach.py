"""Flows that nothing starts."""

from __future__ import annotations

from ses.scenario.compiling.names import parts_of
from ses.scenario.compiling.robot import Compiled, good
from ses.scenario.findings.report import Report
from ses.scenario.models.messages import Button


def check_reach(compiled: Compiled, report: Report) -> None:
    """A flow is reached by a trigger, an event, a button, or from a flow that is reached."""
    flows = good(compiled.robot.flows)
    heard = {name for name, model in flows.items() if model.on and not model.within}
    heard |= {name for name in compiled.flows if name.startswith("#")}
    heard |= {*compiled.events.values(), *(name for ladder in compiled.fallback.values() for name in ladder)}
    heard |= {
        str(part.flow)
        for part in parts_of(compiled.robot)
        if isinstance(part, Button) and part.flow is not None
    }
    goes: dict[str, set[str]] = {}
    for origin, target, _ in compiled.calls:
        goes.setdefault(origin, set()).add(target)
    for name, model in flows.items():
        if model.on:
            for other in model.within or ():
                goes.setdefault(str(other), set()).add(name)
    if compiled.broken:
        return  # what a faulty flow would have reached is not known
    reached: set[str] = set()
    waiting = list(heard)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += goes.get(name, ())
    for name, model in flows.items():
        if name not in reached:
            at = compiled.positions.get("flows", {}).get(name, model.at)
            report.warning("unreachable-flow", at, f"nothing starts the flow `{name}`",
                           suggestion="give it a trigger under `on:`, or `call` it", length=len(name))  # fmt: skip
