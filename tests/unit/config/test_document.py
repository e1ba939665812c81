"""The reader of JSON agrees with the standard library's, and knows where things stand."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ses.config.document import parse

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.sampled_from([None, 0, 2, "\t"]), st.booleans())
def test_everything_json_can_say_is_read_as_the_standard_library_reads_it(value, indent, ascii_only):
    document = parse(json.dumps(value, indent=indent, ensure_ascii=ascii_only))
    assert (document.value, document.faults) == (value, [])


@given(st.text(alphabet="{}[]\",:0123456789.eE+-truefalsn \n\t\\u'/#é", max_size=40))
@example('{"a": 1,}')
@example("[" * 100_000)
@example("1" * 5000)
@example("-")
@example("1e999")
def test_any_text_is_either_read_or_refused_with_a_place(text):
    document = parse(text)
    if document.faults:
        fault = document.faults[0]
        assert 1 <= fault.line <= text.count("\n") + 1
        assert fault.column >= 1
    else:
        assert document.value == json.loads(text)


@pytest.mark.parametrize(
    "text,position,words",
    [
        ('{"a": 1,\n}', (2, 1), "a comma after the last element is not allowed"),
        ("{'a': 1}", (1, 2), "quotes are double"),
        ('{"a": True}', (1, 7), "JSON writes `true`"),
        ('{"a": yes}', (1, 7), "double quotes"),
        ('{"a" 1}', (1, 6), "a colon must follow the key `a`"),
        ('{"a": 1 "b": 2}', (1, 9), "a comma or `}`"),
        ('{"a": 1', (1, 8), "ends too early"),
        ("{\n  // note\n}", (2, 3), "no comments"),
        ("{} {}", (1, 4), "a brace closed too early"),
        ("", (1, 1), "ends too early"),
        ('{"a": NaN}', (1, 7), "no JSON value"),
        ('{"a": "x\ny"}', (1, 9), "control character"),
        ('{"a": "x}', (1, 7), "unterminated string"),
        ("[" * 80 + "]" * 80, (1, 66), "levels of nesting"),
    ],
)  # fmt: skip
def test_mistakes_of_writing_are_told_with_their_remedy(text, position, words):
    (fault,) = parse(text).faults
    assert (fault.line, fault.column) == position
    assert words in fault.message


def test_places_are_those_of_keys_and_of_elements():
    document = parse('{"a": {"b": [10,\n 20]}}')
    assert document.position(("a",)) == (1, 2)
    assert document.position(("a", "b")) == (1, 8)
    assert document.position(("a", "b", 1)) == (2, 2)
    assert document.position(("a", "missing")) == (1, 2), "what is not there is shown at what would hold it"


def test_every_repeated_key_is_reported_with_its_first_place():
    document = parse('{"a": 1, "b": {"c": 1,\n"c": 2},\n"a": 3}')
    assert [(f.line, f.path, f.message) for f in document.faults] == [
        (2, ("b", "c"), "the key stands twice, first in line 1; keep one of them"),
        (3, ("a",), "the key stands twice, first in line 1; keep one of them"),
    ]
