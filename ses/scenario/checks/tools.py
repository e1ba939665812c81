"""Flows that a language model calls: each says what it does, and none can wait."""

from __future__ import annotations

from ses.scenario.checks.loops import resting_flows
from ses.scenario.compiling.names import parts_of
from ses.scenario.compiling.robot import Compiled
from ses.scenario.findings.report import Report
from ses.scenario.models.steps.generation import LlmBody


def check_tools(compiled: Compiled, report: Report) -> None:
    """A model that waits for a flow's result cannot wait for the user."""
    resting = resting_flows(compiled.flows)
    for part in parts_of(compiled.robot):
        if not isinstance(part, LlmBody):
            continue
        for name in part.tools or ():
            flow = compiled.flows.get(str(name))
            if flow is None:
                continue
            if flow.tool is None:
                report.error("not-callable", name.at, f"the flow `{name}` does not say what it does for a model",
                             suggestion=f"flows: {{{name}: {{callable: …}}}}", length=len(name))  # fmt: skip
            if name in resting:
                report.error("tool-waits", name.at, f"the flow `{name}` may ask the user, a tool cannot wait",
                             suggestion="give it what it needs by `callable: {args: …}`, or use `route`",
                             length=len(name))  # fmt: skip
