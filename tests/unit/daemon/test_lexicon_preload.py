from __future__ import annotations

import subprocess
import sys

import pytest

from ses.daemon import lexicon_preload
from ses.daemon.lexicon_preload import PreloadingLexicon
from ses.errors import SesError
from ses.scenario.words.lexicon import ask_child, begin_child, word_forms


@pytest.fixture
def begun(monkeypatch):
    """Languages and processes of the children that were begun."""
    children = []

    def begin(*languages):
        children.append((languages, child := begin_child(*languages)))
        return child

    monkeypatch.setattr(lexicon_preload, "begin_child", begin)
    return children


@pytest.fixture
def scenarios(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "robot.yaml").write_text("id: shop\nlanguage: ru # of the shop\n")
    return tmp_path


def test_the_first_words_of_a_language_are_asked_of_the_child_that_has_been_reading_its_dictionary(
    scenarios, begun
):
    lexicon = PreloadingLexicon()
    lexicon.begin(scenarios)
    assert [languages for languages, _ in begun] == [("ru",)]
    assert lexicon(["пиццу"], ["ru"]) == word_forms(["пиццу"], ["ru"])
    assert len(begun) == 1
    assert lexicon(["дом"], ["ru"]) == word_forms(["дом"], ["ru"])  # it has ended: a new one is begun
    assert len(begun) == 2


def test_words_of_a_language_that_was_not_guessed_have_a_child_of_their_own(scenarios, begun):
    lexicon = PreloadingLexicon()
    lexicon.begin(scenarios)
    assert lexicon(["houses"], ["en"]) == word_forms(["houses"], ["en"])
    assert [languages for languages, _ in begun] == [("ru",), ()]
    lexicon.end()


def test_a_child_that_nobody_asks_ends_well(scenarios, begun):
    lexicon = PreloadingLexicon()
    lexicon.begin(scenarios)
    lexicon.end()
    assert [child.returncode for _, child in begun] == [0]


def test_not_more_children_are_begun_than_robots_are_read_at_once(tmp_path, begun):
    for name in "abc":
        (tmp_path / f"{name}.yaml").write_text("language: xx\n")
    lexicon = PreloadingLexicon()
    lexicon.begin(tmp_path)
    lexicon.end()
    assert [languages for languages, _ in begun] == [("xx",), ("xx",)]


def test_without_a_folder_of_robots_nothing_is_begun(tmp_path, begun):
    PreloadingLexicon().begin(tmp_path / "nowhere")
    assert begun == []


def test_a_child_that_fails_is_an_error_with_its_last_words():
    def failing():
        return subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.exit('no dictionary here')"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    with pytest.raises(SesError, match="the dictionary process failed: no dictionary here"):
        ask_child(failing, ["a"], ["en"])
