"""Starts vLLM off the loop, and hands over a core that serves."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import threading
import time
from argparse import Namespace
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from ses.llm.errors import EngineError
from ses.llm.parent_death_guard import VARIABLE
from ses.llm.vllm.core import VllmCore
from ses.llm.vllm.failures import in_a_line
from ses.llm.vllm.gauge import Gauge, gauge_factory
from ses.llm.vllm.settings import VllmSettings, command_line, environment

ONE_AT_A_TIME = threading.Lock()
"""vLLM keeps the configuration it is building from in a global; besides, two models would fight for cores and memory."""
LAST_WORDS = 20.0
"""Seconds that a model which is loading may keep the daemon from ending."""


class _Loaded(NamedTuple):
    """What the loading thread hands over."""

    engine: Any
    args: Namespace
    gauge: Gauge


async def start_core(settings: VllmSettings) -> VllmCore:
    """Load the model. Raises `EngineError` saying what is missing or wrong."""
    loaded = await _in_thread(lambda: _load(settings))
    try:
        return await _serving(loaded, settings)
    except BaseException:
        await asyncio.to_thread(loaded.engine.shutdown, 0)
        raise


def _load(settings: VllmSettings) -> _Loaded:
    """Imports and the start of the engine core: half a minute of work that must not stand on the loop."""
    with ONE_AT_A_TIME:
        return _load_alone(settings)


def _load_alone(settings: VllmSettings) -> _Loaded:
    os.environ.update(environment(os.environ, on_cpu=False))
    os.environ[VARIABLE] = str(os.getpid())
    try:
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.platforms import current_platform
        from vllm.v1.engine.async_llm import AsyncLLM
    except ImportError as error:
        raise EngineError(
            f"vLLM is not installed ({error}); `ses model install` installs it, or use the engine `remote`"
        ) from error
    gc.freeze()  # what was imported stays: a collection that walked all of torch would hold the loop for half a second
    on_cpu = current_platform.is_cpu()
    os.environ.update(environment(os.environ, on_cpu=on_cpu))
    args = _arguments(command_line(settings, on_cpu=on_cpu))
    gauges: list[Gauge] = []
    try:
        # No name for the engine: vLLM's modules remember this frame in tracebacks, and with it they would keep the engine alive.
        return _Loaded(
            AsyncLLM.from_vllm_config(
                vllm_config=AsyncEngineArgs.from_cli_args(args).create_engine_config(),
                stat_loggers=[gauge_factory(gauges)],
                enable_log_requests=args.enable_log_requests,
                disable_log_stats=True,  # its own counters go into a registry that nobody here shows
            ),
            args,
            gauges[0],
        )
    except (ValueError, TypeError, OSError, RuntimeError) as error:
        raise EngineError(in_a_line(error)) from error


def _arguments(words: list[str]) -> Namespace:
    """Raises `EngineError` for what vLLM does not know."""
    from vllm.entrypoints.launchers.cli_args import make_arg_parser, validate_parsed_serve_args
    from vllm.reasoning import ReasoningParserManager
    from vllm.tool_parsers import ToolParserManager
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    class Parser(FlexibleArgumentParser):  # type: ignore[misc]  # vLLM is not looked into
        def error(self, message: str) -> NoReturn:
            raise EngineError(f"llm.args: {message}")  # argparse would end the process

    args: Namespace = make_arg_parser(Parser()).parse_args(words)
    try:
        validate_parsed_serve_args(args)
    except (ValueError, TypeError) as error:
        raise EngineError(f"llm.args: {in_a_line(error)}") from error
    if args.tool_parser_plugin:
        ToolParserManager.import_tool_parser(args.tool_parser_plugin)
    if args.reasoning_parser_plugin:
        ReasoningParserManager.import_reasoning_parser(args.reasoning_parser_plugin)
    return args


async def _serving(loaded: _Loaded, settings: VllmSettings) -> VllmCore:
    from starlette.datastructures import State
    from vllm.entrypoints.launchers.api_server.app_state import init_app_state

    state = State()
    tasks = await loaded.engine.get_supported_tasks()
    wanted = "embed" if settings.embeddings else "generate"
    if wanted not in tasks:
        raise EngineError(f"the model {settings.model} cannot {wanted}: it offers {', '.join(tasks)}")
    await init_app_state(loaded.engine, state, loaded.args, tasks)
    return VllmCore(loaded.engine, state, loaded.gauge, settings.name)


async def _in_thread(work: Callable[[], _Loaded]) -> _Loaded:
    """Run `work` in a thread of its own: those of the loop's pool would keep a daemon that ends waiting for them."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    made: list[
        _Loaded
    ] = []  # not the future's result: who remembers the future would keep the engine from being freed

    def run() -> None:
        try:
            made.append(work())
        except BaseException as error:  # noqa: BLE001  raised again where it is awaited
            _tell(loop, done.set_exception, error)
        else:
            _tell(loop, done.set_result, None)

    thread = threading.Thread(target=run, name="model", daemon=True)
    thread.start()
    try:
        await asyncio.shield(done)
    except asyncio.CancelledError:
        await asyncio.to_thread(_interrupt, thread)
        if made:
            await asyncio.to_thread(made.pop().engine.shutdown, 0)
        raise
    return made.pop()


def _interrupt(thread: threading.Thread) -> None:
    """Let the thread end soon: one that waits for the engine core to load fails when that is gone."""
    ends = time.monotonic() + LAST_WORDS
    while thread.is_alive() and time.monotonic() < ends:
        for child in multiprocessing.active_children():
            if child.name.startswith("EngineCore"):
                child.kill()
        thread.join(0.2)


def _tell(loop: asyncio.AbstractEventLoop, tell: Callable[[Any], None], news: object) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(tell, news)
