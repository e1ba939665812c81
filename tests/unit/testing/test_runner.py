"""A dialogue test passes when the robot says what is listed, and shows the difference when it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ses.testing.runner import Line
from ses.testing.suite import Outcome, run_tests

ROBOT = """
id: shop
language: en
timezone: Europe/London
session: {idle: 1h}
variables: {gifts: 0, visits: {value: 0, keep: user}}
entities:
  size: {values: {small: [small], large: [large, big]}}
slots:
  size: {type: size, ask: {say: What size?, buttons: choices}}
events:
  start: hello
  resume: [{say: Welcome back.}]
  end: [{say: You left a basket.}]
  attachment: [{say: I only read.}]
  fallback: [{say: Pardon?}]
flows:
  hello:
    steps:
      - set: {visits: {add: 1}}
      - say: {text: "Hello, visit {{ visits }}.", buttons: [Buy]}
  buy:
    title: Buying
    on: [{button: Buy}, "* buy *"]
    needs: [size]
    steps:
      - if: size == 'large'
        then: [{set: {gifts: 1}}]
      - confirm: "A {{ size }} one?"
      - say: One moment.
      - http: {post: "https://shop.example/orders", json: {size: "{{ size }}"}, save: order}
        on_error: [{say: The shop is closed.}, end]
      - say: Order {{ order.id }}.
"""


async def outcome_of(tmp_path: Path, tests: str) -> Outcome:
    (tmp_path / "tests").mkdir()
    (tmp_path / "robot.yaml").write_text(ROBOT, "utf-8")
    (tmp_path / "tests" / "all.yaml").write_text(f"tests:\n{tests}", "utf-8")
    return await run_tests(tmp_path)


async def lines(tmp_path: Path, dialogue: str, more: str = "") -> list[Line]:
    """The lines of one dialogue that are not as they should be."""
    result = await outcome_of(tmp_path, f"  - name: one\n{more}    dialogue:\n{dialogue}")
    assert result.findings == ()
    return [line for line in result.played[0].lines if line.mark != " "]


ORDER = """
      - event: start
      - bot: Hello, visit 1.
        buttons: [Buy]
      - button: Buy
      - bot: What size?
        buttons: [small, large]
      - button: large
      - bot: A large one?
      - user: yes
      - bot: One moment.
      - bot: Order 7.
      - expect: {flow: null, variables: {gifts: 1, visits: 1}}
"""


async def test_a_dialogue_that_goes_as_written_passes(tmp_path: Path) -> None:
    mock = '    mock: {http: [{url: "*/orders", method: post, reply: {id: 7}}]}\n'
    assert await lines(tmp_path, ORDER, mock) == []


async def test_a_call_without_a_mock_fails_and_is_named(tmp_path: Path) -> None:
    differing = await lines(tmp_path, ORDER)
    assert [(line.mark, line.text) for line in differing[:2]] == [
        ("-", "Order 7."),
        ("+", "The shop is closed."),
    ]
    assert differing[-1] == Line("mock", "nothing covers the call http POST https://shop.example/orders", "!")


async def test_another_text_is_shown_beside_the_expected_one(tmp_path: Path) -> None:
    missing, found = await lines(tmp_path, "      - user: buy\n      - bot: Which size?\n")
    assert (missing.mark, missing.text, found.mark, found.text) == (
        "-", "Which size?", "+", "What size? [small][large]",
    )  # fmt: skip
    assert missing.at is not None
    assert missing.at.line == 5


async def test_other_buttons_are_a_difference(tmp_path: Path) -> None:
    missing, found = await lines(
        tmp_path, "      - user: buy\n      - bot: What size?\n        buttons: [big]\n"
    )
    assert (missing.text, found.text) == ("What size? [big]", "What size? [small][large]")


async def test_every_message_must_be_listed(tmp_path: Path) -> None:
    (extra,) = await lines(tmp_path, "      - user: buy\n      - expect: {flow: buy}\n")
    assert (extra.mark, extra.text) == ("+", "What size? [small][large]")


async def test_a_message_that_does_not_come_is_missing(tmp_path: Path) -> None:
    (missing,) = await lines(tmp_path, "      - user: gibberish\n      - bot: Pardon?\n      - bot: Well?\n")
    assert (missing.mark, missing.text) == ("-", "Well?")


@pytest.mark.parametrize(
    "skipped",
    ["      - bot: ...\n      - expect: {flow: buy}\n", "      - bot: ...\n      - bot: What size?\n"],
)
async def test_three_dots_skip_any_number_of_messages(tmp_path: Path, skipped: str) -> None:
    assert await lines(tmp_path, f"      - user: buy\n{skipped}") == []


async def test_what_is_expected_of_the_conversation_is_compared_with_its_type(tmp_path: Path) -> None:
    differing = await lines(
        tmp_path, '      - user: buy a big one\n      - bot: A large one?\n      - expect: {flow: hello, variables: {size: "1", gifts: true}}\n'
    )  # fmt: skip
    assert [(line.mark, line.text) for line in differing] == [
        ("-", "flow: hello"), ("+", "flow: buy"),
        ("-", "size: 1"), ("+", "size: large"),
        ("-", "gifts: true"), ("+", "gifts: 1"),
    ]  # fmt: skip


async def test_a_button_that_was_never_shown_cannot_be_pressed(tmp_path: Path) -> None:
    (remark,) = await lines(tmp_path, "      - user: buy\n      - bot: What size?\n      - button: Huge\n")
    assert "no button «Huge»" in remark.text
    assert "small, large" in remark.text


async def test_time_goes_by_only_when_told_to(tmp_path: Path) -> None:
    dialogue = """
      - user: buy
      - bot: What size?
      - pass: 59m
      - user: gibberish
      - bot: "* What size?"
      - pass: 61m
      - user: large
      - bot: Welcome back.
      - bot: A large one?
"""
    assert await lines(tmp_path, dialogue) == []


async def test_a_session_ends_in_the_time_that_goes_by(tmp_path: Path) -> None:
    dialogue = """
      - user: buy
      - bot: What size?
      - pass: 29d
      - pass: 2d
      - bot: You left a basket.
      - expect: {flow: null}
      - pass: 90d
      - user: buy
      - bot: What size?
"""
    assert await lines(tmp_path, dialogue) == []


async def test_a_test_begins_with_its_variables(tmp_path: Path) -> None:
    more = "    variables: {visits: 4}\n"
    assert await lines(tmp_path, "      - event: start\n      - bot: Hello, visit 5.\n", more) == []


async def test_a_variable_that_the_robot_does_not_declare_is_refused(tmp_path: Path) -> None:
    (remark,) = await lines(tmp_path, "      - bot: Hi\n", "    variables: {visit: 4}\n")
    assert remark.text == "the robot shop declares no variable `visit`"


async def test_the_user_may_send_a_picture_and_edit_a_text(tmp_path: Path) -> None:
    dialogue = """
      - attach: image
      - bot: I only read.
      - user: gibberish
      - bot: Pardon?
      - edit: buy
      - bot: What size?
"""
    assert await lines(tmp_path, dialogue) == []


async def test_one_robot_with_faults_is_not_played(tmp_path: Path) -> None:
    result = await outcome_of(tmp_path, "  - name: one\n    dialogue: [{usr: hi}]")
    assert [finding.code for finding in result.findings] == ["unknown-key"]
    assert result.played == []
    assert not result.passed


async def test_coverage_names_the_steps_branches_and_triggers_that_no_test_reached(tmp_path: Path) -> None:
    result = await outcome_of(
        tmp_path, "  - name: one\n    dialogue:\n      - user: buy a small one\n      - bot: A small one?"
    )
    assert result.coverage is not None
    text = ROBOT.split("\n")
    unreached = {
        (text[one.at.line - 1].strip().lstrip("- ").partition(":")[0], one.kind)
        for one in result.coverage.unreached
    }
    assert unreached >= {
        ("attachment", "steps"), ("fallback", "steps"), ("resume", "steps"), ("set", "steps"), ("say", "steps"),
        ("if", "branches"), ("confirm", "branches"), ("http", "steps"), ("on", "triggers"),
    }  # fmt: skip
    assert ("needs", "steps") not in unreached
    share = result.coverage.share("steps")
    assert 0 < share.reached < share.total


TELLING = """
id: shop
language: en
flows:
  order:
    on: [order]
    steps:
      - send: {to: "telegram:100", text: New order.}
        on_error: [{say: "Not told: {{ error.status }}."}, end]
      - say: Told.
"""


@pytest.mark.parametrize(
    ("mock", "sent", "told", "fails"),
    [
        ("{}", '[{to: "telegram:100", text: "New *"}]', "Told.", False),
        ("{}", "[]", "Told.", True),
        ("{}", '[{to: "vk:100", text: "New *"}]', "Told.", True),
        ('{send: {to: "telegram:*", status: 404}}', "[]", '"Not told: 404."', False),
        ('{send: {to: "vk:*", status: 404}}', '[{to: "*", text: New order.}]', "Told.", False),
    ],
)  # fmt: skip
async def test_what_is_said_to_others_is_expected_and_who_is_not_reached_is_mocked(
    tmp_path, mock, sent, told, fails
):
    (tmp_path / "tests").mkdir()
    (tmp_path / "robot.yaml").write_text(TELLING, "utf-8")
    dialogue = f"[{{user: order}}, {{bot: {told}}}, {{expect: {{sent: {sent}}}}}]"
    (tmp_path / "tests" / "all.yaml").write_text(
        f"tests:\n  - {{name: one, mock: {mock}, dialogue: {dialogue}}}\n", "utf-8"
    )
    result = await run_tests(tmp_path)
    assert result.findings == ()
    assert result.played[0].passed is not fails, result.played[0].lines
