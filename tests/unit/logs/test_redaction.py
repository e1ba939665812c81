from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses.redaction import MASK, Redactor

SECRET = "s3cret-value"


@pytest.mark.parametrize(
    "key",
    [
        "token",
        "Authorization",
        "X-API-Key",
        "x-auth-token",
        "X-Apig-AppCode",
        "secret_token",
        "password",
        "Set-Cookie",
    ],
)
def test_values_under_secret_names_are_masked_whatever_they_are(key):
    assert Redactor().value({key: "anything", "other": {key: {"deep": 1}}}) == {
        key: MASK,
        "other": {key: MASK},
    }


def test_known_secrets_are_masked_wherever_they_occur():
    redactor = Redactor([SECRET])
    assert redactor.text(f"GET https://x/{SECRET}/a?b={SECRET}") == f"GET https://x/{MASK}/a?b={MASK}"
    assert redactor.value([{"a": (f"<{SECRET}>",)}, {SECRET: 1}]) == [{"a": [f"<{MASK}>"]}, {MASK: 1}]


def test_the_longer_of_two_secrets_is_masked_whole():
    assert Redactor(["abcdef", "abcdefghi"]).text("abcdefghi") == MASK


def test_secrets_learned_at_a_reload_are_masked_and_the_old_ones_too():
    redactor = Redactor(["old-secret"])
    redactor.learn(["new-secret"])
    assert redactor.text("old-secret new-secret") == f"{MASK} {MASK}"


@pytest.mark.parametrize(
    "text,masked",
    [
        ("sent Bearer abc.def to x", f"sent Bearer {MASK} to x"),
        ("POST https://api.telegram.org/bot123456:AAbbCCddEEffGGhhIIjjKK/getMe", f"POST https://api.telegram.org/bot{MASK}/getMe"),
        ("GET /ses/ws?site&token=t0&x=1", f"GET /ses/ws?site&token={MASK}&x=1"),
    ],
)  # fmt: skip
def test_texts_shaped_like_secrets_are_masked_unknown_as_they_are(text, masked):
    assert Redactor().text(text) == masked


def test_objects_are_written_as_masked_texts():
    class Request:
        def __str__(self) -> str:
            return f"Request({SECRET})"

    assert Redactor([SECRET]).value({"request": Request()}) == {"request": f"Request({MASK})"}


def test_endless_nesting_ends():
    nest: list[object] = []
    nest.append(nest)
    assert "‹list›" in str(Redactor().value(nest))


@given(
    st.recursive(
        st.text() | st.integers() | st.just(SECRET),
        lambda x: st.lists(x) | st.dictionaries(st.text() | st.just(SECRET), x),
    )
)
def test_no_value_lets_a_known_secret_through(value):
    assert SECRET not in str(Redactor([SECRET]).value(value))
