"""The real program as a process over a folder of its own: tests start it, end or kill it, and start it again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Daemon:
    """`ses run`.

    `config` is laid over two free ports; `robots`: the source of each, by id; `answers`: the addresses at which it is up when each
    of them answers with 200, in place of the API's `/ready`; `environment` is laid over that of the tests.
    """

    def __init__(
        self,
        folder: Path,
        config: Mapping[str, object],
        *,
        robots: Mapping[str, str] | None = None,
        answers: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        given: dict[str, Any] = {"port": free_port(), "widget": {"port": free_port()}, **config}
        self.port: int = given["port"]
        self.api = f"http://127.0.0.1:{self.port}"
        self.site = f"http://127.0.0.1:{given['widget']['port']}"
        self.folder, self.log, self.config = folder, folder / "output.log", folder / "config.json"
        self.process: asyncio.subprocess.Process | None = None
        self._answers = answers or (f"{self.api}/ready",)
        self._environment = {**os.environ, **(environment or {})}
        for name, source in (robots or {}).items():
            robot = folder / "scenarios" / name
            robot.mkdir(parents=True)
            (robot / "robot.yaml").write_text(source)
        self.config.write_text(json.dumps(given))
        self.config.chmod(0o600)

    async def start(self) -> None:
        """Launch it and wait until it is up."""
        await self.launch()
        await self.up()

    async def launch(self) -> None:
        with self.log.open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "ses", "run", "--config", str(self.config),
                cwd=ROOT, env=self._environment, stdout=output, stderr=output,
            )  # fmt: skip

    async def up(self) -> None:
        async with asyncio.timeout(60), ClientSession() as http:
            for address in self._answers:
                while not await self._answered(http, address):
                    self.lives()
                    await asyncio.sleep(0.02)

    async def _answered(self, http: ClientSession, address: str) -> bool:
        try:
            async with http.get(address) as answer:
                return answer.status == 200
        except ClientError:
            return False  # it is not listening yet

    def lives(self) -> None:
        """Fails with the end of its output if it has ended by itself."""
        assert self.process is not None
        assert self.process.returncode is None, self.output()

    def output(self) -> str:
        """The end of what it printed."""
        return self.log.read_text()[-2000:]

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int | None:
        """Send it a signal and wait until it is gone; its exit code, none if it never ran."""
        if self.process is None:
            return None
        if self.process.returncode is None:
            self.process.send_signal(how)
        return await self.process.wait()

    async def kill(self) -> None:
        await self.end(signal.SIGKILL)

    async def get(self, path: str) -> dict:
        async with ClientSession() as http, http.get(self.api + path) as answer:
            return await answer.json()
