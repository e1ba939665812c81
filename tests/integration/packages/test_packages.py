"""What becomes of packages that are whole, broken, of another time, or not there."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

ROBOT = """
id: echo
title: Echo
language: en
flows:
  hello:
    on: [hello]
    steps:
      - say: {text: "Hello.", channels: {PLACE: "Hello over there."}}
"""
BOT = {"robot": "echo", "token": "t-o-k-e-n"}
MODULE = """
from ses.config.fields import RobotId, Secret, Section
from ses.connectors.contract import Kind
from ses.connectors.testing import MemoryConnector

class Pigeon(Section):
    robot: RobotId
    token: Secret
    lofts: int = 1

def make(context):
    MAKE
    return MemoryConnector(context.name, context.settings.robot, kind="pigeon")

KIND = Kind(contract=CONTRACT, settings=Pigeon, make=make)
"""


def module(contract: int = 1, make: str = "pass") -> str:
    return MODULE.replace("CONTRACT", str(contract)).replace("MAKE", make)


@pytest.fixture
def written(tmp_path):
    """Write a robot and a configuration; its path."""

    def write(connectors, place="web"):
        folder = tmp_path / "scenarios/echo"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "robot.yaml").write_text(ROBOT.replace("PLACE", place))
        path = tmp_path / "config.json"
        path.write_text(json.dumps({"port": 0, "widget": {"port": 0}, "connectors": connectors}))
        path.chmod(0o600)
        return path

    return write


def test_a_packages_settings_are_checked_by_its_own_model(site, written):
    site.install("ses-pigeon", "pigeon", "ses_pigeon:KIND", ses_pigeon=module())
    good = site.ses("config", "--config", written({"pigeon": {"roof": {**BOT, "lofts": 3}}}), "--show")
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout)["connectors"]["pigeon"]["roof"]["lofts"] == 3
    assert "t-o-k-e-n" not in good.stdout
    bad = site.ses("config", "--config", written({"pigeon": {"roof": {**BOT, "loft": 3, "lofts": "many"}}}))
    assert bad.returncode == 2
    assert "connectors.pigeon.roof.loft: unknown key; did you mean `lofts`?" in bad.stderr
    assert 'connectors.pigeon.roof.lofts: must be a whole number, not "many"' in bad.stderr
    hidden = site.ses("config", "--config", written({"pigeon": {"roof": {"robot": "echo", "token": 77}}}))
    assert hidden.returncode == 2
    assert "77" not in hidden.stderr


def test_an_unknown_kind_names_the_installed_ones(site, written):
    site.install("ses-pigeon", "pigeon", "ses_pigeon:KIND", ses_pigeon=module())
    near = site.ses("config", "--config", written({"pigeons": {}}))
    assert "connectors.pigeons: unknown key; did you mean `pigeon`?" in near.stderr
    far = site.ses("config", "--config", written({"smoke": {}}))
    assert far.returncode == 2
    assert "there is no such kind of connector; known here: `pigeon`, `telegram`, `vk` or `web`" in far.stderr


def test_a_robot_may_speak_differently_in_a_packages_channel(site, written, tmp_path):
    written({}, place="pigeon")
    unknown = site.ses("check", tmp_path / "scenarios/echo")
    assert unknown.returncode != 0
    assert "there is no channel `pigeon`" in unknown.stdout + unknown.stderr
    site.install("ses-pigeon", "pigeon", "ses_pigeon:KIND", ses_pigeon=module())
    known = site.ses("check", tmp_path / "scenarios/echo")
    assert known.returncode == 0, known.stdout


BROKEN = {
    "gone": ("import no_such_library", "cannot be loaded: ModuleNotFoundError: No module named"),
    "later": (module(contract=2), "is written for version 2 of the connector contract, this SES has 1"),
    "empty": ("KIND = object()", "is written for version none that can be read"),
    "loose": (
        module().replace("(Section)", "(dict)"),
        "something else than a subclass of `ses.config.fields.Section`",
    ),
    "lame": (
        module(make="raise RuntimeError('no wings', context.settings.token.get_secret_value())"),
        "cannot make it: RuntimeError: ('no wings', '***')",
    ),
    "raven": (module(), "with the name raven.roof"),
}
"""Kinds, their packages' source, and what is said of them."""


async def test_broken_packages_are_named_and_the_others_go_on(site, daemon, tmp_path):
    for kind, (source, _) in BROKEN.items():
        site.install(f"ses-{kind}", kind, f"ses_{kind}:KIND", **{f"ses_{kind}": source})
    site.install("ses-pigeon", "pigeon", "ses_pigeon:KIND", ses_pigeon=module())
    (tmp_path / "scenarios/echo").mkdir(parents=True)
    (tmp_path / "scenarios/echo/robot.yaml").write_text(ROBOT.replace("PLACE", "web"))
    web = {
        "site": {
            "token": "t", "robot": "echo", "origins": ["https://shop.example"], "elsewhere": ["pigeon.roof"]
        }
    }  # fmt: skip
    kinds = {kind: {"roof": BOT} for kind in ("pigeon", *BROKEN)}
    running = daemon({"connectors": {"web": web, **kinds}})
    await running.start()
    states = {one["name"]: one for one in (await running.get("/ses/connectors"))["connectors"]}
    told = (tmp_path / "logs/ses.log").read_text()
    assert states["web.site"]["condition"] == states["pigeon.roof"]["condition"] == "connected"
    for kind, (_, problem) in BROKEN.items():
        state = states[f"{kind}.roof"]
        assert (state["condition"], state["robot"]) == ("refused", "echo")
        assert f"the package ses-{kind} 0.1.0 " in state["problem"]
        assert problem in state["problem"]
        assert problem in told
    assert "no conversation can go on there" in told, "what a package does not offer is told at the start"
    assert "t-o-k-e-n" not in told + running.log.read_text() + str(states)


def test_without_its_package_max_is_one_warning_with_the_remedy(site, written):
    shown = site.ses("config", "--config", written({"max": {"shop": BOT}}))
    assert shown.returncode == 0, shown.stderr
    told = [line for line in (shown.stdout + shown.stderr).splitlines() if "connectors.max" in line]
    assert len(told) == 1
    assert "ses-connector-max, which is not installed here; docs/connectors.md says how to get it" in told[0]


async def test_the_smallest_connector_of_the_documentation_works(site, daemon, tmp_path):
    code = re.search(r"```python\n(.*?)```", (ROOT / "docs/connectors.md").read_text(), re.DOTALL)
    assert code is not None
    site.install("ses-connector-line", "line", "ses_connector_line:KIND", ses_connector_line=code[1])
    (tmp_path / "scenarios/echo").mkdir(parents=True)
    (tmp_path / "scenarios/echo/robot.yaml").write_text(ROBOT.replace("PLACE", "line"))
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    running = daemon({"connectors": {"line": {"desk": {"robot": "echo", "port": port}}}})
    await running.start()
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello\n")
        assert await reader.readline() == b"Hello over there.\n"
        writer.close()
    (state,) = (await running.get("/ses/connectors"))["connectors"]
    assert (state["name"], state["robot"], state["condition"]) == ("line.desk", "echo", "connected")
