"""Forms of words, in this process and from a child."""

from __future__ import annotations

import subprocess
import sys

from ses.scenario.words.lexicon import word_forms, word_forms_in_child


def test_russian_words_have_all_their_forms() -> None:
    forms = word_forms(["пицца", "хочу", "еще"], ["ru"])
    assert {"пиццу", "пиццами", "пицц"} <= forms["пицца"].forms
    assert {"хотел", "хотите", "хотеть"} <= forms["хочу"].forms
    assert forms["еще"].forms == {"еще"}


def test_a_rare_reading_is_not_meant() -> None:
    assert "сталью" not in word_forms(["стали"], ["ru"])["стали"].forms


def test_a_participle_is_a_word_of_its_own() -> None:
    assert "оплаченную" in word_forms(["оплаченный"], ["ru"])["оплаченный"].forms
    assert "оплаченную" not in word_forms(["оплатить"], ["ru"])["оплатить"].forms


def test_english_words_have_their_irregular_and_regular_forms() -> None:
    forms = word_forms(["child", "order", "widget"], ["en"])
    assert "children" in forms["child"].forms
    assert {"orders", "ordered", "ordering"} <= forms["order"].forms
    assert "widgets" in forms["widget"].forms


def test_words_of_other_scripts_and_languages_are_their_only_form() -> None:
    assert word_forms(["wifi"], ["ru"])["wifi"].forms == {"wifi"}
    assert word_forms(["слово"], ["en"])["слово"].forms == {"слово"}
    assert word_forms(["qapla"], ["tlh"])["qapla"].forms == {"qapla"}
    assert word_forms(["2026"], ["ru"])["2026"].forms == {"2026"}


def test_a_child_process_answers_the_same() -> None:
    words = ["пицца", "order", "стали"]
    assert word_forms_in_child(words, ["ru", "en"]) == word_forms(words, ["ru", "en"])


def test_compiling_with_a_child_loads_no_dictionary_here() -> None:
    script = (
        "import sys\n"
        "from ses.scenario.recognising.recogniser import *\n"
        "from ses.scenario.words.lexicon import word_forms_in_child\n"
        "made = build_recogniser(['ru'], [PatternSource('* хочу пиццу', 'x')], lexicon=word_forms_in_child)\n"
        "assert made.intents(made.read('хотел пиццу'), ())\n"
        "heavy = {'pymorphy3', 'simplemma', 'dateparser', 'phonenumbers', 'babel', 're2', 'rapidfuzz'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
