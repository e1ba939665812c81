"""Definitions nobody uses, and values nobody reads: mostly a name typed wrongly elsewhere."""

from __future__ import annotations

import re

from ses.scenario.compiling.names import parts_of
from ses.scenario.compiling.robot import Compiled, good
from ses.scenario.compiling.texts import BUILT_IN_INTENTS, engine_phrases, engine_texts
from ses.scenario.findings.report import Report
from ses.scenario.findings.suggestions import did_you_mean, similar
from ses.scenario.models.messages import Args, Button, Spoken
from ses.scenario.models.scalars import Text
from ses.scenario.models.steps.assignments import SetStep, UnsetStep
from ses.scenario.models.steps.jumps import CallBody
from ses.scenario.program.operations import Ask

_USER = re.compile(r"\buser\.(\w+)")


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
    _check_definitions(compiled, report)
    _check_written(compiled, report)
    _check_arguments(compiled, report)


def _check_definitions(compiled: Compiled, report: Report) -> None:
    """Variables, tables and texts that stand in the robot and in nothing it does."""
    if compiled.broken or any(finding.code == "unknown-name" for finding in report):
        return  # what a faulty flow, or the name meant, would have read is not known
    robot = compiled.robot
    parts = list(parts_of(robot))
    given = {name for part in parts if isinstance(part, SetStep) for name in part.set.values}
    given |= {str(save) for part in parts if isinstance(save := getattr(part, "save", None), Text)}
    given |= {str(name) for part in parts if isinstance(part, UnsetStep) for name in part.unset}
    given |= {
        name
        for part in parts
        if isinstance(args := getattr(part, "args", None), Args)
        for name in args.values
    }
    used = compiled.pieces.read | given | _by_user(compiled)
    for name, variable in good(robot.variables).items():
        lives = variable.keep == "user"  # people have values of it that outlive the version that reads them
        if name not in used and variable.source is None and not lives:
            _unused(compiled, report, "variables", name, f"nothing reads or sets the variable `{name}`")
    for name in good(robot.data):
        if name not in used:
            _unused(compiled, report, "data", name, f"nothing reads the table `{name}`")
    keys = {str(part.key) for part in parts if isinstance(part, Spoken) and part.key is not None}
    for name in good(robot.texts):
        if not name.startswith("ses.") and name not in keys:
            _unused(compiled, report, "texts", name, f"nothing says the text `{name}`")


def _unused(compiled: Compiled, report: Report, section: str, name: str, message: str) -> None:
    report.warning("unused", compiled.positions[section][name], message, length=len(name))


def _by_user(compiled: Compiled) -> set[str]:
    """Names that are read as `user.NAME`."""
    return {name for checked in compiled.pieces.checked for name in _USER.findall(checked.node.text)}


def _check_arguments(compiled: Compiled, report: Report) -> None:
    """An argument that is no slot and no variable, and that nothing reads, is another name typed wrongly."""
    known = compiled.names.slots | compiled.names.variables
    for part in parts_of(compiled.robot):
        args = part.args if isinstance(part, CallBody | Button) else None
        if args is None:
            continue
        for name in args.values:
            if name not in known and name not in compiled.pieces.read:
                best = similar(name, known | compiled.pieces.read)
                report.warning(
                    "never-read", args.positions[name], f"`{name}` is no slot and no variable, and nothing reads it",
                    suggestion=f"did you mean `{best}`?" if best else "", length=len(name),
                )  # fmt: skip


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
