"""What can be said only of a robot as a whole: reachability, loops, triggers, fields, unused and empty names."""

from __future__ import annotations

from ses.scenario.checks.assignments import check_assignments
from ses.scenario.checks.buttons import check_buttons
from ses.scenario.checks.emptiness import check_emptiness
from ses.scenario.checks.entities import check_entities
from ses.scenario.checks.expressions import check_expressions
from ses.scenario.checks.labels import check_labels
from ses.scenario.checks.loops import check_loops
from ses.scenario.checks.questions import check_questions
from ses.scenario.checks.reach import check_reach
from ses.scenario.checks.tools import check_tools
from ses.scenario.checks.triggers import check_forms, check_triggers
from ses.scenario.checks.usage import check_usage
from ses.scenario.checks.values import check_values
from ses.scenario.checks.voice import check_voice
from ses.scenario.compiling.robot import Compiled
from ses.scenario.findings.report import Report

__all__ = ["check_forms", "check_labels", "check_whole"]


def check_whole(compiled: Compiled, report: Report) -> None:
    """Report what no single definition shows."""
    check_expressions(compiled, report)
    check_values(compiled, report)
    check_assignments(compiled, report)
    check_triggers(compiled, report)
    check_questions(compiled, report)
    check_buttons(compiled, report)
    check_entities(compiled, report)
    check_usage(compiled, report)
    check_emptiness(compiled, report)
    check_loops(compiled, report)
    check_tools(compiled, report)
    check_voice(compiled, report)
    check_reach(compiled, report)
