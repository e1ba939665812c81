"""install.sh, for real, into another folder with another account: install, update, uninstall.

One story in one file: each step takes what the step before left.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import socket
import subprocess
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[3]
ACCOUNT = f"sestest{os.getpid() % 100_000}"

pytestmark = [
    pytest.mark.root,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can install"),
    pytest.mark.skipif(shutil.which("useradd") is None, reason="this system has no useradd"),
]


class Machine:
    """The parts of a machine that install.sh touches, below one folder."""

    def __init__(self, folder: Path) -> None:
        self.prefix = folder / "opt/ses-test"
        self.units = folder / "units"
        self.bin = folder / "bin"
        self.wheels = folder / "wheels"

    def install_sh(
        self, *keys: str, script: Path = ROOT / "install.sh", **settings
    ) -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = [
            script, *keys,
            "--prefix", self.prefix, "--user", ACCOUNT, "--unit-dir", self.units, "--bin-dir", self.bin,
        ]  # fmt: skip
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            cwd="/",
            **settings,
        )

    def without_index(self) -> dict[str, str]:
        """The environment of an install.sh that finds its packages in a folder, as one does on a machine without a network. What
        the first install brought from the index need not be asked for again: that takes longer than all the rest."""
        if not self.wheels.exists():
            self.wheels.mkdir()
            python = self.prefix / "venv/bin/python"
            build: list[str | Path] = [
                python, "-m", "pip", "wheel", "--quiet", "--wheel-dir", self.wheels, "hatchling<2",
            ]  # fmt: skip
            subprocess.run(build, check=True, capture_output=True)
            (packages,) = (self.prefix / "venv/lib").glob("python3*/site-packages")
            for one in distributions(path=[str(packages)]):
                pack(one, self.wheels)
        return {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels)}

    def as_account(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["runuser", "-u", ACCOUNT, "--", *words], capture_output=True, text=True, cwd="/"
        )

    @contextmanager
    def daemon(self):
        """The installed daemon, started as the service starts it; yields the API's address when it says it is ready."""
        told = self.units / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(told))
            told.chmod(0o777)
            notify.settimeout(60)
            command: list[str | Path] = [
                "setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--clear-groups",
                self.prefix / "venv/bin/ses", "run", "--config", self.prefix / "config.json",
            ]  # fmt: skip
            process = subprocess.Popen(
                command,
                env={"NOTIFY_SOCKET": str(told), "INVOCATION_ID": "a-test", "PATH": "/usr/bin:/bin"},
                cwd=self.prefix,
                stderr=subprocess.PIPE,
                text=True,
            )
            try:
                states = ""
                while "READY=1" not in states:
                    states += notify.recv(4096).decode() + "\n"
                api = re.search(r"http://127\.0\.0\.1:\d+", states)
                assert api is not None, states
                yield api[0]
            finally:
                process.terminate()
                complaints = process.communicate(timeout=60)[1]
                told.unlink()
            assert (process.returncode, complaints) == (0, "")


def pack(distribution, folder: Path) -> None:
    """Make a wheel again of an installed distribution."""
    tags = [
        line[5:].split("-") for line in distribution.read_text("WHEEL").splitlines() if line[:5] == "Tag: "
    ]
    tag = "-".join(".".join(dict.fromkeys(parts)) for parts in zip(*tags, strict=True))
    name = distribution.name.replace("-", "_")
    with ZipFile(folder / f"{name}-{distribution.version}-{tag}.whl", "w") as wheel:
        for file in distribution.files:
            if ".." not in file.parts and file.suffix != ".pyc":
                wheel.write(file.locate(), file)


def call(address: str, key: str, content: object = None) -> tuple[int, dict]:
    """GET, or POST of JSON, with the key: status and body."""
    body = None if content is None else json.dumps(content).encode()
    request = Request(address, body, {"X-API-Key": key, "Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


@pytest.fixture(scope="module")
def machine():
    folder = (
        Path("/var/tmp") / f"ses-install-{os.getpid()}"
    )  # the account must be able to reach it, unlike pytest's folder
    folder.mkdir(mode=0o755)
    yield Machine(folder)
    subprocess.run(["userdel", ACCOUNT], capture_output=True)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def installed(machine):
    done = machine.install_sh("-i")
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def owner(path: Path) -> str:
    return pwd.getpwuid(path.stat().st_uid).pw_name


def test_nothing_is_uninstalled_where_nothing_is(machine):
    done = machine.install_sh("-u", "-y")
    assert done.returncode == 1
    assert "there is no SES in" in done.stderr


def test_a_folder_of_somebody_else_is_left_alone(machine):
    machine.prefix.mkdir(parents=True)
    (machine.prefix / "precious").touch()
    done = machine.install_sh("-i")
    assert done.returncode == 1
    assert "was not made by this script" in done.stderr
    assert [path.name for path in machine.prefix.iterdir()] == ["precious"]
    shutil.rmtree(machine.prefix)


def test_the_first_install_makes_account_folders_environment_and_configuration(machine, installed):
    assert owner(machine.prefix / "config.json") == ACCOUNT
    assert (machine.prefix / "config.json").stat().st_mode & 0o777 == 0o600
    for folder in ("data", "logs", "storage"):
        assert owner(machine.prefix / folder) == ACCOUNT
        assert (machine.prefix / folder).stat().st_mode & 0o007 == 0, (
            "conversations are nobody else's business"
        )
    assert owner(machine.prefix / "venv/bin/python") == "root", "the daemon cannot change its own code"
    assert {path.name for path in (machine.prefix / "scenarios").iterdir()} >= {"pizzeria", "helpdesk"}
    assert not [p for p in (machine.prefix / "scenarios").rglob("*") if p.stat().st_mode & 0o022], (
        "robots are trusted code"
    )
    config = json.loads((machine.prefix / "config.json").read_text())
    assert len(config["auth"]["keys"]["admin"]["key"]) == 64
    assert config["auth"]["keys"]["admin"]["key"] not in installed.stdout + installed.stderr


def test_the_account_can_use_what_was_installed(machine, installed):
    done = machine.as_account(
        str(machine.bin / "ses"), "config", "--config", str(machine.prefix / "config.json")
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert machine.as_account("touch", str(machine.prefix / "venv/bin/x")).returncode != 0


def test_scripts_styles_and_texts_travel_with_the_package(machine, installed):
    (package,) = (machine.prefix / "venv/lib").glob("python3*/site-packages/ses")
    here = {path.relative_to(ROOT / "ses") for path in (ROOT / "ses").rglob("*") if path.is_file()}
    assets = {path for path in here if path.suffix not in (".py", ".pyc")}
    assert assets
    assert [str(path) for path in assets if not (package / path).is_file()] == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_finds_no_fault_with_the_unit(machine, installed):
    unit = machine.units / "ses-test.service"
    text = unit.read_text()
    assert f"User={ACCOUNT}" in text
    assert "/opt/ses/" not in text.replace(str(machine.prefix), "")
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    complaints = [line for line in (done.stdout + done.stderr).splitlines() if unit.name in line]
    assert (done.returncode, complaints) == (0, [])


def test_an_update_keeps_conversations_and_everything_that_is_the_administrators(machine, installed):
    config = machine.prefix / "config.json"
    settings = json.loads(config.read_text())
    key = settings["auth"]["keys"]["admin"]["key"]
    config.write_text(
        json.dumps({**settings, "port": 0, "widget": {"port": 0}})
    )  # so that two can run on a machine
    before = config.read_bytes()
    with machine.daemon() as api:
        assert call(f"{api}/ses/robots", "wrong")[0] == 403
        status, asked = call(f"{api}/ses/ask/helpdesk", key, {"text": "hello"})
        assert (status, asked["error"]) == (200, 0)
    (machine.prefix / "storage/voice").write_text("sound")
    (machine.prefix / "testapi/own.reply").write_text("mine")
    robot = machine.prefix / "scenarios/helpdesk/robot.yaml"
    robot.write_text(robot.read_text() + "# changed here\n")
    shutil.rmtree(machine.prefix / "scenarios/pizzeria")
    config.write_bytes(before := before.replace(b'"robot": "pizzeria"', b'"robot": "helpdesk"'))
    log = (machine.prefix / "logs/ses.log").read_text()
    environment = (machine.prefix / "venv").resolve()
    (machine.prefix / "packages.txt").write_text(f"{ROOT}/docs/examples/ses-connector-max\n")

    done = machine.install_sh("-i", env=machine.without_index())

    assert done.returncode == 0, done.stdout + done.stderr
    assert config.read_bytes() == before
    assert config.stat().st_mode & 0o777 == 0o600
    assert (machine.prefix / "logs/ses.log").read_text() == log
    assert (machine.prefix / "storage/voice").read_text() == "sound"
    assert (machine.prefix / "testapi/own.reply").read_text() == "mine"
    assert robot.read_text().endswith("# changed here\n")
    assert not (machine.prefix / "scenarios/pizzeria").exists(), "a robot that was removed does not come back"
    assert (machine.prefix / "venv").resolve() != environment
    assert not environment.exists(), "old releases do not pile up"
    brought = [machine.prefix / "venv/bin/python", "-c", "import ses.extensions as e; print(*e.installed())"]
    assert subprocess.run(brought, capture_output=True, text=True, cwd="/").stdout == "max\n"
    with machine.daemon() as api:
        status, session = call(f"{api}/ses/session/helpdesk/{asked['session_id']}", key)
        assert status == 200
        assert session["data"][0]["request"]["message"] == "hello"


def test_an_update_that_does_not_fit_the_configuration_changes_nothing(machine, installed):
    config = machine.prefix / "config.json"
    good = config.read_bytes()
    config.write_text('{"prot": 1}')
    environment = (machine.prefix / "venv").resolve()

    done = machine.install_sh("-i", env=machine.without_index())

    assert done.returncode == 1
    assert "did you mean `port`?" in done.stderr
    assert (machine.prefix / "venv").resolve() == environment
    assert [environment] == list((machine.prefix / "environments").iterdir()), "what was made half is gone"
    config.write_bytes(good)


def test_uninstalling_asks_and_without_anybody_to_ask_does_nothing(machine, installed):
    done = machine.install_sh("-u")
    assert done.returncode == 1
    assert "add -y if you are sure" in done.stderr
    assert (machine.prefix / "venv/bin/ses").exists()


def test_the_installed_copy_uninstalls_everything_it_made(machine, installed):
    done = machine.install_sh("-u", "-y", script=machine.prefix / "install.sh")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not machine.prefix.exists()
    assert list(machine.units.iterdir()) == []
    assert list(machine.bin.iterdir()) == []
    with pytest.raises(KeyError):
        pwd.getpwnam(ACCOUNT)
