"""Scores: which flows want an utterance, and how much ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ses.dialogue.output.questions import Question
from ses.dialogue.running.start import may_interrupt
from ses.dialogue.state.stack import active_flows
from ses.dialogue.state.turn import Turn
from ses.scenario.program.definitions import Trigger
from ses.scenario.program.recognition import Recognised
from ses.scenario.program.robot import Program


class Candidate(NamedTuple):
    """A flow that wants the utterance."""

    flow: str
    score: int
    """Whole thousandths."""
    near: bool
    """A `within` flow: it beats a global one inside the margin."""
    trigger: Trigger
    by: str


def thousandths(score: float) -> int:
    return round(score * 1000)


def candidates_of(turn: Turn, intents: Sequence[Recognised], question: Question | None) -> list[Candidate]:
    """Flows that the recognised intents trigger, best first, one entry each."""
    if not intents:
        return []
    newest = turn.newest
    running = set(active_flows(turn.session))
    best: dict[str, Candidate] = {}
    for one in intents:
        for trigger in newest.by_intent.get(one.intent, ()):
            flow = newest.flows[trigger.flow]
            if flow.name in running or (flow.within and not flow.within & running):
                continue
            score = round(one.score * 1000)
            known = best.get(flow.name)
            if known is not None and known.score >= score:
                continue
            if not may_interrupt(turn, question, flow.name):
                continue
            if trigger.condition is not None and not trigger.condition.evaluate(turn.scope):
                continue
            best[flow.name] = Candidate(flow.name, score, bool(flow.within), trigger, one.by)
    return sorted(best.values(), key=lambda one: -one.score)


def above(candidates: list[Candidate], least: int, threshold: float) -> list[Candidate]:
    return [one for one in candidates if one.score > least and one.score >= thousandths(threshold)]


def closest(winners: list[Candidate], margin: int) -> list[Candidate]:
    """The best, and those within the margin of it; there `within` flows beat global ones."""
    near = [one for one in winners if one.score >= winners[0].score - margin]
    return [one for one in near if one.near] or near


def see_entities(program: Program) -> list[str]:
    types = {slot.type for slot in program.slots.values() if slot.type}
    return sorted(name for name in types if program.recogniser.see(name) is not None)
