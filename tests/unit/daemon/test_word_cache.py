"""Forms of words of a former start are used again when they are certainly those, and else asked for anew."""

import os
from pathlib import Path

import pytest

from ses.daemon import word_cache
from ses.daemon.word_cache import KEPT, LIBRARIES, WordCache
from ses.scenario.words.lexicon import WordForms, word_forms


class Dictionary:
    """Counts how often it is asked."""

    def __init__(self):
        self.asked = 0

    def __call__(self, words, languages):
        self.asked += 1
        return {word: WordForms((word,), frozenset((word, f"{word}s"))) for word in words}


class Asked:
    """Ask a cache made anew, as after a start, and tell how often the dictionary was needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._dictionary = Dictionary()

    def __call__(self, words=("пицца", "order"), languages=("ru",), libraries=LIBRARIES) -> int:
        answer = WordCache(self.folder, self._dictionary, libraries)(words, languages)
        assert answer == Dictionary()(words, languages)
        return self._dictionary.asked


@pytest.fixture
def asked(tmp_path) -> Asked:
    return Asked(tmp_path / "words")


def only(folder):
    (path,) = folder.iterdir()
    return path


def test_the_same_words_are_asked_for_once(asked):
    assert [asked(), asked(), asked(("order", "пицца"))] == [1, 1, 1]
    assert (only(asked.folder).stat().st_mode & 0o777, asked.folder.stat().st_mode & 0o777) == (0o600, 0o700)


def test_real_answers_come_back_as_they_were(tmp_path):
    words = ["пицца", "стали", "order"]
    for _ in range(2):
        assert WordCache(tmp_path, word_forms)(words, ["ru", "en"]) == word_forms(words, ["ru", "en"])
    assert only(tmp_path)


@pytest.mark.parametrize("changed", [{"words": ("пицца",)}, {"languages": ("ru", "en")}])
def test_other_words_or_languages_are_asked_for(asked, changed):
    assert [asked(), asked(**changed)] == [1, 2]


def test_another_edition_of_libraries_or_code_asks_anew(asked, monkeypatch):
    asked()
    monkeypatch.setattr(word_cache, "_edition", lambda libraries: b"another")
    assert [asked(), asked()] == [2, 2]


def test_without_a_known_edition_nothing_is_kept(asked):
    unknown = ("no such library",)
    assert [asked(libraries=unknown), asked(libraries=unknown)] == [1, 2]
    assert not asked.folder.exists()


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-9])


def changed_within(path):
    path.write_bytes(path.read_bytes().replace("пицца".encode(), "пиццу".encode()))


def emptied(path):
    path.write_bytes(b"")


def writable_by_others(path):
    path.chmod(0o666)


def a_link(path):
    path.rename(path.with_suffix(".else"))
    path.symlink_to(path.with_suffix(".else"))


def a_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("spoil", [cut_short, changed_within, emptied, writable_by_others, a_link, a_folder])
def test_a_file_that_cannot_be_trusted_is_passed_over_with_a_word(asked, spoil, caplog):
    asked()
    spoil(only(asked.folder))
    assert asked() == 2


def test_a_file_of_somebody_else_is_passed_over(asked, monkeypatch):
    asked()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert asked() == 2


def test_an_answer_to_something_else_is_passed_over(asked):
    asked()
    first = only(asked.folder)
    asked(("слово",))
    (second,) = set(asked.folder.iterdir()) - {first}
    second.replace(first)
    assert asked() == 3


def test_where_nothing_can_be_written_the_answer_is_there_all_the_same(tmp_path):
    (tmp_path / "words").write_text("a file")
    dictionary = Dictionary()
    cache = WordCache(tmp_path / "words", dictionary)
    assert cache(["пицца"], ["ru"]) == Dictionary()(["пицца"], ["ru"])


def test_old_answers_make_room(asked):
    for number in range(KEPT + 5):
        asked((f"слово{number}",))
    assert len(list(asked.folder.iterdir())) == KEPT
