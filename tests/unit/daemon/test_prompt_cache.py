"""The model has computed what a robot begins with before the first conversation does."""

from doubles.llm import ScriptedEngine
from ses.daemon.prompt_cache import prompt_caching
from ses.scenario.load import load_files
from ses.scenario.reading.files import RobotFiles

ROBOT = """
language: en
flows:
  a: {on: "a *", steps: [{llm: {system: Be brief.}}, {llm: {system: Be kind.}}]}
  b: {on: "b *", steps: [{llm: {system: Be brief.}}, {llm: {system: "It is {{ today() }}."}}, {llm: {prompt: Hi}}]}
"""


def test_system_texts_that_never_vary_are_kept_warm_once_each() -> None:
    program = load_files(RobotFiles("demo", {"robot.yaml": ROBOT.encode()})).program
    engine = ScriptedEngine(lambda _: "")
    cache = prompt_caching(engine, lambda robot: program if robot == "demo" else None)
    cache("demo")
    assert [one.messages for one in engine.cached_prompts["demo"]] == [
        [{"role": "system", "content": "Be brief."}],
        [{"role": "system", "content": "Be kind."}],
    ]
    cache("gone")
    assert engine.cached_prompts["gone"] == []
