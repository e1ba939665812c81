"""What install.sh says when it is called wrongly, and that the shell scripts are clean."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def install_sh(*keys: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "install.sh", *keys], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


def test_without_keys_it_shows_them_and_changes_nothing():
    done = install_sh()
    assert done.returncode == 0
    for key in ("-i", "-u", "-y", "--prefix", "--user"):
        assert key in done.stdout


@pytest.mark.parametrize(
    "keys,words",
    [
        (["-x"], "unknown key -x"),
        (["-i", "-u"], "exclude each other"),
        (["-i", "--prefix"], "--prefix needs a value"),
        (["-i", "--prefix", "opt"], "absolute path"),
        (["-u", "-y", "--prefix", "/"], "absolute path"),
        (["-u", "-y", "--prefix", "/opt"], "two levels deep"),
        (["-i", "--prefix", "/opt/a b"], "letters, digits"),
        (["-u", "-y", "--prefix", "/opt/../etc"], "letters, digits"),
        (["-i", "--user", "root;reboot"], "no name of an account"),
    ],
)
def test_wrong_keys_are_refused_with_2_and_the_way_out(keys, words):
    done = install_sh(*keys)
    assert done.returncode == 2
    assert words in done.stderr
    assert "remedy" in done.stderr


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not here")
def test_shellcheck_has_nothing_to_say():
    scripts = ["install.sh", ".ci/run", *map(str, Path(ROOT, "tools").glob("*.sh"))]
    done = subprocess.run(["shellcheck", *scripts], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == ""
