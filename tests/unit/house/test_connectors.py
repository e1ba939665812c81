"""Who has read one connector has read all: each folder has the same modules, about the same things, and a double of its side."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OWN = {path.parent.name: path.parent for path in (ROOT / "ses/connectors").glob("*/__init__.py")}
MAX = ROOT / "docs/examples/ses-connector-max/src/ses_connector_max"
CONNECTORS = {**OWN, "max": MAX}
MODULES = (
    "config", "client", "parse", "inbound", "intake", "render", "delivery", "rate_limit", "status", "connector",
)  # fmt: skip
CLASSES = {
    "config": "Settings",
    "inbound": "InboundReader",
    "intake": "Intake",
    "delivery": "Delivery",
    "rate_limit": "RateLimit",
    "status": "ConnectionStatus",
}
"""Of those that connect to a messenger; the web's pages connect to it, so some of its subjects are others."""


def tree(connector: str, module: str) -> ast.Module:
    return ast.parse((CONNECTORS[connector] / f"{module}.py").read_text(encoding="utf-8"))


def classes(connector: str, module: str) -> set[str]:
    return {node.name for node in tree(connector, module).body if isinstance(node, ast.ClassDef)}


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("connector", CONNECTORS)
def test_each_connector_has_each_module_with_something_in_it(connector, module):
    read = tree(connector, module)
    assert ast.get_docstring(read)
    assert any(isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) for node in read.body)


@pytest.mark.parametrize("connector", CONNECTORS)
def test_a_connector_is_named_after_its_kind(connector):
    assert f"{connector.title()}Connector" in classes(connector, "connector")


@pytest.mark.parametrize("module", CLASSES)
@pytest.mark.parametrize("connector", sorted(CONNECTORS.keys() - {"web"}))
def test_what_is_the_same_in_each_messenger_has_one_name(connector, module):
    assert CLASSES[module] in classes(connector, module)


@pytest.mark.parametrize("connector", OWN)
def test_the_other_side_of_each_has_a_double(connector):
    doubles = ROOT / "tests/doubles"
    assert (doubles / f"{connector}.py").exists() or (doubles / connector / "server.py").exists()


def test_a_package_brings_the_double_of_its_side():
    assert (MAX / "testing/server.py").exists()
