"""Robots' system texts are in the language model's prompt cache before anybody asks."""

from __future__ import annotations

from collections.abc import Callable

from ses.llm.contract import Engine
from ses.llm.requests import ChatRequest
from ses.scenario.program.calls import Llm
from ses.scenario.program.robot import Program


def prompt_caching(engine: Engine, newest: Callable[[str], Program | None]) -> Callable[[str], None]:
    """To be called with the id of each robot that got a new version; `newest` gives that version."""

    def cache(robot: str) -> None:
        program = newest(robot)
        engine.cache_prompts(robot, prompts_of(program) if program is not None else [])

    return cache


def prompts_of(program: Program) -> list[ChatRequest]:
    """The system texts of a robot's `llm` steps, those in which nothing varies."""
    texts = dict.fromkeys(
        op.system.constant
        for flow in program.flows.values()
        for op in flow.ops
        if isinstance(op, Llm) and op.system is not None
    )
    return [ChatRequest(messages=[{"role": "system", "content": text}]) for text in texts if text]
