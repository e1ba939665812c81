from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ses import __version__
from ses.cli.main import COMMANDS, main


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(words)
    return int(left.value.code or 0)


def test_help_lists_every_command(capsys):
    assert run("--help") == 0
    shown = capsys.readouterr().out
    for name in COMMANDS:
        assert name in shown


def test_no_words_at_all_show_the_help(capsys):
    assert run() in (0, 2)
    assert "Usage" in "".join(capsys.readouterr())


def test_the_version_is_told(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out == f"ses {__version__}\n"


@pytest.mark.parametrize("words", [["nonsense"], ["--nonsense"], ["config", "--nonsense"]])
def test_wrong_usage_ends_with_2(words):
    assert run(*words) == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(capsys, name):
    assert run(name, "--help") == 0
    assert "Usage: ses" in capsys.readouterr().out


def test_a_bad_configuration_ends_with_2_and_all_its_mistakes(tmp_path, capsys):
    path = tmp_path / "config.json"
    path.write_text('{"prot": 1, "hots": 2}')
    assert run("config", "--config", str(path)) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("did you mean") == 2
    assert "Traceback" not in told.err


def test_programs_get_the_mistakes_as_json(tmp_path, capsys):
    path = tmp_path / "config.json"
    path.write_text('{"prot": 1}')
    assert run("config", "--format", "json", "--config", str(path)) == 2
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert (problem["line"], problem["column"], problem["key"]) == (1, 2, "prot")


def test_a_good_configuration_is_told_and_shown_without_secrets(tmp_path, capsys):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"auth": {"keys": {"a": {"key": "k" * 32, "scopes": ["ask"]}}}}))
    path.chmod(0o600)
    run("config", "--config", str(path))
    assert capsys.readouterr().out == f"{path}: all well\n"
    run("config", "--show", "--config", str(path))
    shown = capsys.readouterr().out
    assert json.loads(shown)["port"] == 6190
    assert "kkkk" not in shown


def test_help_imports_no_command_and_nothing_heavy():
    code = "import sys; from ses.cli.main import main\ntry: main(['--help'])\nexcept SystemExit: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {"aiohttp", "pydantic", "jinja2", "yaml", "pymorphy3", "ses.config"}


def test_the_command_works_from_any_folder(tmp_path):
    done = subprocess.run(
        [Path(sys.executable).with_name("ses"), "--version"], capture_output=True, text=True, cwd=tmp_path
    )
    assert (done.returncode, done.stdout.strip()) == (0, f"ses {__version__}")
