"""Steps of a flow as flat operations: branches and loops become jumps, `on_error` and `catch` ranges of handlers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ses.scenario.compiling.lowering.assembly import Context
from ses.scenario.compiling.lowering.assignments import Assignments
from ses.scenario.compiling.lowering.calls import Calls
from ses.scenario.compiling.lowering.generation import Generation
from ses.scenario.compiling.lowering.leaving import always_leaves, key_position, reachable_by_label
from ses.scenario.compiling.lowering.questions import Questions
from ses.scenario.compiling.switching import case_condition
from ses.scenario.findings.source import Source
from ses.scenario.models.definitions import Need
from ses.scenario.models.scalars import Expr
from ses.scenario.models.steps.assignments import SetStep, UnsetStep
from ses.scenario.models.steps.branches import IfStep, RepeatBody, RepeatStep, SwitchStep, TryStep
from ses.scenario.models.steps.calls import HttpStep, QasStep, SbsStep, SeeStep, SmcStep
from ses.scenario.models.steps.generation import LlmStep
from ses.scenario.models.steps.jumps import (
    BreakStep,
    CallStep,
    ContinueStep,
    EndStep,
    GotoStep,
    LabelStep,
    ReturnStep,
)
from ses.scenario.models.steps.questions import AskStep, ConfirmStep, MenuStep
from ses.scenario.models.steps.saying import SayStep, SendStep
from ses.scenario.models.steps.step import Broken
from ses.scenario.program.operations import End, Handler, Jump, LoopNext, LoopStart, Return, Say


@dataclass(slots=True)
class _Loop:
    next: int
    after: int


class Lowering(Questions, Calls, Generation, Assignments):
    """Lowers the steps of one flow."""

    def __init__(self, name: str, context: Context) -> None:
        super().__init__(name, context)
        self._loops: list[_Loop] = []

    def needs(self, needs: Sequence[Need]) -> None:
        for need in needs:
            self._ask(need.slot, need.condition, need.at)

    def steps(self, steps: Sequence[Any]) -> None:
        """Lower steps; a step behind one that always leaves can never run."""
        left: Any = None
        for step in steps:
            if left is not None and not reachable_by_label(step):
                self._report.error("dead-step", key_position(step), "this step never runs: the one before it leaves",
                                   suggestion="remove it, or give it a `label` that something goes to")  # fmt: skip
                left = None
            elif left is not None:
                left = None
            if isinstance(step, Broken):
                continue
            self._step(step)
            if always_leaves(step):
                left = step

    def _step(self, step: Any) -> None:
        label = getattr(step, "label", None)
        if label is not None:
            self._bind(self._labels[str(label)])
            if not isinstance(step, LabelStep):
                self._pending_label = str(label)
        if isinstance(step, LabelStep):
            return
        start = self._new_target()
        self._bind(start)
        after_condition = self._new_target()
        condition = step.condition if not isinstance(step, IfStep) else None
        if condition is not None:
            self._test(condition, after_condition, step.key_at("if"))
        self._lower(step, key_position(step))
        if step.on_error is not None:
            self._guarded(start, step.on_error, key_position(step))
        self._bind(after_condition)
        self._pending_label = ""

    def _guarded(self, start: int, recovery: Sequence[Any], at: Source) -> None:
        """Everything since `start` is guarded; its recovery goes on behind."""
        end, after = self._new_target(), self._new_target()
        self._bind(end)
        self._jump(after, at)
        target = self._new_target()
        self._bind(target)
        self._handlers.append(Handler(start, end, target))
        self.steps(recovery)
        self._bind(after)

    def _lower(self, step: Any, at: Source) -> None:  # noqa: C901, PLR0915 - a branch for each step of the language
        self._pieces.owner = at
        match step:
            case SayStep():
                message = self._context.speech.message(step.say)
                self._emit(
                    Say(id=self._id("say"), at=at, message=message, reads=self._message_reads(message))
                )
            case AskStep():
                for item in step.ask:
                    self._ask(item.slot, item.condition, item.at, item)
            case ConfirmStep():
                self._confirm(step.confirm, at)
            case MenuStep():
                self._menu(step.menu, at)
            case SetStep():
                self._set(step, at)
            case UnsetStep():
                self._unset(step, at)
            case IfStep():
                self._if(step)
            case SwitchStep():
                self._switch(step, at)
            case RepeatStep():
                self._repeat(step.repeat, at)
            case CallStep():
                self._call(step.call, at)
            case GotoStep():
                self._goto(step.goto, at)
            case EndStep():
                self._emit(End(id=self._id("end"), at=at))
            case ReturnStep():
                value = self._pieces.value(step.value)
                self._emit(Return(id=self._id("return"), at=at, value=value, reads=self._kept(value)))
            case BreakStep() | ContinueStep():
                self._leave_pass(step, at)
            case HttpStep():
                self._http(step.http, at)
            case SmcStep():
                self._service("smc", step.smc, at)
            case SeeStep():
                self._service("see", step.see, at)
            case QasStep():
                self._qas(step.qas, at)
            case SbsStep():
                self._sbs(step.sbs, at)
            case SendStep():
                self._send(step.send, at)
            case LlmStep():
                self._llm(step.llm, at)
            case TryStep():
                start = self._new_target()
                self._bind(start)
                self.steps(step.attempt)
                self._guarded(start, step.catch, at)

    def _if(self, step: IfStep) -> None:
        after = self._new_target()
        branches: list[tuple[Expr, Sequence[Any], Source]] = [(step.condition, step.then, step.key_at("if"))]
        branches += [(one.condition, one.then, one.at) for one in step.branches or ()]
        for position, (condition, then, at) in enumerate(branches):
            otherwise = self._new_target()
            self._test(condition, otherwise, at)
            self.steps(then)
            if position < len(branches) - 1 or step.otherwise:
                self._jump(after, at)
            self._bind(otherwise)
        self.steps(step.otherwise or [])
        self._bind(after)

    def _switch(self, step: SwitchStep, at: Source) -> None:
        self._pieces.condition(step.switch)
        after = self._new_target()
        for key, then in step.cases.items():
            otherwise = self._new_target()
            compiled = case_condition(self._pieces, str(step.switch), key)
            self._test(step.switch, otherwise, at, compiled)
            self.steps(then)
            self._jump(after, at)
            self._bind(otherwise)
        self.steps(step.otherwise or [])
        self._bind(after)

    def _repeat(self, body: RepeatBody, at: Source) -> None:
        given = [key for key in ("each", "while", "times") if body.has(key)]
        if len(given) != 1:
            self._report.error("bad-value", body.at, "`repeat` has one of `each`, `while` and `times`",
                               suggestion="give one of them")  # fmt: skip
            return
        again, after = self._new_target(), self._new_target()
        if body.condition is not None:
            self._bind(again)
            self._test(body.condition, after, at)
        else:
            items = self._pieces.items(body.each) if body.each is not None else None
            times = self._pieces.items(body.times) if body.times is not None else None
            start = LoopStart(
                id=self._id("repeat"), at=at, items=items, times=times, reads=self._kept(items, times)
            )
            self._emit(start)
            self._bind(again)
            name = str(body.name) if body.name is not None else "item"
            self._emit(
                LoopNext(
                    id=self._id("next"), at=at, start=start.id, name=name, end=after, writes=frozenset({name})
                )
            )
        self._loops.append(_Loop(again, after))
        self.steps(body.steps)
        self._loops.pop()
        self._emit(Jump(id=self._id("jump"), at=at, target=again))
        self._bind(after)

    def _leave_pass(self, step: Any, at: Source) -> None:
        leaves = isinstance(step, BreakStep)
        if not self._loops:
            word = "break" if leaves else "continue"
            self._report.error("no-loop", at, f"`{word}` stands outside of `repeat`", length=len(word))
            return
        self._emit(
            Jump(id=self._id("jump"), at=at, target=self._loops[-1].after if leaves else self._loops[-1].next)
        )
