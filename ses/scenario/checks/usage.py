"""Definitions nobody uses, and values nobody reads: mostly a name typed wrongly elsewhere."""

from __future__ import annotations

from ses.scenario.compiling.names import parts_of
from ses.scenario.compiling.robot import Compiled, good
from ses.scenario.compiling.texts import BUILT_IN_INTENTS, engine_phrases, engine_texts
from ses.scenario.findings.report import Report
from ses.scenario.findings.suggestions import did_you_mean, similar
from ses.scenario.models.scalars import Text
from ses.scenario.models.steps.assignments import SetStep
from ses.scenario.program.operations import Ask


def check_usage(compiled: Compiled, report: Report) -> None:
    robot = compiled.robot
    heard = {trigger.intent for trigger in compiled.triggers} | set(BUILT_IN_INTENTS)
    for name in good(robot.intents):
        if name not in heard and not compiled.broken:
            report.warning("unused", compiled.positions["intents"][name], f"no flow listens to the intent `{name}`",
                           suggestion=f"on: [{{intent: {name}}}]")  # fmt: skip
    engine = {*engine_texts().texts, *engine_phrases()}
    for key in good(robot.texts):
        if key.startswith("ses.") and key not in engine:
            report.error(
                "unknown-text",
                compiled.positions["texts"][key],
                f"the engine has no text `{key}`",
                suggestion=did_you_mean(key, engine),
            )
    asked = {op.slot for flow in compiled.flows.values() for op in flow.ops if isinstance(op, Ask)}
    for name in good(robot.slots):
        if name not in asked | compiled.pieces.read and not compiled.broken:
            report.warning(
                "unused",
                compiled.positions["slots"][name],
                f"nothing asks for the slot `{name}` and nothing reads it",
            )
    _check_written(compiled, report)


def _check_written(compiled: Compiled, report: Report) -> None:
    """A name that is set, nowhere declared and nowhere read is often another name typed wrongly."""
    known = (
        compiled.names.slots
        | compiled.names.variables
        | (compiled.pieces.read & frozenset(compiled.names.given))
    )
    for part in parts_of(compiled.robot):
        if isinstance(part, SetStep):
            for name in part.set.values:
                if name in compiled.names.given and name not in compiled.pieces.read:
                    best = similar(name, known)
                    report.warning(
                        "never-read", part.set.positions[name], f"`{name}` is set, but nothing reads it",
                        suggestion=f"did you mean `{best}`?" if best else "", length=len(name),
                    )  # fmt: skip
        save = getattr(part, "save", None)
        if isinstance(save, Text) and save in compiled.names.given and save not in compiled.pieces.read:
            report.warning("never-read", save.at, f"`{save}` is saved, but nothing reads it",
                           suggestion=did_you_mean(save, known), length=len(save))  # fmt: skip
