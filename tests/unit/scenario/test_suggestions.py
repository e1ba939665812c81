"""«Did you mean …?»: the known name that was probably meant."""

from __future__ import annotations

from ses.nearest import nearest
from ses.scenario.findings.suggestions import did_you_mean, nearest_or_all, similar


def test_the_known_name_most_like_the_given_one_is_found():
    assert nearest("ordr", ["border", "order", "cancel"]) == "order"


def test_nothing_is_guessed_when_no_name_is_close():
    assert nearest("zzz", ["order", "cancel"]) is None
    assert nearest("order", []) is None


def test_names_are_compared_in_the_form_that_the_caller_gives():
    assert nearest("LOG-LEVL", ["log_level"]) is None
    assert (
        nearest("LOG-LEVL", ["log_level"], fold=lambda name: name.casefold().replace("-", "_")) == "log_level"
    )


def test_a_name_that_differs_in_case_only_wins_over_one_that_looks_alike():
    assert similar("ORDER", ["order", "ORDERS"]) == "order"


def test_a_finding_asks_for_the_nearest_name_or_says_nothing():
    assert did_you_mean("ordr", ["order"]) == "did you mean `order`?"
    assert did_you_mean("zzz", ["order"]) == ""


def test_a_fault_names_all_that_is_known_when_nothing_is_close_and_there_is_little():
    assert nearest_or_all("ordr", ["order"]) == "did you mean 'order'?"
    assert nearest_or_all("zzz", ["b", "a"]) == "known are: a, b"
    assert nearest_or_all("zzz", [f"name{n}" for n in range(31)]) == ""
