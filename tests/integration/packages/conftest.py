"""Packages that bring a kind of connector, installed without an installer: a folder of metadata on the path."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession

ROOT = Path(__file__).parents[3]
MAX = ROOT / "docs/examples/ses-connector-max"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Site:
    """A folder of installed packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths = [str(ROOT), str(folder)]
        folder.mkdir()

    def install(self, name: str, kind: str, target: str, **modules: str) -> None:
        """Name an entry point; `modules`: the source of each."""
        info = self.folder / f"{name.replace('-', '_')}-0.1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
        (info / "entry_points.txt").write_text(f"[ses.connectors]\n{kind} = {target}\n")
        for module, source in modules.items():
            (self.folder / f"{module}.py").write_text(source)

    def install_max(self) -> None:
        self.install("ses-connector-max", "max", "ses_connector_max:KIND")
        self.paths.append(str(MAX / "src"))

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": os.pathsep.join(self.paths)}

    def ses(self, *words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ses", *map(str, words)],
            env=self.environment, capture_output=True, text=True, timeout=60, cwd=self.folder.parent,
        )  # fmt: skip


class Daemon:
    """`ses run` with the packages of a site."""

    def __init__(self, site: Site, config: dict) -> None:
        self._site = site
        folder = site.folder.parent
        self.log = folder / "output.log"
        self.config = folder / "config.json"
        self.api = f"http://127.0.0.1:{config['port']}"
        self.config.write_text(json.dumps(config))
        self.config.chmod(0o600)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "ses", "run", "--config", str(self.config),
                env=self._site.environment, stdout=output, stderr=output,
            )  # fmt: skip
        async with asyncio.timeout(60), ClientSession() as http:
            while True:
                assert self._process.returncode is None, self.log.read_text()
                try:
                    async with http.get(f"{self.api}/ready") as answer:
                        if answer.status == 200:
                            return
                except ClientError:
                    pass
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def get(self, path: str) -> dict:
        async with ClientSession() as http, http.get(self.api + path) as answer:
            return await answer.json()


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site")


@pytest.fixture
async def daemon(site):
    """Make a daemon for a configuration."""
    made = []

    def make(config):
        made.append(Daemon(site, {"port": free_port(), "widget": {"port": free_port()}, **config}))
        return made[-1]

    yield make
    for one in made:
        await one.kill()
