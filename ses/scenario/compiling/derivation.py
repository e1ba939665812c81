"""Which slots each value of a flow was computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ses.scenario.program.operations import Ask, LoopNext, LoopStart, Op, Set


def derived_from(ops: Sequence[Op], slots: frozenset[str]) -> Mapping[str, frozenset[str]]:
    """For every name that the operations write: the slots it depends on, through other names too.

    A correction of a slot makes the values computed from it wrong; this is known at load.
    """
    direct: dict[str, set[str]] = {}
    loops: dict[str, frozenset[str]] = {}
    for op in ops:
        if isinstance(op, LoopStart):
            loops[op.id] = op.reads
        if isinstance(op, Ask):
            continue
        if isinstance(op, Set):
            for one in op.assignments:
                reads = set(one.value.names) & op.reads
                direct.setdefault(one.name, set()).update(reads)
            continue
        reads = set(
            op.reads | (loops.get(op.start, frozenset()) if isinstance(op, LoopNext) else frozenset())
        )
        for name in op.writes:
            direct.setdefault(name, set()).update(reads)
    return {name: frozenset(_closure(name, direct) & slots) - {name} for name in direct}


def _closure(name: str, direct: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for source in direct.get(waiting.pop(), ()):
            if source not in seen:
                seen.add(source)
                waiting.append(source)
    return seen
