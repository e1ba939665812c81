"""The pages for authors say what is so: every line, mock and option is in docs/testing.md, and examples are valid."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from ses.cli.test import play_tests
from ses.scenario.load import load_files
from ses.scenario.models.base_model import ScenarioModel
from ses.scenario.reading.files import RobotFiles
from ses.testing.file_models import (
    CaseModel,
    HttpMock,
    QasMock,
    SbsMock,
    SeeMock,
    SmcMock,
    SprMock,
    StepModel,
    TtsMock,
)
from ses.testing.reading import read_cases

ROOT = Path(__file__).parents[3]
TESTING = (ROOT / "docs" / "testing.md").read_text("utf-8")

AROUND_THE_README = b"""
id: pizzas
language: en
timezone: Europe/London
entities:
  pizza: {values: {margherita: [margherita]}}
  size: {values: {small: [small], large: [large]}}
slots:
  pizza: {type: pizza, ask: Which pizza?}
  size: {type: size, ask: What size?}
  address: {type: text, ask: Where to?}
"""


def example(page: str) -> str:
    found = re.search(r"^```yaml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


MODELS = [StepModel, CaseModel, SmcMock, SeeMock, QasMock, HttpMock, SprMock, TtsMock, SbsMock]


@pytest.mark.parametrize("model", MODELS)
def test_every_key_is_documented(model: type[ScenarioModel]) -> None:
    keys = list(model.keys())  # as authors write them: not a dict's
    missing = [key for key in keys if not re.search(rf"[`{{ ]{key}[:` ]", TESTING)]
    assert missing == []


def test_every_option_of_the_command_is_documented() -> None:
    for name in inspect.signature(play_tests, eval_str=True).parameters.values():
        for option in getattr(name.annotation, "__metadata__", ()):
            for declaration in getattr(option, "param_decls", None) or ():
                if declaration.startswith("--") and declaration != "--config":
                    short = next((one for one in option.param_decls if len(one) == 2), declaration)
                    assert short in TESTING or declaration in TESTING, declaration


def test_the_example_of_a_test_is_one(tmp_path: Path) -> None:
    file = tmp_path / "example.yaml"
    file.write_text(example(TESTING), "utf-8")
    cases, findings = read_cases([file], tmp_path)
    assert findings == ()
    assert len(cases) == 1


def test_the_robot_of_the_readme_has_no_faults() -> None:
    flow = example((ROOT / "README.md").read_text("utf-8"))
    loaded = load_files(RobotFiles("pizzas", {"robot.yaml": AROUND_THE_README, "order.yaml": flow.encode()}))
    assert loaded.findings == ()


@pytest.mark.parametrize(
    "document", ["README.md", "docs/tutorial.md", "docs/ru/tutorial.md", "docs/testing.md"]
)
def test_every_link_leads_somewhere(document: str) -> None:
    path = ROOT / document
    links = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text("utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []
