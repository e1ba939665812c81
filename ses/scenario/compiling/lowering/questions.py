"""Steps that wait for the user."""

from __future__ import annotations

from ses.scenario.compiling.lowering.assembly import Assembly
from ses.scenario.compiling.lowering.leaving import always_leaves
from ses.scenario.findings.source import Source
from ses.scenario.findings.suggestions import did_you_mean
from ses.scenario.models.messages import Spoken
from ses.scenario.models.scalars import Expr, Text
from ses.scenario.models.steps.questions import AskItem, ConfirmBody, MenuBody
from ses.scenario.program.messages import Message
from ses.scenario.program.operations import Ask, Confirm, End, Menu, MenuItem


class Questions(Assembly):
    """`ask`, `confirm`, `menu`."""

    def _ask(self, slot: Text, condition: Expr | None, at: Source, item: AskItem | None = None) -> None:
        name = str(slot)
        if name not in self._context.slots:
            self._report.error("unknown-slot", slot.at, f"there is no slot `{name}`",
                               suggestion=did_you_mean(name, self._context.slots) or "define it under `slots:`",
                               length=len(name))  # fmt: skip
            return
        self._pieces.owner = at
        self._asked.add(name)
        after = self._new_target()
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
        self._bind(after)

    def _question(self, item: AskItem) -> Message | None:
        given = (item.say, item.buttons, item.image, item.file, item.audio, item.key, item.channels)
        if all(one is None for one in given):
            return None
        return self._context.speech.message(item, ("item",))

    def _confirm(self, body: ConfirmBody, at: Source) -> None:
        message = self._spoken(body)
        no, after = self._new_target(), self._new_target()
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
        self._bind(no)
        self.steps(body.no)
        if not (body.no and always_leaves(body.no[-1])):
            self._emit(End(id=self._id("end"), at=at))
        self._bind(after)

    def _menu(self, body: MenuBody, at: Source) -> None:
        message = self._spoken(body)
        after = self._new_target()
        items: list[MenuItem] = []
        for item in body.items:
            labels = self._context.speech.labels(item.text)
            condition = self._pieces.condition(item.condition) if item.condition is not None else None
            patterns = tuple(self._context.pattern(phrase) for phrase in item.phrases or ())
            translated = {language: label for language, label in labels.items() if language}
            items.append(MenuItem(labels[""], patterns, self._new_target(), condition, translated))
        reads = self._message_reads(message) | self._kept(
            *(item.text for item in items), *(item.condition for item in items)
        )
        if not items:
            self._report.error("missing-value", body.at, "a menu without items")
        self._emit(Menu(id=self._id("menu"), at=at, message=message, items=tuple(items), reads=reads))
        for item, lowered in zip(body.items, items, strict=True):
            self._bind(lowered.target)
            self.steps(item.steps or [])
            self._jump(after, item.at)
        self._bind(after)

    def _spoken(self, spoken: Spoken) -> Message:
        return self._context.speech.message(spoken)
