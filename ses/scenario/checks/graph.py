"""The operations of a robot as a graph: where each may go on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ses.scenario.program.definitions import Flow
from ses.scenario.program.operations import (
    CallFlow,
    Confirm,
    End,
    GotoFlow,
    Jump,
    LoopNext,
    Menu,
    Op,
    Return,
    Test,
)


class Place(NamedTuple):
    """An operation: a flow's name and the number of the operation in it."""

    flow: str
    number: int


def op_at(flows: Mapping[str, Flow], place: Place) -> Op:
    return flows[place.flow].ops[place.number]


def within_flow(flow: Flow, index: int) -> Iterator[int]:
    """Operations of the same flow that may run next; those of a failure among them."""
    op = flow.ops[index]
    match op:
        case Jump():
            yield op.target
        case End() | Return() | GotoFlow():
            pass
        case Test():
            yield index + 1
            yield op.otherwise
        case LoopNext():
            yield index + 1
            yield op.end
        case Confirm():
            yield index + 1
            if op.no is not None:
                yield op.no
        case Menu():
            yield from (item.target for item in op.items)
        case _:
            yield index + 1
    yield from recovery_of(flow, index)


def recovery_of(flow: Flow, index: int) -> Iterator[int]:
    """Where an error of this operation goes on in its flow."""
    if flow.ops[index].leaves or isinstance(flow.ops[index], CallFlow):
        for handler in flow.handlers:
            if handler.start <= index < handler.end:
                yield handler.target
                return


def successors(flows: Mapping[str, Flow], place: Place) -> Iterator[Place]:
    """What may run next in the same frame: `goto FLOW` goes to that flow's beginning, a `call` behind itself."""
    flow = flows[place.flow]
    op = flow.ops[place.number]
    if isinstance(op, GotoFlow) and op.flow in flows:
        yield Place(op.flow, 0)
    yield from (Place(place.flow, index) for index in within_flow(flow, place.number))


def components(starts: Iterable[Place], flows: Mapping[str, Flow]) -> Iterator[list[Place]]:
    """Strongly connected components with a cycle in them (Tarjan, without recursion)."""
    order: dict[Place, int] = {}
    low: dict[Place, int] = {}
    on_stack: set[Place] = set()
    stack: list[Place] = []
    for start in starts:
        if start in order:
            continue
        work: list[tuple[Place, Iterator[Place]]] = [(start, successors(flows, start))]
        order[start] = low[start] = len(order)
        stack.append(start)
        on_stack.add(start)
        while work:
            place, coming = work[-1]
            for after in coming:
                if after not in order:
                    order[after] = low[after] = len(order)
                    stack.append(after)
                    on_stack.add(after)
                    work.append((after, successors(flows, after)))
                    break
                if after in on_stack:
                    low[place] = min(low[place], order[after])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[place])
                if low[place] == order[place]:
                    component: list[Place] = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.append(member)
                        if member == place:
                            break
                    if len(component) > 1 or place in successors(flows, place):
                        yield component
