import pytest

from ses.config.chat import rules_of
from ses.gateway.chat.model_allow_list import ModelAllowList
from ses.llm.contract import ModelInfo

THERE = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("rules", "offered"),
    [
        ("", ["a", "b", "c"]),
        ("-all,+b", ["b"]),
        ("-all,+c,+a", ["c", "a"]),
        ("-all, +c , a", ["c", "a"]),
        ("-b", ["a", "c"]),
        ("+c", ["a", "b", "c"]),
        ("+all,-a", ["b", "c"]),
        ("-all,+all,-c", ["a", "b"]),
        ("-all,+nowhere", []),
        ("+a,-all", []),
        ("-all,+b=The best", ["b"]),
    ],
)
def test_rules_are_applied_one_after_the_other(rules, offered):
    assert ModelAllowList(rules_of(rules)).allowed(THERE) == offered


def test_people_see_the_name_that_a_rule_gives():
    assert ModelAllowList(rules_of("-all,+a=Cotype Pro,+b")).display_names == {"a": "Cotype Pro"}


def test_models_that_the_rules_name_stand_for_a_server_that_lists_none():
    assert ModelAllowList(rules_of("-all,+x,+y,-y")).named == ["x"]


def test_only_models_for_conversations_are_offered():
    models = [ModelInfo("a", "chat"), ModelInfo("vectors", "embeddings"), ModelInfo("b", "chat")]
    assert [one.name for one in ModelAllowList().chat_models(models)] == ["a", "b"]
    assert [one.name for one in ModelAllowList(rules_of("-all,+vectors,+b")).chat_models(models)] == ["b"]
