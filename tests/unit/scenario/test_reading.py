"""YAML as the language reads it: scalars as written, places, and nothing that an author can type breaks it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ses.scenario.findings.report import Report
from ses.scenario.load import load_files
from ses.scenario.reading.document import MAX_BYTES, read_yaml
from ses.scenario.reading.files import RobotFiles
from ses.scenario.reading.nodes import plain_data, resolve

DEMOS = sorted((Path(__file__).parents[3] / "scenarios").rglob("*.yaml"))
FRAGMENTS = st.sampled_from(
    "flows: slots: intents: entities: events: texts: variables: on: steps: say: ask: confirm: menu: set: if: then: else: repeat: "
    "goto: call: http: switch: cases: needs: label: on_error: end return {{ }} { } [ ] - : , \" ' # & * ! | > % @ \n \t a b 1 1.5 "
    "true null yes order size text patterns: values: each: while: json: get: type: choices: check: «ё» 🍕 \u0000 \u2028".split(" ")
) | st.sampled_from(["\n", "\n  ", "\n    ", "\n      - ", "\n- "])  # fmt: skip


def robot(text: str | bytes) -> RobotFiles:
    return RobotFiles(
        "r", {"robot.yaml": text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")}
    )


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(FRAGMENTS, max_size=60).map(" ".join))
def test_arbitrary_pieces_of_the_language_give_findings_and_never_crash(text: str) -> None:
    loaded = load_files(robot(text))
    assert loaded.program is not None or loaded.errors
    for finding in loaded.findings:
        assert finding.at.line >= 1
        assert finding.at.column >= 1


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_never_crash(raw: bytes) -> None:
    loaded = load_files(robot(raw))
    assert loaded.program is not None or loaded.errors


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.sampled_from(["drop", "swap", "indent", "insert", "cut"]))
def test_a_damaged_demo_robot_never_crashes(seed: int, damage: str) -> None:
    choose = random.Random(seed)
    file = choose.choice(DEMOS)
    lines = file.read_text(encoding="utf-8").split("\n")
    at = choose.randrange(len(lines))
    match damage:
        case "drop":
            del lines[at]
        case "swap":
            other = choose.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        case "indent":
            lines[at] = "  " + lines[at]
        case "insert":
            lines.insert(at, choose.choice(["- say: *а", "  x: [", "goto: nowhere", "  {{ a }}", '"', "? a"]))
        case "cut":
            lines[at] = lines[at][: choose.randrange(len(lines[at]) + 1)]
    loaded = load_files(robot("\n".join(lines)))
    assert loaded.program is not None or loaded.errors


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", "yes"), ("on", "on"), ("no", "no"), ("off", "off"), ("true", True), ("false", False), ("True", "True"),
        ("19:30", "19:30"), ("2026-01-01", "2026-01-01"), ("1_000", "1_000"), ("0b1", "0b1"), ("010", 10), ("0o10", 8),
        ("0x1F", 31), ("1.50", 1.5), (".5", 0.5), ("1e3", 1000.0), ("1e999", "1e999"), (".inf", ".inf"), (".nan", ".nan"),
        ("~", None), ("null", None), ("", None), ("9" * 18, int("9" * 18)), ("9" * 19, "9" * 19), ("+7", 7), ("-0", 0),
        ("9" * 5000, "9" * 5000), ("=", "="), ("<<", "<<"),
    ],
)  # fmt: skip
def test_plain_scalars_follow_the_core_schema(written: str, value: object) -> None:
    assert resolve(written) == value
    assert type(resolve(written)) is type(value)


def test_a_text_field_takes_the_scalar_as_written(program) -> None:
    robot = program(
        'language: ru\ntitle: 1.50\nflows: {a: {on: x, steps: [{say: 007}, {say: on}, {say: 19:30}, {say: "5 # 6"}]}}\n'
    )
    assert robot.title == "1.50"
    said = [op.message.variants[""][0].constant for op in robot.flows["a"].ops if hasattr(op, "message")]
    assert said == ["007", "on", "19:30", "5 # 6"]


def test_keys_that_other_readers_take_for_booleans_are_words() -> None:
    document = read_yaml("f.yaml", b"on: 1\nyes: 2\nno: 3\n", Report())
    assert document.root is not None
    assert plain_data(document.root) == {"on": 1, "yes": 2, "no": 3}


def test_an_alias_is_followed_and_a_bomb_is_refused() -> None:
    report = Report()
    document = read_yaml("f.yaml", b"a: &x [1, 2]\nb: *x\n", report)
    assert document.root is not None
    assert plain_data(document.root) == {"a": [1, 2], "b": [1, 2]}
    assert not report.failed
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    read_yaml("f.yaml", bomb.encode(), report)
    assert [finding.code for finding in report] == ["alias-bomb"]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_depth_is_bounded(opening: str) -> None:
    report = Report()
    read_yaml("f.yaml", (opening * 20_000).encode(), report)
    assert report.failed


def test_a_file_over_one_megabyte_is_refused() -> None:
    report = Report()
    assert read_yaml("f.yaml", b"a: " + b"x" * MAX_BYTES, report).root is None
    assert [finding.code for finding in report] == ["file-too-large"]


def test_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    report = Report()
    document = read_yaml("f.yaml", "\ufeffa: б\r\nc: |\r\n  г\r\n".encode(), report)
    assert document.root is not None
    assert plain_data(document.root) == {"a": "б", "c": "г\n"}
    assert not report.failed


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("language: ru\nflows: {a: {on: x, steps: [{say: '{{ q }}'}]}}\n", 2, 38),
        ('language: ru\nflows: {a: {on: x, steps: [{say: "\\t\\u0041 {{ q }}"}]}}\n', 2, 47),
        (
            "language: ru\nflows:\n  a:\n    on: x\n    steps:\n      - say: |\n          Раз\n\n          два {{ q }}\n",
            9,
            18,
        ),
        (
            "language: ru\nflows: {a: {on: x, steps: [{set: {m: {k: [1, '{{ q }}']}}}, {say: '{{ m }}'}]}}\n",
            2,
            50,
        ),
    ],
)
def test_a_fault_inside_a_text_is_shown_where_it_stands(text: str, line: int, column: int, load) -> None:
    (finding,) = load(text).errors
    assert (finding.code, finding.at.line, finding.at.column) == ("unknown-name", line, column)


def test_all_faults_are_told_at_once(load) -> None:
    loaded = load(
        """
        language: ru
        slots: {a: {type: nmber, ask: А?, optional: yes, retris: 1}}
        flows:
          x: {on: [{intent: q}, "(a"], needs: [b], steps: [{say: "{{ c }}"}, {sai: 1}, {goto: d}]}
        """
    )
    assert sorted(finding.code for finding in loaded.errors) == [
        "bad-pattern", "unknown-entity", "unknown-flow", "unknown-intent", "unknown-key", "unknown-name", "unknown-slot",
        "unknown-step", "wrong-type",
    ]  # fmt: skip
