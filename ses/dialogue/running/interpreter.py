"""Running operations: from where the top activity stands until it rests at a question or the stack is empty."""

from __future__ import annotations

from collections.abc import Callable

from ses.dialogue.output.buttons import make_buttons
from ses.dialogue.output.messages import for_channel, say
from ses.dialogue.output.questions import begin_question, offer_choices
from ses.dialogue.output.speech import speak
from ses.dialogue.running.calls import call_biometry, call_http, call_service, send_message
from ses.dialogue.running.errors import give_up, handle_error
from ses.dialogue.slots.assignment import run_assignment, set_value, unset_value
from ses.dialogue.slots.filling import fill_from_turn
from ses.dialogue.state.frames import Activity, Frame, Loop
from ses.dialogue.state.legs import commit_leg
from ses.dialogue.state.stack import (
    MOVED,
    call_flow,
    clear_slot,
    end_activity,
    goto_flow,
    pop_frame,
    store_slot,
)
from ses.dialogue.state.turn import Turn
from ses.dialogue.state.undo_log import record_step
from ses.errors import StepError
from ses.scenario.program.calls import CallService, Http, Llm, Sbs, Send
from ses.scenario.program.definitions import Flow
from ses.scenario.program.operations import (
    Ask,
    CallFlow,
    Confirm,
    End,
    GotoFlow,
    Jump,
    LoopNext,
    LoopStart,
    Menu,
    Op,
    Return,
    Say,
    Set,
    Test,
    Unset,
)
from ses.scenario.program.robot import Program
from ses.scenario.values.values import plain


async def run(turn: Turn) -> None:
    """Run the top activity and, when it ends, those below, until one rests or none is left."""
    while (
        (activity := turn.top) is not None and not activity.frames[-1].open and turn.session.pending is None
    ):
        turn.enter(activity)
        frame = activity.frames[-1]
        program = turn.program(activity)
        flow = program.flows[frame.flow]
        try:
            await _run_frame(turn, program, activity, frame, flow)
        except StepError as error:
            handle_error(turn, error)


async def _run_frame(turn: Turn, program: Program, activity: Activity, frame: Frame, flow: Flow) -> None:
    ops = flow.ops
    index = flow.index_of[frame.op_id]
    try:
        while index >= 0 and not frame.open:
            op = ops[index]
            turn.count_step(flow.name, op)
            if (op.reads or op.writes or op.effect) and type(op) is not Ask:
                record_step(frame, op)
            if op.leaves:
                frame.op_id = op.id
                if turn.needs_speech:
                    await speak(turn)
                await commit_leg(turn)
                if op.effect:
                    turn.session.undo_snapshot = b""
                index = await _call_out(turn, frame, op, index)
            else:
                index = _RUN[type(op)](turn, activity, frame, op, index)
    except StepError:
        frame.op_id = ops[index].id
        raise
    if index >= 0:
        frame.op_id = ops[index].id


async def _call_out(turn: Turn, frame: Frame, op: Op, index: int) -> int:
    if isinstance(op, Http):
        value = await call_http(turn, op)
    elif isinstance(op, CallService):
        value = await call_service(turn, op)
    elif isinstance(op, Sbs):
        value = await call_biometry(turn, op)
    elif isinstance(op, Send):
        await send_message(turn, op)
        return index + 1
    elif isinstance(op, Llm):
        from ses.dialogue.llm.step import run_llm_step  # only robots with such steps need it

        return await run_llm_step(turn, frame, op, index)
    else:
        raise StepError("value", f"{op.at.file}:{op.at.line}: a step of this kind cannot run yet")
    if op.save:
        set_value(turn, frame, op.save, value)
    return index + 1


def _say(turn: Turn, activity: Activity, frame: Frame, op: Say, index: int) -> int:
    buttons = make_buttons(turn, "say", for_channel(turn, op.message).buttons, activity=activity.id)
    say(turn, op.message, op.id, buttons)
    return index + 1


def _ask(turn: Turn, activity: Activity, frame: Frame, op: Ask, index: int) -> int:
    slot = turn.scope.program.slots[op.slot]
    if op.again:
        clear_slot(turn, slot)
    elif slot.name in frame.skipped or turn.scope.stored(slot) is not None:
        if op.reads:
            record_step(frame, op)
        return index + 1
    if slot.default is not None and not slot.optional and not op.again:
        value = plain(slot.default.evaluate(turn.scope))
        if value is not None:
            store_slot(turn, frame, slot, value)
            return index + 1
    record_step(frame, op, question=True)
    frame.op_id = op.id
    if slot.choices is not None:
        offer_choices(turn, frame, slot)
        if not frame.choices:
            begin_question(turn, frame)
            give_up(turn)
            return MOVED
    begin_question(turn, frame)
    return index


def _wait_for_reply(turn: Turn, activity: Activity, frame: Frame, op: Op, index: int) -> int:
    frame.op_id = op.id
    begin_question(turn, frame)
    return index


def _set(turn: Turn, activity: Activity, frame: Frame, op: Set, index: int) -> int:
    for assignment in op.assignments:
        run_assignment(turn, frame, assignment)
    return index + 1


def _unset(turn: Turn, activity: Activity, frame: Frame, op: Unset, index: int) -> int:
    for name in op.names:
        unset_value(turn, frame, name)
    return index + 1


def _test(turn: Turn, activity: Activity, frame: Frame, op: Test, index: int) -> int:
    return index + 1 if op.condition.evaluate(turn.scope) else op.otherwise


def _jump(turn: Turn, activity: Activity, frame: Frame, op: Jump, index: int) -> int:
    return op.target


def _loop_start(turn: Turn, activity: Activity, frame: Frame, op: LoopStart, index: int) -> int:
    if op.items is not None:
        items = op.items.evaluate(turn.scope)
        if items is None:
            items = []
        if isinstance(items, dict):
            items = list(items)
        if not isinstance(items, list | tuple):
            raise StepError("value", f"{op.at.file}:{op.at.line}: `each` needs a list")
        frame.loops[op.id] = Loop([plain(item) for item in items], len(items))
    else:
        times = op.times.evaluate(turn.scope) if op.times is not None else 0
        if isinstance(times, bool) or not isinstance(times, int | float):
            raise StepError("value", f"{op.at.file}:{op.at.line}: `times` needs a number")
        frame.loops[op.id] = Loop(None, int(times))
    return index + 1


def _loop_next(turn: Turn, activity: Activity, frame: Frame, op: LoopNext, index: int) -> int:
    loop = frame.loops.get(op.start)
    if loop is None or loop.next >= loop.count:
        frame.loops.pop(op.start, None)
        return op.end
    number = loop.next
    loop.next += 1
    if op.name:
        set_value(turn, frame, op.name, loop.items[number] if loop.items is not None else number + 1)
    return index + 1


def _call(turn: Turn, activity: Activity, frame: Frame, op: CallFlow, index: int) -> int:
    if not (op.reads or op.writes):
        record_step(frame, op)
    frame.op_id = op.id
    args = {name: plain(value.evaluate(turn.scope)) for name, value in op.args.items()}
    call_flow(turn, activity, op.flow, args)
    fill_from_turn(turn, activity)
    return MOVED


def _goto(turn: Turn, activity: Activity, frame: Frame, op: GotoFlow, index: int) -> int:
    goto_flow(turn, activity, op.flow)
    fill_from_turn(turn, activity)
    return MOVED


def _end(turn: Turn, activity: Activity, frame: Frame, op: End, index: int) -> int:
    end_activity(turn, back=not activity.quiet)
    return MOVED


def _return(turn: Turn, activity: Activity, frame: Frame, op: Return, index: int) -> int:
    program = turn.scope.program
    value = plain(op.value.evaluate(turn.scope)) if op.value is not None else None
    if len(activity.frames) == 1:
        end_activity(turn, back=not activity.quiet)
        return MOVED
    pop_frame(turn, activity)
    caller = activity.frames[-1]
    flow = program.flows[caller.flow]
    if frame.flow.startswith("#on_correct."):
        turn.repeat_question = True
        return MOVED
    if frame.flow.startswith("#on_fail."):
        ask = flow.ops[flow.index_of[caller.op_id]]
        caller.open = False
        if not isinstance(ask, Ask) or turn.scope.stored(program.slots[ask.slot]) is None:
            end_activity(turn)
        else:
            caller.op_id = flow.ops[flow.index_of[caller.op_id] + 1].id
        return MOVED
    op_call = flow.ops[flow.index_of[caller.op_id]]
    if isinstance(op_call, Llm):
        from ses.dialogue.llm.tools import tool_returned

        tool_returned(turn, op_call, caller, value)
        return MOVED
    if isinstance(op_call, CallFlow) and op_call.save:
        set_value(turn, caller, op_call.save, value)
    caller.op_id = flow.ops[flow.index_of[caller.op_id] + 1].id
    return MOVED


_RUN: dict[type[Op], Callable[..., int]] = {
    Say: _say,
    Ask: _ask,
    Confirm: _wait_for_reply,
    Menu: _wait_for_reply,
    Set: _set,
    Unset: _unset,
    Test: _test,
    Jump: _jump,
    LoopStart: _loop_start,
    LoopNext: _loop_next,
    CallFlow: _call,
    GotoFlow: _goto,
    End: _end,
    Return: _return,
}
