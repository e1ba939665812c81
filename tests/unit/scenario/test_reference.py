"""docs/language.md says what the models say: every key, step, text and code; its examples are robots without errors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ses.scenario.checks.types import ENGINE
from ses.scenario.compiling.texts import BUILT_IN_INTENTS, engine_texts
from ses.scenario.expressions.filters import FILTERS
from ses.scenario.expressions.functions import FUNCTIONS
from ses.scenario.models import definitions, messages, recognised, robot, settings, voice
from ses.scenario.models.base_model import ScenarioModel
from ses.scenario.models.steps import any_step
from ses.scenario.models.steps.branches import ElifBranch, RepeatBody
from ses.scenario.models.steps.calls import HttpBody, ModelBody, QasBody, SbsBody
from ses.scenario.models.steps.generation import LlmBody
from ses.scenario.models.steps.jumps import CallBody
from ses.scenario.models.steps.questions import AskItem, ConfirmBody, MenuBody, MenuItem
from ses.scenario.models.steps.saying import SendBody
from ses.scenario.models.steps.step import Step

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
SURROUNDINGS = {
    "language": "ru",
    "variables": {"visits": 0, "total": 0, "basket": {"value": None}},
    "entities": {
        "size": {"values": {"small": ["малая"], "large": ["большая"]}},
        "pizza": {"values": {"margherita": ["маргарита"]}},
        "method": {"values": {"courier": ["курьер"], "pickup": ["самовывоз"]}},
    },
    "slots": {
        "size": {"type": "size", "ask": "Какой размер?"},
        "pizza": {"type": "pizza", "ask": "Какую пиццу?"},
        "method": {"type": "method", "ask": "Как?"},
        "address": {"type": "text", "ask": "Куда?"},
    },
    "intents": {"order": {"patterns": ["закажу"]}},
    "flows": {"help_me": {"on": {"command": "help_me"}, "steps": [{"return": 1}]}},
}
"""What the examples on the page take for granted."""


def documented(model: type[ScenarioModel]) -> set[str]:
    table = re.search(rf"<!-- model: {model.__name__} -->\n\n\| key.*?\n((?:\|.*\n)+)", PAGE)
    assert table is not None, f"docs/language.md has no table of {model.__name__}"
    return set(re.findall(r"^\| `([^`]+)`", table[1], re.MULTILINE))


MODELS: list[type[ScenarioModel]] = [
    robot.Robot, settings.Session, settings.Routing, settings.Variable, settings.Qas, definitions.Flow,
    definitions.Trigger, definitions.Need, recognised.Intent, recognised.SmcSource, recognised.Entity,
    recognised.ListEntry, recognised.SeeSource, definitions.Slot, messages.Message, messages.Question, messages.Button,
    Step, AskItem, ConfirmBody, MenuBody, MenuItem, ElifBranch, RepeatBody,
    CallBody, HttpBody, ModelBody, QasBody, LlmBody, SendBody,
    SbsBody, definitions.Tool, definitions.ToolArgument, voice.Voice, voice.Recognition,
]  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_of_a_model_is_documented_and_no_other(model: type[ScenarioModel]) -> None:
    assert documented(model) == set(model.keys())


def test_no_model_with_keys_of_its_own_is_left_out() -> None:
    every = {
        one
        for module in (robot, definitions, recognised, settings, messages, any_step, voice)
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, ScenarioModel)
    }
    bare = {ScenarioModel, messages.Spoken, definitions.Handler}
    assert every - bare - set(MODELS) == set(any_step.STEP_MODELS.values())


def test_every_step_is_documented() -> None:
    for step in [*any_step.STEP_MODELS, *any_step.LATER_STEPS]:
        assert f"`{step}`" in PAGE


def test_every_key_that_comes_later_is_named() -> None:
    for model in MODELS:
        for key in model.later:
            assert f"`{key}`" in PAGE or f"`{model.called.strip('`')}.{key}`" in PAGE, key


@pytest.mark.parametrize(
    "names",
    [
        engine_texts().texts,
        FUNCTIONS,
        FILTERS,
        ENGINE,
        BUILT_IN_INTENTS,
        definitions.EVENTS,
        definitions.LATER_EVENTS,
    ],
)
def test_every_text_function_filter_field_and_event_is_documented(names) -> None:
    for name in names:
        assert f"`{name}`" in PAGE, name


def test_every_code_of_a_finding_is_documented() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "ses" / "scenario").rglob("*.py"))
    codes = set(
        re.findall(r"(?:\.error|\.warning|\badd|_refuse|Finding)\(\s*\"([a-z0-9]+(?:-[a-z0-9]+)*)\"", source)
    )
    assert len(codes) > 50
    assert {code for code in codes if f"| `{code}` |" not in PAGE} == set()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.strip().split("\n")[0][:40])
def test_its_examples_are_right(example: str, load) -> None:
    if example.startswith("- "):
        text = "flows:\n  example:\n    on: пример\n    steps:\n" + "".join(
            f"      {line}\n" for line in example.splitlines()
        )
    else:
        text = example
    given = yaml.load(text, Loader=yaml.CBaseLoader)
    rest = {
        key: {name: one for name, one in value.items() if name not in given.get(key, {})}
        if isinstance(value, dict)
        else value
        for key, value in SURROUNDINGS.items()
        if isinstance(value, dict) or key not in given
    }
    if "languages" in given:
        rest.pop("language", None)
    loaded = load(text, media=("media/a.png",), surroundings=yaml.safe_dump(rest, allow_unicode=True))
    assert [(one.at, one.message) for one in loaded.errors] == []
