"""The open question: which it is, and how it is put."""

from __future__ import annotations

from typing import Any, NamedTuple

from ses.dialogue.output.buttons import make_buttons
from ses.dialogue.output.messages import engine_text, for_channel, say, say_prefix, with_prefix
from ses.dialogue.state.frames import Activity, Frame
from ses.dialogue.state.session import Offer, Pending
from ses.dialogue.state.stack import operation
from ses.dialogue.state.turn import Draft, Turn
from ses.errors import StepError
from ses.scenario.program.definitions import Flow, Slot
from ses.scenario.program.messages import Message
from ses.scenario.program.operations import Ask, Confirm, Menu, MenuItem, Op
from ses.scenario.program.robot import Program
from ses.scenario.values.values import plain, printed


class Question(NamedTuple):
    """What the conversation waits for: the operation that asks, and the slot if it asks for one."""

    activity: Activity
    frame: Frame
    program: Program
    op: Op
    slot: Slot | None


def open_question(turn: Turn) -> Question | None:
    activity = turn.top
    if activity is None or not activity.frames[-1].open:
        return None
    frame = activity.frames[-1]
    program = turn.program(activity)
    op = operation(turn, activity, frame)
    name = frame.revising or (op.slot if isinstance(op, Ask) else "")
    return Question(activity, frame, program, op, program.slots[name] if name else None)


def begin_question(turn: Turn, frame: Frame) -> None:
    """The operation a frame stands at now waits for an answer."""
    turn.session.questions += 1
    frame.question = turn.session.questions
    frame.open = True
    frame.failures = 0
    turn.repeat_question = True


def offer_choices(turn: Turn, frame: Frame, slot: Slot) -> None:
    """Let the question at a frame offer the `choices` of its slot, as they stand now."""
    frame.choices = choices_of(turn, slot)


def choices_of(turn: Turn, slot: Slot) -> list[dict[str, Any]]:
    """What a slot with `choices` offers now: `{value, label, item}` of each."""
    assert slot.choices is not None
    scope = turn.scope
    offered = []
    before = scope.local
    for item in slot.choices.items.evaluate(scope) or []:
        scope.local = {**before, "item": item}
        try:
            label = slot.choices.label.render(scope)
            value = slot.choices.value.evaluate(scope)
        finally:
            scope.local = before
        offered.append({"value": plain(value), "label": label, "item": plain(item)})
    return offered


def put_question(turn: Turn) -> None:
    """Put the open question (again), after what stands before it; the engine's own goes first."""
    turn.repeat_question = False
    turn.enter(turn.top)
    if turn.session.pending is not None:
        _put_pending(turn, turn.session.pending)
        return
    question = open_question(turn)
    before = list(turn.prefix)
    if question is not None and turn.returns_to == question.activity.id:
        turn.prepend(engine_text(turn, "ses.back"), name="ses.back")
    turn.returns_to = 0
    if question is None:
        say_prefix(turn)
        return
    try:
        _put_open(turn, question)
    except StepError:
        turn.prefix = before  # no return to a question that cannot be put
        raise


def _put_open(turn: Turn, question: Question) -> None:
    if question.slot is not None:
        _put_slot(turn, question, question.slot)
    elif isinstance(question.op, Confirm):
        _put_message(turn, question, "confirm", question.op.message, _yes_and_no(turn))
    elif isinstance(question.op, Menu):
        items = [
            Offer(item_label(turn, item), index)
            for index, item in enumerate(question.op.items)
            if item.condition is None or item.condition.evaluate(turn.scope)
        ]
        _put_message(turn, question, "menu", question.op.message, items)


def _yes_and_no(turn: Turn) -> list[Offer]:
    return [Offer(engine_text(turn, "ses.yes"), True), Offer(engine_text(turn, "ses.no"), False)]


def item_label(turn: Turn, item: MenuItem) -> str:
    return item.texts.get(turn.scope.language, item.text).render(turn.scope)


def _put_message(
    turn: Turn, question: Question, kind: Any, message: Message, more: list[Offer], key: str = ""
) -> None:
    specs = for_channel(turn, message).buttons
    slot = question.slot.name if question.slot else ""
    buttons = make_buttons(
        turn, kind, specs, more, activity=question.activity.id, question=question.frame.question, slot=slot
    )
    say(turn, message, key or question.op.id, buttons, question=True)


def _put_slot(turn: Turn, question: Question, slot: Slot) -> None:
    frame, program = question.frame, question.program
    op = question.op
    message = op.question if isinstance(op, Ask) and op.question is not None else slot.ask
    if frame.revising:
        message = slot.ask
    if message is None:
        title = slot_title(turn, slot)
        text, masked = with_prefix(turn, f"{title}?", None)
        turn.session.labels = False
        turn.drafts.append(Draft(text, masked, voice=turn.with_voice(), question=True))
        return
    more: list[Offer] = []
    if slot.choices is not None:
        if not frame.choices:
            offer_choices(turn, frame, slot)
        if not for_channel(turn, message).no_buttons:
            more.extend(Offer(one["label"], one) for one in frame.choices)
    elif for_channel(turn, message).offer_choices and slot.type == "yes_no":
        more += _yes_and_no(turn)
    elif for_channel(turn, message).offer_choices:
        more.extend(
            Offer(program.recogniser.label(slot.type, key, turn.scope.language), key)
            for key in program.recogniser.values(slot.type)
            if key not in turn.unwanted
        )
    if slot.optional and not frame.revising:
        more.append(Offer(engine_text(turn, "ses.skip"), _SKIP))
    _put_message(turn, question, "slot", message, more, f"?{slot.name}" if message is slot.ask else op.id)


_SKIP = {"#": "skip"}
"""The value of the button «Пропустить»: no slot can hold it."""


def is_skip(value: Any) -> bool:
    return bool(value == _SKIP)


def ordered_slots(flow: Flow) -> list[str]:
    """The slots a flow asks for, in its order."""
    return list(dict.fromkeys(op.slot for op in flow.ops if isinstance(op, Ask)))


def slot_title(turn: Turn, slot: Slot) -> str:
    titles = slot.title
    return titles.get(turn.scope.language) or titles.get("") or next(iter(titles.values()), slot.name)


# --- the engine's own questions ---


def _put_pending(turn: Turn, pending: Pending) -> None:
    name = {
        "flows": "ses.clarify",
        "change": "ses.change",
        "value": "ses.which_value",
        "which": "ses.which_slot",
        "passage": "ses.continue_here",
    }[pending.kind]
    message = turn.scope.program.texts.get(name)
    args = pending.value if pending.kind == "passage" else {}
    offers = [Offer(label, index, args=args) for index, label in enumerate(pending_labels(turn, pending))]
    if pending.kind == "flows" and (none := engine_text(turn, "ses.none_of_these")):
        offers.append(Offer(none, -1))
    turn.scope.local = {"slot": _pending_slot(turn, pending)}
    try:
        buttons = make_buttons(turn, pending.kind, (), offers, activity=pending.activity, slot=pending.slot)
        if message is not None:
            say(turn, message, name, buttons, question=True)
    finally:
        turn.scope.local = {}


def _pending_slot(turn: Turn, pending: Pending) -> str:
    slot = turn.scope.program.slots.get(pending.slot)
    return slot_title(turn, slot) if slot else ""


def pending_labels(turn: Turn, pending: Pending) -> list[str]:
    """What the buttons of one of the engine's own questions say."""
    program = turn.scope.program
    if pending.kind == "passage":
        return [engine_text(turn, "ses.yes"), engine_text(turn, "ses.no")]
    if pending.kind == "flows":
        flows = [turn.newest.flows[name] for name in pending.options if name in turn.newest.flows]
        return [flow.titles.get(turn.scope.language) or flow.title or flow.name for flow in flows]
    if pending.kind == "value":
        slot = program.slots[pending.slot]
        living = [turn.scope.living(slot, value) for value in pending.options]
        return [printed(value, turn.scope.language) for value in living]
    return [slot_title(turn, program.slots[name]) for name in pending.options if name in program.slots]
