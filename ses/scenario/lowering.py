"""Steps of a flow as flat operations: branches and loops become jumps, `on_error` and `catch` ranges of handlers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ses.scenario.findings import did_you_mean
from ses.scenario.models import steps as model
from ses.scenario.models.definitions import Need
from ses.scenario.models.messages import Spoken
from ses.scenario.models.scalars import RESERVED, Data, Expr, Text
from ses.scenario.models.shape import Shape
from ses.scenario.models.steps import Broken
from ses.scenario.nodes import Map
from ses.scenario.pieces import Pieces
from ses.scenario.program import (
    Ask,
    Assignment,
    CallFlow,
    CallService,
    Confirm,
    End,
    Expression,
    GotoFlow,
    Handler,
    Http,
    Jump,
    LoopNext,
    LoopStart,
    Menu,
    MenuItem,
    Message,
    Op,
    Return,
    Say,
    Set,
    Source,
    Template,
    Test,
    Unset,
    Value,
)
from ses.scenario.speech import Speech
from ses.scenario.switching import case_condition

_LEAVING = (End, Return, GotoFlow, Jump)
_OPERATIONS = ("add", "append", "remove")


@dataclass(slots=True)
class Lowered:
    """The operations of one flow."""

    ops: tuple[Op, ...]
    places: dict[str, int]
    handlers: tuple[Handler, ...]
    asked: frozenset[str]
    on_fail: int | None = None


@dataclass(slots=True)
class Context:
    """What lowering needs to know of the robot."""

    pieces: Pieces
    speech: Speech
    flows: frozenset[str]
    slots: dict[str, frozenset[str]]
    """Each slot with the names its question, check and choices read."""
    pattern: Callable[[Text], int]
    """Enters a pattern into the robot's list; its number."""
    called: list[tuple[str, str, Source]] = field(default_factory=list)
    """(from, to, place) of every `call` and `goto` between flows."""


@dataclass(slots=True)
class _Loop:
    next: int
    after: int


class Lowering:
    """Lowers the steps of one flow. Targets are marks (negative) until `finish` knows the indices."""

    def __init__(self, name: str, context: Context) -> None:
        self._name = name
        self._context = context
        self._pieces = context.pieces
        self._report = context.pieces.report
        self._ops: list[Op] = []
        self._marks: list[int] = []
        self._labels: dict[str, int] = {}
        self._label_places: dict[str, Source] = {}
        self._handlers: list[Handler] = []
        self._ids: Counter[str] = Counter()
        self._loops: list[_Loop] = []
        self._asked: set[str] = set()
        self._pending_label = ""

    # --- marks and places

    def _mark(self) -> int:
        self._marks.append(-1)
        return -len(self._marks)

    def _place(self, mark: int) -> None:
        self._marks[-mark - 1] = len(self._ops)

    def _id(self, kind: str) -> str:
        if self._pending_label:
            label, self._pending_label = self._pending_label, ""
            return label
        base = f"{self._name}.{kind}"
        self._ids[base] += 1
        return base if self._ids[base] == 1 else f"{base}.{self._ids[base]}"

    def _emit(self, op: Op) -> None:
        self._ops.append(op)

    def _kept(self, *compiled: Expression | Template | Value | None) -> frozenset[str]:
        names: set[str] = set()
        for one in compiled:
            if one is not None:
                names |= one.names
        return frozenset(names) & self._pieces.names.kept

    # --- flows

    def needs(self, needs: Sequence[Need]) -> None:
        for need in needs:
            self._ask(need.slot, need.condition, need.at)

    def collect_labels(self, steps: Sequence[Any]) -> None:
        """Every label of the flow, before the first `goto` is lowered."""
        for step in labelled_steps(steps):
            label = str(step.label)
            if label in self._labels:
                self._report.error(
                    "duplicate-name", step.label.at,
                    f"the label `{label}` stands twice in this flow, first on line {self._label_places[label].line}",
                    also=self._label_places[label], length=len(label),
                )  # fmt: skip
                continue
            self._labels[label] = self._mark()
            self._label_places[label] = step.label.at

    def finish(self, at: Source, on_fail: Sequence[Any] | None = None) -> Lowered:
        """The last `return`, and every mark as an index."""
        self._emit(Return(id=self._id("return"), at=at))
        fail_mark = None
        if on_fail is not None:
            fail_mark = self._mark()
            self._place(fail_mark)
            self.steps(on_fail)
            self._emit(End(id=self._id("end"), at=at))
            self._emit(Return(id=self._id("return"), at=at))
        ops = tuple(self._resolved(op) for op in self._ops)
        places: dict[str, int] = {}
        for index, op in enumerate(ops):
            places.setdefault(op.id, index)
        for label, mark in self._labels.items():
            places[label] = self._index(mark)
        handlers = tuple(
            Handler(self._index(one.start), self._index(one.end), self._index(one.target))
            for one in self._handlers
        )
        return Lowered(
            ops,
            places,
            handlers,
            frozenset(self._asked),
            self._index(fail_mark) if fail_mark is not None else None,
        )

    def _index(self, mark: int) -> int:
        index = self._marks[-mark - 1]
        return index if index >= 0 else len(self._ops) - 1

    def _resolved(self, op: Op) -> Op:
        match op:
            case Test():
                return replace(op, otherwise=self._index(op.otherwise))
            case Jump():
                return replace(op, target=self._index(op.target))
            case LoopNext():
                return replace(op, end=self._index(op.end))
            case Confirm() if op.no is not None:
                return replace(op, no=self._index(op.no))
            case Menu():
                return replace(
                    op, items=tuple(replace(item, target=self._index(item.target)) for item in op.items)
                )
        return op

    def steps(self, steps: Sequence[Any]) -> None:
        """Lower steps; a step behind one that always leaves can never run."""
        left: Any = None
        for step in steps:
            if left is not None and not _reachable_by_label(step):
                self._report.error("dead-step", _key_place(step), "this step never runs: the one before it leaves",
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
            self._place(self._labels[str(label)])
            if not isinstance(step, model.LabelStep):
                self._pending_label = str(label)
        if isinstance(step, model.LabelStep):
            return
        start = self._mark()
        self._place(start)
        after_condition = self._mark()
        condition = step.condition if not isinstance(step, model.IfStep) else None
        if condition is not None:
            self._test(condition, after_condition, step.key_at("if"))
        self._lower(step, _key_place(step))
        if step.on_error is not None:
            self._guarded(start, step.on_error, _key_place(step))
        self._place(after_condition)
        self._pending_label = ""

    def _guarded(self, start: int, recovery: Sequence[Any], at: Source) -> None:
        """Everything since `start` is guarded; its recovery goes on behind."""
        end, after = self._mark(), self._mark()
        self._place(end)
        self._jump(after, at)
        target = self._mark()
        self._place(target)
        self._handlers.append(Handler(start, end, target))
        self.steps(recovery)
        self._place(after)

    def _test(self, condition: Expr, otherwise: int, at: Source, compiled: Expression | None = None) -> None:
        self._pieces.owner = at
        expression = compiled or self._pieces.condition(condition)
        self._emit(
            Test(
                id=self._id("if"),
                at=at,
                condition=expression,
                otherwise=otherwise,
                reads=self._kept(expression),
            )
        )

    def _jump(self, target: int, at: Source) -> None:
        if self._ops and isinstance(self._ops[-1], _LEAVING) and len(self._ops) not in self._marks:
            return
        self._emit(Jump(id=self._id("jump"), at=at, target=target))

    # --- one step each

    def _lower(self, step: Any, at: Source) -> None:  # noqa: C901 - a branch for each step of the language
        self._pieces.owner = at
        match step:
            case model.SayStep():
                message = self._context.speech.message(step.say)
                self._emit(
                    Say(id=self._id("say"), at=at, message=message, reads=self._message_reads(message))
                )
            case model.AskStep():
                for item in step.ask:
                    self._ask(item.slot, item.condition, item.at, item)
            case model.ConfirmStep():
                self._confirm(step.confirm, at)
            case model.MenuStep():
                self._menu(step.menu, at)
            case model.SetStep():
                self._set(step, at)
            case model.UnsetStep():
                self._unset(step, at)
            case model.IfStep():
                self._if(step)
            case model.SwitchStep():
                self._switch(step, at)
            case model.RepeatStep():
                self._repeat(step.repeat, at)
            case model.CallStep():
                self._call(step.call, at)
            case model.GotoStep():
                self._goto(step.goto, at)
            case model.EndStep():
                self._emit(End(id=self._id("end"), at=at))
            case model.ReturnStep():
                value = self._pieces.value(step.value)
                self._emit(Return(id=self._id("return"), at=at, value=value, reads=self._kept(value)))
            case model.BreakStep() | model.ContinueStep():
                self._leave_pass(step, at)
            case model.HttpStep():
                self._http(step.http, at)
            case model.SmcStep():
                self._service("smc", step.smc, at)
            case model.SeeStep():
                self._service("see", step.see, at)
            case model.QasStep():
                self._qas(step.qas, at)
            case model.TryStep():
                start = self._mark()
                self._place(start)
                self.steps(step.attempt)
                self._guarded(start, step.catch, at)

    def _ask(self, slot: Text, condition: Expr | None, at: Source, item: model.AskItem | None = None) -> None:
        name = str(slot)
        if name not in self._context.slots:
            self._report.error("unknown-slot", slot.at, f"there is no slot `{name}`",
                               suggestion=did_you_mean(name, self._context.slots) or "define it under `slots:`",
                               length=len(name))  # fmt: skip
            return
        self._pieces.owner = at
        self._asked.add(name)
        after = self._mark()
        guard: frozenset[str] = frozenset()
        if condition is not None:
            expression = self._pieces.condition(condition)
            guard = self._kept(expression)
            self._test(condition, after, at, expression)
        question = self._question(item) if item is not None else None
        reads = self._context.slots[name] & self._pieces.names.kept | guard
        if question is not None:
            reads |= self._message_reads(question)
        self._emit(
            Ask(
                id=self._id(name), at=at, slot=name, again=item.again if item is not None else False,
                question=question, reads=reads - {name}, writes=frozenset({name}),
            )
        )  # fmt: skip
        self._place(after)

    def _question(self, item: model.AskItem) -> Message | None:
        given = (item.say, item.buttons, item.image, item.file, item.audio, item.key, item.channels)
        if all(one is None for one in given):
            return None
        return self._context.speech.message(item, ("item",))

    def _confirm(self, body: model.ConfirmBody, at: Source) -> None:
        message = self._spoken(body)
        no, after = self._mark(), self._mark()
        self._emit(
            Confirm(
                id=self._id("confirm"), at=at, message=message, no=no if body.no is not None else None,
                reads=self._message_reads(message),
            )
        )  # fmt: skip
        self.steps(body.yes or [])
        if body.no is None:
            return
        self._jump(after, at)
        self._place(no)
        self.steps(body.no)
        if not (body.no and always_leaves(body.no[-1])):
            self._emit(End(id=self._id("end"), at=at))
        self._place(after)

    def _menu(self, body: model.MenuBody, at: Source) -> None:
        message = self._spoken(body)
        after = self._mark()
        items: list[MenuItem] = []
        for item in body.items:
            labels = self._context.speech.labels(item.text)
            condition = self._pieces.condition(item.condition) if item.condition is not None else None
            patterns = tuple(self._context.pattern(phrase) for phrase in item.phrases or ())
            translated = {language: label for language, label in labels.items() if language}
            items.append(MenuItem(labels[""], patterns, self._mark(), condition, translated))
        reads = self._message_reads(message) | self._kept(
            *(item.text for item in items), *(item.condition for item in items)
        )
        if not items:
            self._report.error("missing-value", body.at, "a menu without items")
        self._emit(Menu(id=self._id("menu"), at=at, message=message, items=tuple(items), reads=reads))
        for item, lowered in zip(body.items, items, strict=True):
            self._place(lowered.target)
            self.steps(item.steps or [])
            self._jump(after, item.at)
        self._place(after)

    def _set(self, step: model.SetStep, at: Source) -> None:
        assignments: list[Assignment] = []
        for name, data in step.set.values.items():
            self._check_target(name, step.set.places[name])
            action: Any = "value"
            operand = data
            if isinstance(data.node, Map) and len(data.node) == 1 and next(iter(data.node)) in _OPERATIONS:
                ((action, node),) = data.node.items()
                operand = Data(node)
            assignments.append(Assignment(name, action, self._pieces.value(operand)))
        reads = self._kept(*(one.value for one in assignments))
        reads |= {one.name for one in assignments if one.action != "value"}
        self._emit(
            Set(
                id=self._id("set"), at=at, assignments=tuple(assignments), reads=reads,
                writes=frozenset(one.name for one in assignments),
            )
        )  # fmt: skip

    def _check_target(self, name: str, at: Source) -> None:
        names = self._pieces.names
        if name in names.tables:
            self._report.error(
                "read-only", at, f"`{name}` is a table of `data:`, tables are only read", length=len(name)
            )
        elif not name.isidentifier() or name in RESERVED:
            self._report.error("bad-name", at, f"`{name}` is not a name that steps may set", length=len(name))

    def _unset(self, step: model.UnsetStep, at: Source) -> None:
        known = self._pieces.names.kept
        for name in step.unset:
            if name not in known:
                self._report.error("unknown-name", name.at, f"`{name}` is no slot or variable of this robot",
                                   suggestion=did_you_mean(name, known), length=len(name))  # fmt: skip
        names = tuple(str(name) for name in step.unset)
        self._emit(Unset(id=self._id("unset"), at=at, names=names, writes=frozenset(names)))

    def _if(self, step: model.IfStep) -> None:
        after = self._mark()
        branches: list[tuple[Expr, Sequence[Any], Source]] = [(step.condition, step.then, step.key_at("if"))]
        branches += [(one.condition, one.then, one.at) for one in step.branches or ()]
        for position, (condition, then, at) in enumerate(branches):
            otherwise = self._mark()
            self._test(condition, otherwise, at)
            self.steps(then)
            if position < len(branches) - 1 or step.otherwise:
                self._jump(after, at)
            self._place(otherwise)
        self.steps(step.otherwise or [])
        self._place(after)

    def _switch(self, step: model.SwitchStep, at: Source) -> None:
        self._pieces.condition(step.switch)
        after = self._mark()
        for key, then in step.cases.items():
            otherwise = self._mark()
            compiled = case_condition(self._pieces, str(step.switch), key)
            self._test(step.switch, otherwise, at, compiled)
            self.steps(then)
            self._jump(after, at)
            self._place(otherwise)
        self.steps(step.otherwise or [])
        self._place(after)

    def _repeat(self, body: model.RepeatBody, at: Source) -> None:
        given = [key for key in ("each", "while", "times") if body.has(key)]
        if len(given) != 1:
            self._report.error("bad-value", body.at, "`repeat` has one of `each`, `while` and `times`",
                               suggestion="give one of them")  # fmt: skip
            return
        again, after = self._mark(), self._mark()
        if body.condition is not None:
            self._place(again)
            self._test(body.condition, after, at)
        else:
            items = self._pieces.items(body.each) if body.each is not None else None
            times = self._pieces.items(body.times) if body.times is not None else None
            start = LoopStart(
                id=self._id("repeat"), at=at, items=items, times=times, reads=self._kept(items, times)
            )
            self._emit(start)
            self._place(again)
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
        self._place(after)

    def _leave_pass(self, step: Any, at: Source) -> None:
        leaves = isinstance(step, model.BreakStep)
        if not self._loops:
            word = "break" if leaves else "continue"
            self._report.error("no-loop", at, f"`{word}` stands outside of `repeat`", length=len(word))
            return
        self._emit(
            Jump(id=self._id("jump"), at=at, target=self._loops[-1].after if leaves else self._loops[-1].next)
        )

    def _call(self, body: model.CallBody, at: Source) -> None:
        flow = str(body.flow)
        if flow not in self._context.flows:
            self._unknown_flow(body.flow)
        self._context.called.append((self._name, flow, at))
        args = self._pieces.values(body.args)
        save = str(body.save or "")
        self._emit(
            CallFlow(
                id=self._id("call"), at=at, flow=flow, args=args, save=save, reads=self._kept(*args.values()),
                writes=frozenset({save} if save else ()),
            )
        )  # fmt: skip

    def _goto(self, target: Text, at: Source) -> None:
        name = str(target)
        if name in self._labels:
            if name in self._context.flows:
                self._report.error("ambiguous-name", target.at, f"`{name}` is a flow and a label of this one",
                                   suggestion="rename the label", length=len(name))  # fmt: skip
            self._emit(Jump(id=self._id("jump"), at=at, target=self._labels[name]))
            return
        if name not in self._context.flows:
            self._unknown_flow(target, *self._labels)
        self._context.called.append((self._name, name, at))
        self._emit(GotoFlow(id=self._id("goto"), at=at, flow=name))

    def _unknown_flow(self, name: Text, *labels: str) -> None:
        what = "no flow and no label of this flow is called" if labels else "there is no flow"
        self._report.error("unknown-flow", name.at, f"{what} `{name}`",
                           suggestion=did_you_mean(name, {*self._context.flows, *labels}), length=len(name))  # fmt: skip

    def _http(self, body: model.HttpBody, at: Source) -> None:
        methods = body.methods()
        if len(methods) != 1:
            self._report.error("bad-value", body.at, "`http` has one of `get`, `post`, `put`, `patch` and `delete`",
                               suggestion="post: https://…")  # fmt: skip
            return
        if body.body is not None and body.form is not None:
            self._report.error(
                "bad-value", body.key_at("form"), "`http` has `json` or `form`, not both", length=4
            )
        (method, address), save = methods[0], str(body.save or "")
        url = self._pieces.url(address)
        if url.constant is not None and not url.constant.startswith(("http://", "https://")):
            self._report.error("bad-value", address.at, "an address begins with `http://` or `https://`",
                               suggestion=f"https://{address}", length=len(address))  # fmt: skip
        json = self._pieces.value(body.body) if body.body is not None else None
        form = self._pieces.values(body.form) if body.form is not None else None
        headers = {name: self._pieces.header(text) for name, text in (body.headers or {}).items()}
        self._emit(
            Http(
                id=self._id("http"), at=at, method=method.upper(), url=url, json=json, form=form, headers=headers,
                timeout=body.timeout, retry=body.retry, save=save,
                reads=self._kept(url, json, *(form or {}).values(), *headers.values()),
                writes=frozenset({save} if save else ()), effect=method != "get", leaves=True,
            )
        )  # fmt: skip

    def _service(self, service: Any, body: model.ModelBody, at: Source) -> None:
        text = self._pieces.value(body.text) if body.text is not None else None
        self._emit(
            CallService(
                id=self._id(service), at=at, service=service, model=str(body.model), text=text, save=str(body.save),
                reads=self._kept(text), writes=frozenset({str(body.save)}), leaves=True,
            )
        )  # fmt: skip

    def _qas(self, body: model.QasBody, at: Source) -> None:
        text = self._pieces.value(body.text) if body.text is not None else None
        self._emit(
            CallService(
                id=self._id("qas"), at=at, service="qas", category=str(body.category or ""), text=text,
                save=str(body.save), reads=self._kept(text), writes=frozenset({str(body.save)}), leaves=True,
            )
        )  # fmt: skip

    # --- words

    def _spoken(self, spoken: Spoken) -> Message:
        return self._context.speech.message(spoken)

    def _message_reads(self, message: Message) -> frozenset[str]:
        return message_names(message) & self._pieces.names.kept


def message_names(message: Message) -> frozenset[str]:
    """Every name that a message reads."""
    names: set[str] = set()
    for texts in message.variants.values():
        for text in texts:
            names |= text.names
    for button in message.buttons:
        names |= button.text.names
        for part in (button.value, button.url, button.condition, *button.args.values()):
            if part is not None:
                names |= part.names
    for media in message.media:
        names |= media.path.names
    for other in message.channels.values():
        names |= message_names(other)
    return frozenset(names)


def always_leaves(step: Any) -> bool:
    """Nothing behind this step runs, unless something goes there."""
    if isinstance(
        step, model.GotoStep | model.EndStep | model.ReturnStep | model.BreakStep | model.ContinueStep
    ):
        return step.condition is None and step.on_error is None
    if isinstance(step, model.IfStep):
        branches = [step.then, *(one.then for one in step.branches or ()), step.otherwise or []]
        return all(branch and always_leaves(branch[-1]) for branch in branches) and step.on_error is None
    return False


def labelled_steps(steps: Any) -> list[Any]:
    """Every step of a flow that has a label, inside others too."""
    found: list[Any] = []
    if isinstance(steps, list | tuple):
        for item in steps:
            found += labelled_steps(item)
    elif isinstance(steps, dict):
        for item in steps.values():
            found += labelled_steps(item)
    elif isinstance(steps, Shape):
        if getattr(steps, "label", None) is not None and not isinstance(steps, Spoken):
            found.append(steps)
        for name in type(steps).model_fields:
            found += labelled_steps(getattr(steps, name))
    return found


def _reachable_by_label(step: Any) -> bool:
    return isinstance(step, Broken) or bool(labelled_steps(step))


def _key_place(step: Any) -> Source:
    """Where the step's key stands."""
    if isinstance(step, Shape):
        for key in type(step).keys():  # noqa: SIM118 - the keys of the language, not of a dict
            if key not in ("if", "label", "on_error") or isinstance(step, model.IfStep | model.LabelStep):
                return step.key_at(key)
        return step.at
    return Source("", 1, 1) if not isinstance(step, Broken) else step.at
