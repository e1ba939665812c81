"""Models → `Program`. Every fault is reported; the program is given only when there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from ses.scenario.compiling.definitions import compile_slot, compile_variable, session_settings
from ses.scenario.compiling.derivation import derived_from
from ses.scenario.compiling.lowering import Context, Lowered, Lowering
from ses.scenario.compiling.names import Names, names_of
from ses.scenario.compiling.pieces import Pieces
from ses.scenario.compiling.recogniser_builder import RecogniserBuilder
from ses.scenario.compiling.speech import Speech
from ses.scenario.compiling.texts import LANGUAGES, engine_texts
from ses.scenario.compiling.voice import voice_settings
from ses.scenario.expressions.compiled import compile_template
from ses.scenario.findings.report import Report
from ses.scenario.findings.source import Source
from ses.scenario.findings.suggestions import did_you_mean
from ses.scenario.models.definitions import Flow as FlowModel
from ses.scenario.models.definitions import Handler as EventModel
from ses.scenario.models.definitions import Tool as ToolModel
from ses.scenario.models.messages import Message as MessageModel
from ses.scenario.models.robot import Robot
from ses.scenario.models.steps.step import Broken
from ses.scenario.program.definitions import Argument, Flow, LlmIntent, Slot, SmcIntent, Tool, Trigger
from ses.scenario.program.messages import Message
from ses.scenario.program.robot import Program
from ses.scenario.program.settings import QasSettings
from ses.scenario.reading.files import RobotFiles
from ses.scenario.reading.tables import read_table


@dataclass(slots=True)
class Compiled:
    """A robot as far as it could be compiled: what the checks of the whole look at."""

    robot: Robot
    names: Names
    pieces: Pieces
    speech: Speech
    flows: dict[str, Flow]
    slots: dict[str, Slot]
    events: dict[str, str]
    fallback: dict[str, tuple[str, ...]]
    triggers: list[Trigger]
    calls: list[tuple[str, str, Source]]
    recogniser: RecogniserBuilder
    data: dict[str, Any]
    languages: tuple[str, ...]
    broken: frozenset[str]
    """Flows that could not be read."""
    positions: Mapping[str, Mapping[str, Source]]
    """Where each definition's name stands, by section."""


def good(section: Mapping[str, Any] | None) -> dict[str, Any]:
    """The definitions of a section that could be read."""
    return {name: one for name, one in (section or {}).items() if not isinstance(one, Broken)}


def languages_of(robot: Robot, report: Report) -> tuple[str, ...]:
    """The robot's languages, the default one first."""
    given = [robot.language] if robot.language is not None else []
    given += [one for one in robot.languages or () if one not in given]
    for language in given:
        if language not in LANGUAGES:
            report.error("unknown-language", language.at, f"word forms, dates and plurals exist for `ru` and `en`, not for `{language}`",
                         suggestion="ru or en", length=len(language))  # fmt: skip
    known = tuple(dict.fromkeys(str(language) for language in given if language in LANGUAGES))
    if not given and not report.failed:  # where a file cannot be read, nobody knows what it says
        report.warning("no-language", robot.at, "the robot does not say its `language`, Russian is assumed",
                       suggestion="language: ru")  # fmt: skip
    return known or ("ru",)


def compile_robot(
    robot: Robot, files: RobotFiles, report: Report, positions: Mapping[str, Mapping[str, Source]]
) -> Compiled:
    """Compile everything that can be; expressions, patterns and names are checked on the way."""
    return _Compiler(robot, files, report, positions).compile()


class _Compiler:
    def __init__(
        self, robot: Robot, files: RobotFiles, report: Report, positions: Mapping[str, Mapping[str, Source]]
    ) -> None:
        self._positions = positions
        self._robot = robot
        self._files = files
        self._report = report
        self._languages = languages_of(robot, report)
        self._language = self._languages[0]
        self._names = names_of(robot)
        self._pieces = Pieces(self._names, self._language, report)
        self._texts: dict[str, MessageModel] = good(robot.texts)
        self._flow_models: dict[str, FlowModel] = good(robot.flows)
        self._slot_models = good(robot.slots)
        self._flow_names = frozenset(robot.flows or {})
        self._recogniser = RecogniserBuilder(robot, self._languages, report)
        self._speech = Speech(
            self._pieces, self._languages, self._texts, frozenset(robot.texts or {}), self._flow_names,
            frozenset(files.media),
        )  # fmt: skip
        self._context = Context(
            self._pieces, self._speech, self._flow_names, dict.fromkeys(robot.slots or {}, frozenset()),
            self._recogniser.add_pattern,
        )  # fmt: skip
        self._flows: dict[str, Flow] = {}
        self._triggers: list[Trigger] = []

    def compile(self) -> Compiled:
        data = {
            name: read_table(str(path), path.at, self._files, self._report)
            for name, path in good(self._robot.data).items()
        }
        slots = {
            name: compile_slot(name, model, self._pieces, self._speech, self._recogniser.check_type)
            for name, model in self._slot_models.items()
        }
        self._context.slots |= {name: slot.reads for name, slot in slots.items()}
        for name, model in self._slot_models.items():
            self._slot_flows(name, model)
        for name, model in self._flow_models.items():
            self._flow(name, model)
        events, fallback = self._events()
        for message in self._texts.values():
            self._speech.message(message)
            if message.text is not None:
                self._speech.whole(message.text)
        self._check_settings()
        return Compiled(
            self._robot, self._names, self._pieces, self._speech, self._flows, slots, events, fallback, self._triggers,
            self._context.called, self._recogniser, data, self._languages,
            frozenset(name for name, one in (self._robot.flows or {}).items() if isinstance(one, Broken)),
            self._positions,
        )  # fmt: skip

    def _check_settings(self) -> None:
        """What stands once in a robot: its time zone, and each name that expressions read."""
        first: dict[str, tuple[str, Source]] = {}
        for section in ("slots", "variables", "data"):
            for name, at in self._positions.get(section, {}).items():
                other, there = first.setdefault(name, (section, at))
                if other != section:
                    self._report.error(
                        "duplicate-name", at, f"`{name}` stands under `{other}:` too ({there.file}:{there.line})",
                        suggestion="rename one of them", also=there, length=len(name),
                    )  # fmt: skip
        zone = self._robot.timezone
        if zone is not None and zone not in available_timezones():
            self._report.error("bad-value", zone.at, f"there is no time zone `{zone}`",
                               suggestion=did_you_mean(zone, available_timezones()) or "such as `Europe/Moscow`",
                               length=len(zone))  # fmt: skip

    def _slot_flows(self, name: str, model: Any) -> None:
        for kind in ("on_correct", "on_fail"):
            steps = getattr(model, kind)
            if steps is not None:
                self._hidden(f"#{kind}.{name}", steps, model.key_at(kind))

    def _flow(self, name: str, model: FlowModel) -> None:
        lowering = Lowering(name, self._context)
        at = model.at
        lowering.collect_labels([model.steps or [], model.on_fail or []])
        lowering.needs(model.needs or [])
        lowering.steps(model.steps or [])
        lowered = lowering.finish(at, model.on_fail)
        if model.steps is None and model.needs is None:
            self._report.error("missing-key", at, f"the flow `{name}` does nothing", suggestion="steps: […]")
        for other in model.within or ():
            if other not in self._flow_names:
                self._report.error("unknown-flow", other.at, f"there is no flow `{other}`",
                                   suggestion=did_you_mean(other, self._flow_names), length=len(other))  # fmt: skip
        triggers = tuple(self._recogniser.triggers(name, model, self._pieces))
        self._triggers += triggers
        self._keep(
            name, lowered, triggers=triggers,
            title=self._speech.one_language(model.title, self._language) if model.title else name,
            titles=self._speech.titles(model.title) if model.title else {},
            within=frozenset(str(other) for other in model.within or ()), interruptible=model.interruptible,
            tool=self._tool(model.callable) if model.callable is not None else None,
        )  # fmt: skip

    def _tool(self, model: ToolModel) -> Tool:
        return Tool(
            str(model.about),
            tuple(
                Argument(
                    name,
                    self._recogniser.check_type(one.type, False, one.at),
                    str(one.about or ""),
                    one.optional,
                )
                for name, one in (model.args or {}).items()
            ),
        )

    def _hidden(self, name: str, steps: Sequence[Any], at: Source) -> str:
        lowering = Lowering(name, self._context)
        lowering.collect_labels(steps)
        lowering.steps(steps)
        self._keep(name, lowering.finish(at), title="")
        return name

    def _keep(self, name: str, lowered: Lowered, *, title: str, **more: Any) -> None:
        self._flows[name] = Flow(
            name=name, title=title, ops=lowered.ops, index_of=lowered.index_of, handlers=lowered.handlers,
            slots=lowered.asked, on_fail=lowered.on_fail, derived=derived_from(lowered.ops, self._names.slots), **more,
        )  # fmt: skip

    def _events(self) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
        events: dict[str, str] = {}
        fallback: dict[str, tuple[str, ...]] = {}
        for event, model in good(self._robot.events).items():
            flows = self._handler(event, model)
            kind, _, channel = event.partition("@")
            if kind == "fallback":
                fallback[channel] = flows
            elif flows:
                events[event] = flows[0]
        return events, fallback

    def _handler(self, event: str, model: EventModel) -> tuple[str, ...]:
        if model.flow is not None:
            if model.flow not in self._flow_names:
                self._report.error("unknown-flow", model.flow.at, f"there is no flow `{model.flow}`",
                                   suggestion=did_you_mean(model.flow, self._flow_names), length=len(model.flow))  # fmt: skip
            return (str(model.flow),)
        if model.ladder is not None:
            return tuple(
                self._hidden(f"#{event}.{number}", steps, steps[0].at if steps else model.at)
                for number, steps in enumerate(model.ladder, 1)
            )
        return (self._hidden(f"#{event}", model.steps or [], model.at),)


def build(compiled: Compiled, files: RobotFiles, version: str, lexicon: Any = None) -> Program:
    """The program of a robot without faults."""
    robot = compiled.robot
    by_intent: dict[str, list[Trigger]] = {}
    by_command: dict[str, list[Trigger]] = {}
    by_button: dict[str, list[Trigger]] = {}
    by_event: dict[str, list[Trigger]] = {}
    for trigger in compiled.triggers:
        for table, key in (
            (by_intent, trigger.intent), (by_command, compiled.recogniser.command_key(trigger.command)),
            (by_button, compiled.recogniser.button_key(trigger.button)), (by_event, trigger.event),
        ):  # fmt: skip
            if key:
                table.setdefault(key, []).append(trigger)
    identity = str(robot.id) if robot.id is not None else files.name
    return Program(
        id=identity,
        title=str(robot.title) if robot.title is not None else identity,
        version=version,
        language=compiled.languages[0],
        languages=compiled.languages,
        timezone=str(robot.timezone) if robot.timezone is not None else "UTC",
        session=session_settings(robot.session),
        variables={name: compile_variable(name, model) for name, model in good(robot.variables).items()},
        slots=compiled.slots,
        flows=compiled.flows,
        data=compiled.data,
        texts=_texts(compiled),
        events=compiled.events,
        fallback=compiled.fallback,
        by_intent=_frozen(by_intent),
        by_command=_frozen(by_command),
        by_button=_frozen(by_button),
        by_event=_frozen(by_event),
        smc_intents=tuple(
            SmcIntent(name, str(model.smc.model), str(model.smc.cls))
            for name, model in good(robot.intents).items()
            if model.smc is not None
        ),
        llm_intents=tuple(
            LlmIntent(name, " ".join(model.llm.split()))
            for name, model in good(robot.intents).items()
            if model.llm is not None and name in by_intent
        ),
        recogniser=compiled.recogniser.build(lexicon, session_settings(robot.session).sure),
        intents=frozenset(good(robot.intents)),
        qas=QasSettings(tuple(str(one) for one in robot.qas.categories or ()), robot.qas.threshold)
        if robot.qas is not None
        else None,
        media=frozenset(files.media),
        voice=voice_settings(robot.voice, compiled.pieces.checked),
    )


def _frozen(table: Mapping[str, list[Trigger]]) -> dict[str, tuple[Trigger, ...]]:
    return {key: tuple(triggers) for key, triggers in table.items()}


def _texts(compiled: Compiled) -> dict[str, Message]:
    """The engine's texts in the robot's languages, those of the robot over them."""
    texts = {
        key: Message(
            variants={
                language: tuple(compile_template(text, language) for text in words[language])
                for language in compiled.languages
            }
        )
        for key, words in engine_texts().texts.items()
    }
    for key, model in good(compiled.robot.texts).items():
        texts[key] = compiled.speech.message(model)
    return texts
