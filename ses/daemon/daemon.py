"""One running daemon, from start to stop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine

import structlog
import uvloop

from ses.clock import SystemClock
from ses.config import Config, ConfigError, check_robots, load
from ses.connectors.web.connector import WebConnector
from ses.conversations.conversations import Conversations
from ses.conversations.lifecycle.robots import Robots
from ses.daemon import factories, language_model, speech
from ses.daemon.banner import banner
from ses.daemon.channels import Channels
from ses.daemon.ledger import Ledger
from ses.daemon.listeners import Listeners
from ses.daemon.llm_gateway import LlmGateway
from ses.daemon.reloadable_services import ReloadableServices
from ses.daemon.robot_files import RobotFiles
from ses.daemon.systemd import SystemdNotifier
from ses.gateway.ops.metrics import Metrics
from ses.logs import Logging, start_logging
from ses.redaction import Redactor

log = structlog.get_logger("ses.daemon")

GRACE = 10.0
"""Seconds that running turns have to finish when the daemon stops."""
RELOADED = frozenset({"auth", "servers", "connectors"})
"""Settings that a reload puts into force; the others wait for the next start."""


def run_daemon(config: Config, files: RobotFiles) -> None:
    """Run until told to end. Raises `SesError` when it cannot start."""
    redactor = Redactor(config.secrets)
    logging = start_logging(
        folder=config.logs.path,
        redactor=redactor,
        debug=config.logs.debug,
        backups=config.logs.backups,
        max_size=config.logs.maxSize,
        rotate=config.logs.rotate,
    )
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(config, files, redactor, logging))
    finally:
        logging.stop()


async def _run(config: Config, files: RobotFiles, redactor: Redactor, logging: Logging) -> None:
    await Daemon(config, files, redactor, logging).run()


class Daemon:
    """All parts together. Made inside the running loop."""

    def __init__(self, config: Config, files: RobotFiles, redactor: Redactor, logging: Logging) -> None:
        self._config = config
        self._redactor = redactor
        self._logging = logging
        self._clock = SystemClock()
        self._systemd = SystemdNotifier(self._clock)
        self._ended = asyncio.Event()
        self._reloading = asyncio.Lock()
        self._background: set[asyncio.Task[None]] = set()

        self._metrics = Metrics()
        self._store = factories.store(config, self._clock)
        self._robots = Robots(files, self._store, self._clock)
        emulations, self._own_site = factories.emulations(config, self._clock)
        self._services = ReloadableServices(
            factories.services(config, self._clock, self._metrics, self._own_site)
        )
        self._engine = language_model.engine(config, self._clock, self._metrics)
        self._audio = speech.audio_store(config, self._clock)
        voices = speech.voices(config, self._services, self._audio, self._connector, self._clock)
        self._conversations = Conversations(
            self._store,
            self._robots,
            self._services,
            clock=self._clock,
            limits=factories.conversation_limits(config),
            observer=self._metrics,
            model=self._engine,
            voices=voices,
        )
        if config.llm is not None:
            from ses.daemon.prompt_cache import prompt_caching

            self._robots.on_change(prompt_caching(self._engine, self._robots.newest))
        self._metrics.watch(self._conversations.stats)
        self._metrics.watch_logs(lambda: {"queue": logging.dropped, "disk": logging.failed})
        self._sites: dict[str, WebConnector] = {}
        self._channels = Channels(self._conversations, files.path, self._audio.path, self._clock)
        self._ledger = Ledger(config, self._clock, self._metrics, redactor)
        self._llm_gateway = LlmGateway(config, self._engine, self._ledger, self._clock)
        self._listeners = Listeners(
            config,
            clock=self._clock,
            metrics=self._metrics,
            conversations=self._conversations,
            robots=self._robots,
            robot_folder=files.path,
            emulations=emulations,
            sites=self._sites,
            channels=self._channels,
            readiness=self._readiness,
            healthy=lambda: language_model.healthy(self._engine.state()),
            llm_gateway=self._llm_gateway,
            recording=self._audio.path,
        )

    def _connector(self, name: str) -> object:
        return self._conversations.connector(name)

    async def run(self) -> None:
        """Start, serve until told to end, stop. Raises `SesError` when it cannot start."""
        self._on_signals()
        opened = False
        try:
            await self._store.open()
            opened = True
            await self._start()
            await self._ended.wait()
        finally:
            await self._stop(opened=opened)

    async def _start(self) -> None:
        await self._robots.reload()
        check_robots(self._config, self._known_robots())
        await self._apply_sites(self._config)  # first: turns left from before are delivered through them
        await self._channels.apply(self._config)
        await self._conversations.start()
        await self._ledger.open()
        await self._listeners.start()
        self._in_background("robots watched", self._robots.watch)
        if (files := factories.uploads(self._config)) is not None:
            self._in_background("uploads swept", files.run)
        self._in_background("recordings swept", self._audio.run)
        self._llm_gateway.start()
        await self._engine.start()  # it loads beside the conversations: nothing here waits for it
        _settle_memory()
        api, public, robots = self._listeners.api, self._listeners.public, self._robots.ids()
        log.info("started", robots=robots, api=api, public=public)
        self._systemd.ready(self._status())
        if "INVOCATION_ID" not in os.environ:  # somebody looks on, not systemd
            sys.stderr.write(
                banner(
                    api,
                    public,
                    robots=robots,
                    sites=list(self._sites),
                    findings=self._robots.findings(),
                    keys=self._config.auth is not None,
                    model=self._config.llm is not None or self._config.gateway.chat.url is not None,
                )
            )

    async def _stop(self, *, opened: bool) -> None:
        self._systemd.stopping()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._listeners.refuse()
        await self._channels.refuse()
        await asyncio.gather(*(site.stop() for site in self._sites.values()))
        await self._conversations.stop(grace=GRACE)
        await self._channels.stop()
        await self._listeners.stop()
        await self._services.close()
        await self._engine.stop()
        await self._llm_gateway.stop()
        await self._ledger.close()
        if opened:
            await self._store.close()
        self._systemd.close()
        log.info("stopped")

    # --- while it runs -------------------------------------------------------------------------------------

    def _on_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for ending in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(ending, self._ended.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._in_background("reload", self._reload))
        loop.add_signal_handler(signal.SIGUSR1, self._logging.reopen)

    def _in_background(self, name: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
        task = asyncio.get_running_loop().create_task(self._watched(name, work), name=name)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _watched(self, name: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
        try:
            await work()
        except Exception:
            log.exception("a background task failed", task=name)

    async def _reload(self) -> None:
        """Read the configuration and the robots again. A bad configuration changes nothing."""
        async with self._reloading:
            self._systemd.reloading()
            await self._robots.reload()
            file = self._config.file
            try:
                if file is not None:
                    config = await asyncio.to_thread(load, file)
                    check_robots(config, self._known_robots())
                    await self._apply(config)
            except ConfigError as error:
                # Its text is for the administrator; a traceback would hide it.
                problems = str(error)
                log.error(  # noqa: TRY400
                    "the configuration has mistakes; the one before stays in force", problems=problems
                )
            self._systemd.ready(self._status())

    async def _apply(self, config: Config) -> None:
        before, self._config = self._config, config
        self._redactor.learn(config.secrets)
        self._listeners.access.replace(factories.access_keys(config))
        if config.servers != before.servers:
            suite = factories.services(config, self._clock, self._metrics, self._own_site)
            await self._services.replace(suite)
        await self._apply_sites(config)
        await self._channels.apply(config)
        changed = [
            name for name in type(config).model_fields if getattr(config, name) != getattr(before, name)
        ]
        waiting = [name for name in changed if name not in RELOADED]
        if waiting:
            log.warning("these settings take effect at the next start", settings=waiting)
        log.info("the configuration was reloaded", changed=changed)

    async def _apply_sites(self, config: Config) -> None:
        """Start the websites' connectors that are new or changed, stop those that are gone."""
        wanted = {
            name: factories.web_connector(config, name, web, self._clock)
            for name, web in config.connectors.web.items()
        }
        for name, site in list(self._sites.items()):
            if name not in wanted or wanted[name].site != site.site:
                del self._sites[name]
                await site.stop()
        for name, site in wanted.items():
            if name not in self._sites:
                self._conversations.attach(site)
                await site.start(self._conversations)
                self._sites[name] = site

    def _known_robots(self) -> set[str]:
        """Robots with a folder, those with errors among them: an error in a robot is no error of the configuration."""
        return {*self._robots.ids(), *self._robots.findings()}

    def _status(self) -> str:
        """For `systemctl status`."""
        api, public = self._listeners.api, self._listeners.public
        return f"{len(self._robots.ids())} robots; API at {api}; websites at {public}"

    def _readiness(self) -> dict[str, str]:
        """Every part's state; what harms only some conversations is `degraded`."""
        problems = dict(self._conversations.ready())
        state = {
            part: problems.pop(part, "ok") for part in ("conversations", "storage", "robots", "services")
        }
        if state["robots"] != "ok":
            state["robots"] = f"degraded: {state['robots']}"
        if failing := self._services.failing():
            state["services"] = f"degraded: {', '.join(failing)} keep failing"
        state |= problems | self._ledger.problems()
        return state | language_model.readiness(self._engine.state())


def _settle_memory() -> None:
    """What was built so far lives as long as the daemon: the collector need not look at it again and again.

    Imports and robots leave hardly any cycles (1,000 objects and some 200 a robot): to look for them first would hold the first
    answer for 60 ms.
    """
    gc.freeze()
