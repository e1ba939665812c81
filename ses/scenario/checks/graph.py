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


class Location(NamedTuple):
    """An operation: a flow's name and the number of the operation in it."""

    flow: str
    number: int


def op_at(flows: Mapping[str, Flow], location: Location) -> Op:
    return flows[location.flow].ops[location.number]


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


def successors(flows: Mapping[str, Flow], location: Location) -> Iterator[Location]:
    """What may run next in the same frame: `goto FLOW` goes to that flow's beginning, a `call` behind itself."""
    flow = flows[location.flow]
    op = flow.ops[location.number]
    if isinstance(op, GotoFlow) and op.flow in flows:
        yield Location(op.flow, 0)
    yield from (Location(location.flow, index) for index in within_flow(flow, location.number))


def components(starts: Iterable[Location], flows: Mapping[str, Flow]) -> Iterator[list[Location]]:
    """Strongly connected components with a cycle in them (Tarjan, without recursion)."""
    order: dict[Location, int] = {}
    low: dict[Location, int] = {}
    on_stack: set[Location] = set()
    stack: list[Location] = []
    for start in starts:
        if start in order:
            continue
        work: list[tuple[Location, Iterator[Location]]] = [(start, successors(flows, start))]
        order[start] = low[start] = len(order)
        stack.append(start)
        on_stack.add(start)
        while work:
            location, coming = work[-1]
            for after in coming:
                if after not in order:
                    order[after] = low[after] = len(order)
                    stack.append(after)
                    on_stack.add(after)
                    work.append((after, successors(flows, after)))
                    break
                if after in on_stack:
                    low[location] = min(low[location], order[after])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[location])
                if low[location] == order[location]:
                    component: list[Location] = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.append(member)
                        if member == location:
                            break
                    if len(component) > 1 or location in successors(flows, location):
                        yield component
