"""The dialogue engine as the pipeline calls it; `ENGINE` is the real one, benches give an echo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ses.dialogue.engine import run_poison, run_turn
from ses.dialogue.state.ports import Leg, Ports
from ses.dialogue.state.session import Session
from ses.messages import Inbound
from ses.scenario.program.robot import Program


class RunTurn(Protocol):
    """`ses.dialogue.engine.run_turn`."""

    async def __call__(
        self,
        session: Session | None,
        inbounds: Sequence[Inbound],
        programs: Mapping[str, Program],
        newest: Program,
        ports: Ports,
        *,
        user_variables: Mapping[str, Any],
    ) -> Leg: ...


class RunPoison(Protocol):
    """`ses.dialogue.engine.run_poison`."""

    async def __call__(
        self,
        session: Session | None,
        inbound: Inbound,
        programs: Mapping[str, Program],
        newest: Program,
        ports: Ports,
        *,
        user_variables: Mapping[str, Any],
    ) -> Leg: ...


class Engine(NamedTuple):
    run: RunTurn
    poison: RunPoison


ENGINE = Engine(run_turn, run_poison)
