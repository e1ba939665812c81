"""Packages that bring a kind of connector, installed without an installer: a folder of metadata on the path."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ..daemon import ROOT, Daemon

MAX = ROOT / "docs/examples/ses-connector-max"


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


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site")


@pytest.fixture
async def daemon(site):
    """Make a daemon for a configuration."""
    made = []

    def make(config):
        made.append(Daemon(site.folder.parent, config, environment=site.environment))
        return made[-1]

    yield make
    for one in made:
        await one.kill()
