"""`ses chat`: a robot in the terminal."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ses.cli.options import ConfigOption
from ses.clock import SystemClock
from ses.config import Config, ConfigError, find, load
from ses.errors import SesError
from ses.services.address_rules import AddressRules
from ses.services.settings import ServiceSettings
from ses.services.suite import PORTS, ServiceSuite
from ses.services.testapi import OwnTestApi, TestApi
from ses.testing.robots import robot_named
from ses.testing.terminal import Terminal

API_PORT = 6190


def chat(
    robot: Annotated[str, typer.Argument(help="A robot of the configuration, or its folder.")],
    *,
    ask_model: Annotated[
        bool, typer.Option("--ask-model", help="Start the configured language model for `llm` steps.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Talk to a robot here: type text, or the number of a button.

    /trace shows why it answered so, /new begins anew, /quit leaves. An edit of the robot's files acts at the next
    message. Services are those of the configuration; without one they are played by testapi/ beside the robots.
    """
    settings = _configuration(config)
    folder = robot_named(robot, settings.scenarios if settings else _existing(Path("scenarios")))
    if ask_model and settings is None:
        raise SesError("--ask-model needs a configuration with `llm`: see --config")
    asyncio.run(_talk(folder, settings, ask_model=ask_model))


def _configuration(given: Path | None) -> Config | None:
    """The configuration when one was named or is there; a robot can be tried without."""
    try:
        path = find(given)
    except ConfigError:  # there is none to be found
        return None
    config = load(path)
    for warning in config.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return config


def _existing(path: Path) -> Path | None:
    return path if path.is_dir() else None


async def _talk(folder: Path, config: Config | None, *, ask_model: bool) -> None:
    clock = SystemClock()
    async with AsyncExitStack() as parts:
        services = _services(folder, config, clock)
        parts.push_async_callback(services.close)
        model = None
        if ask_model and config is not None:
            from ses.cli.llm import running

            print("the language model is loading…", file=sys.stderr)
            model = await parts.enter_async_context(running(config))
        console = Console(highlight=False)
        await Terminal(folder, services, clock, console, sys.stdin, model=model).run()


def _services(folder: Path, config: Config | None, clock: SystemClock) -> ServiceSuite:
    """The configured services; without a configuration all six are the emulations."""
    port = config.port if config else API_PORT
    testapi = config.testapi if config else _existing(folder.resolve().parent.parent / "testapi")
    own = (
        OwnTestApi(TestApi(testapi), frozenset({("127.0.0.1", port), ("localhost", port)}), clock)
        if testapi
        else None
    )
    settings: Mapping[str, ServiceSettings] = (
        {name: _settings(config, name) for name in PORTS}
        if config
        else {name: ServiceSettings(url=f"http://127.0.0.1:{port}/ses/testapi/{name}") for name in PORTS}
    )
    rules = AddressRules(config.limits.http.allow if config else ())
    return ServiceSuite(settings, rules, clock=clock, own_site=own)


def _settings(config: Config, name: str) -> ServiceSettings:
    server = getattr(config.servers, name)
    return ServiceSettings(server.url, server.timers.connect, server.timers.read, server.paths, server.fields)
