"""Flows as flat operations: where each branch goes on, what places are called, what a correction goes back to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ses.scenario.program.calls import Http
from ses.scenario.program.definitions import Flow
from ses.scenario.program.operations import (
    Ask,
    CallFlow,
    Confirm,
    End,
    GotoFlow,
    Handler,
    Jump,
    LoopNext,
    LoopStart,
    Menu,
    Return,
    Say,
    Set,
)
from ses.scenario.program.operations import Test as Branch

HEAD = """
language: ru
variables: {n: 0, total: 0, basket: []}
entities: {size: {values: {small: [малая], large: [большая]}}}
slots:
  size: {type: size, ask: Какой?}
  pizza: {type: text, ask: Какую?}
  address: {type: text, ask: "Куда, {{ size }}?", check: n > 0}
flows:
  other: {on: другое, steps: [{say: Другое}]}
  a:
    on: начать
"""


def flow_of(program, body: str) -> Flow:
    return program(HEAD + "\n".join("    " + line for line in body.strip("\n").split("\n")) + "\n").flows["a"]


def ops(flow: Flow) -> Sequence[Any]:
    """The operations, of which `kinds` has said what they are."""
    return flow.ops


def kinds(flow: Flow) -> list[str]:
    return [type(op).__name__ for op in flow.ops]


def test_needs_come_first_and_conditions_stand_before_them(program) -> None:
    flow = flow_of(program, "needs: [size, {slot: address, if: size == 'large'}]\nsteps: [{say: Всё}]")
    assert kinds(flow) == ["Ask", "Test", "Ask", "Say", "Return"]
    assert ops(flow)[1].otherwise == 3
    assert flow.slots == {"size", "address"}
    assert flow.ops[2].reads == {"size", "n"}
    assert flow.ops[2].writes == {"address"}


def test_places_are_named_by_label_else_by_what_they_ask(program) -> None:
    flow = flow_of(
        program,
        "steps:\n  - ask: size\n  - confirm: Верно?\n  - confirm: Точно?\n  - {label: last, ask: {slot: size, again: true}}\n  - menu: {say: Ещё?, items: [{text: Да}]}",
    )
    assert [op.id for op in flow.ops if isinstance(op, Ask | Confirm | Menu)] == [
        "a.size", "a.confirm", "a.confirm.2", "last", "a.menu",
    ]  # fmt: skip
    assert all(flow.ops[index].id == place for place, index in flow.index_of.items())
    assert len({op.id for op in flow.ops}) == len(flow.ops)


def test_an_inserted_step_does_not_rename_the_places_after_it(program) -> None:
    steps = "steps:\n  - say: Раз\n  - ask: size\n  - confirm: Верно?"
    before = flow_of(program, steps)
    after = flow_of(program, steps.replace("  - say: Раз", "  - say: Раз\n  - set: {n: 1}"))
    resting = [op.id for op in before.ops if isinstance(op, Ask | Confirm)]
    assert resting == [op.id for op in after.ops if isinstance(op, Ask | Confirm)]


def test_if_elif_else(program) -> None:
    flow = flow_of(
        program,
        "steps:\n  - if: n == 1\n    then: {say: Один}\n    elif: [{if: n == 2, then: {say: Два}}]\n    else: {say: Много}\n  - say: Конец",
    )
    assert kinds(flow) == ["Test", "Say", "Jump", "Test", "Say", "Jump", "Say", "Say", "Return"]
    first, second = flow.ops[0], flow.ops[3]
    assert isinstance(first, Branch)
    assert isinstance(second, Branch)
    assert (first.otherwise, second.otherwise) == (3, 6)
    assert [op.target for op in flow.ops if isinstance(op, Jump)] == [7, 7]


def test_switch_compares_numbers_and_texts_of_a_key(program) -> None:
    flow = flow_of(
        program, "steps:\n  - switch: n\n    cases: {1: {say: Один}, два: {say: Два}}\n    else: {say: Много}"
    )
    tests = [op for op in flow.ops if isinstance(op, Branch)]
    assert [tests[0].condition.evaluate({"n": value}) for value in (1, "1", 2)] == [True, True, False]
    assert [tests[1].condition.evaluate({"n": value}) for value in ("два", 2)] == [True, False]


def test_each_loop_break_and_continue(program) -> None:
    flow = flow_of(
        program,
        "steps:\n  - repeat:\n      each: '[1, 2]'\n      as: one\n      steps: [{if: one == 1, then: continue}, {if: one == 2, then: break}, {say: '{{ one }}'}]\n  - say: Конец",
    )
    start, following = flow.ops[0], flow.ops[1]
    assert isinstance(start, LoopStart)
    assert isinstance(following, LoopNext)
    assert (following.start, following.name) == (start.id, "one")
    end = following.end
    assert isinstance(flow.ops[end], Say)
    targets = [op.target for op in flow.ops if isinstance(op, Jump)]
    assert targets == [1, end, 1]


def test_while_tests_before_each_pass(program) -> None:
    flow = flow_of(program, "steps: [{repeat: {while: n < 3, steps: [{set: {n: {add: 1}}}]}}]")
    assert kinds(flow) == ["Test", "Set", "Jump", "Return"]
    assert (ops(flow)[0].otherwise, ops(flow)[2].target) == (3, 0)


def test_on_error_guards_its_step_only_and_comes_back_behind_it(program) -> None:
    flow = flow_of(
        program,
        "steps:\n  - http: {get: 'https://a.example', save: r}\n    on_error: [{say: Нет}]\n  - if: r\n    then: {say: '{{ r.id }}'}",
    )
    assert kinds(flow) == ["Http", "Jump", "Say", "Test", "Say", "Return"]
    assert flow.handlers == (Handler(0, 1, 2),)
    assert ops(flow)[1].target == 3
    assert flow.ops[0].leaves
    assert not flow.ops[0].effect


def test_handlers_are_listed_innermost_first(program) -> None:
    flow = flow_of(
        program,
        "steps:\n  - try:\n      - http: {post: 'https://a.example'}\n        on_error: [{say: Внутри}]\n      - say: Дальше\n    catch: [{say: Снаружи}]",
    )
    inner, outer = flow.handlers
    assert (inner.start, inner.end) == (0, 1)
    assert outer.start == 0
    assert outer.end > inner.target
    assert isinstance(flow.ops[outer.target], Say)
    assert flow.ops[0].effect


def test_a_no_branch_that_does_not_leave_ends_the_activity(program) -> None:
    flow = flow_of(
        program, "steps:\n  - confirm: {say: Да?, yes: {say: Хорошо}, no: {say: Жаль}}\n  - say: Конец"
    )
    assert kinds(flow) == ["Confirm", "Say", "Jump", "Say", "End", "Say", "Return"]
    assert ops(flow)[0].no == 3
    assert ops(flow)[2].target == 5
    leaving = flow_of(program, "steps:\n  - confirm: {say: Да?, no: {goto: other}}\n  - say: Конец")
    assert kinds(leaving) == ["Confirm", "Jump", "GotoFlow", "Say", "Return"]


def test_menu_items_go_on_behind_the_menu(program) -> None:
    flow = flow_of(
        program,
        "steps:\n  - menu: {say: Что?, items: [{text: Раз, is: ['* раз *'], steps: {say: Один}}, {text: Два, if: n > 1}]}\n  - say: Конец",
    )
    menu = flow.ops[0]
    assert isinstance(menu, Menu)
    assert [item.target for item in menu.items] == [1, 3]
    assert len(menu.items[0].patterns) == 1
    assert [op.target for op in flow.ops if isinstance(op, Jump)] == [4, 4]


def test_goto_a_label_jumps_and_goto_a_flow_replaces(program) -> None:
    flow = flow_of(
        program,
        "steps:\n  - {label: again, ask: {slot: size, again: true}}\n  - {if: n > 1, goto: again}\n  - goto: other",
    )
    assert [op.target for op in flow.ops if isinstance(op, Jump)] == [0]
    assert [op.flow for op in flow.ops if isinstance(op, GotoFlow)] == ["other"]
    assert flow.index_of["again"] == 0


def test_values_computed_from_slots_are_known(program) -> None:
    flow = flow_of(
        program,
        "needs: [size, pizza]\nsteps:\n  - set: {total: '{{ size }}'}\n  - set: {n: '{{ total }}'}\n  - say: '{{ n }} {{ pizza }}'",
    )
    assert flow.derived["total"] == {"size"}
    assert flow.derived["n"] == {"size"}
    assert [set(op.reads) for op in flow.ops if isinstance(op, Set | Say)] == [
        {"size"},
        {"total"},
        {"n", "pizza"},
    ]


def test_operations_on_variables(program) -> None:
    flow = flow_of(
        program,
        "steps: [{set: {n: {add: 2}, basket: {append: x}, m: {append: 1, more: 2}}}, {say: '{{ m }}'}]",
    )
    assert [(one.name, one.action, one.value.evaluate({})) for one in ops(flow)[0].assignments] == [
        ("n", "add", 2), ("basket", "append", "x"), ("m", "value", {"append": 1, "more": 2}),
    ]  # fmt: skip
    assert flow.ops[0].reads == {"n", "basket"}


def test_on_fail_of_a_flow_stands_behind_it(program) -> None:
    flow = flow_of(program, "needs: [size]\non_fail: [{say: Жаль}]")
    assert flow.on_fail is not None
    assert kinds(flow) == ["Ask", "Return", "Say", "End", "Return"]
    assert isinstance(flow.ops[flow.on_fail], Say)


def test_every_flow_ends_with_return_and_every_target_exists(program) -> None:
    flow = flow_of(
        program,
        "steps:\n  - if: n > 1\n    then: end\n    else: {call: {flow: other, args: {n: 1}, save: m}}\n  - say: '{{ m }}'",
    )
    assert isinstance(flow.ops[-1], Return)
    assert any(isinstance(op, End) for op in flow.ops)
    (call,) = [op for op in flow.ops if isinstance(op, CallFlow)]
    assert (call.flow, call.save, call.writes) == ("other", "m", frozenset({"m"}))


def test_an_address_encodes_its_values(program) -> None:
    flow = flow_of(program, "steps: [{http: {get: 'https://a.example/{{ pizza }}?q={{ n }}'}}]")
    (call,) = [op for op in flow.ops if isinstance(op, Http)]
    assert (
        call.url.render({"pizza": "а/../б?x=1#", "n": 5})
        == "https://a.example/%D0%B0%2F..%2F%D0%B1%3Fx%3D1%23?q=5"
    )


def test_events_fallback_and_slots_have_flows_of_their_own(program) -> None:
    robot = program(
        HEAD.replace(
            "pizza: {type: text, ask: Какую?}",
            "pizza: {type: text, ask: Какую?, on_fail: {say: Жаль}, on_correct: {say: Ясно}}",
        )
        + "    needs: pizza\nevents: {start: other, start@vk: {say: ВК}, error: {say: Ой}, fallback: [{say: Раз}, [{say: Два}, end]], fallback@web: other}\n"
    )
    assert robot.events == {"start": "other", "start@vk": "#start@vk", "error": "#error"}
    assert robot.fallback == {"": ("#fallback.1", "#fallback.2"), "web": ("other",)}
    assert (robot.slots["pizza"].on_fail, robot.slots["pizza"].on_correct) == (
        "#on_fail.pizza",
        "#on_correct.pizza",
    )
    assert {
        "#start@vk",
        "#error",
        "#fallback.1",
        "#fallback.2",
        "#on_fail.pizza",
        "#on_correct.pizza",
    } <= set(robot.flows)


def test_triggers_are_listed_by_what_they_listen_to(program) -> None:
    robot = program(
        'language: ru\nintents: {i: {examples: [привет]}}\nflows: {a: {on: [{intent: i}, "* хочу *", {command: Go}, {button: «Заказать»!}, {event: paid}], steps: [end]}}\n'
    )
    assert set(robot.by_intent) == {"i", "#a.1"}
    assert set(robot.by_command) == {"go"}
    assert set(robot.by_button) == {"заказать"}
    assert set(robot.by_event) == {"paid"}
    (found,) = [
        one for one in robot.recogniser.intents(robot.recogniser.read("я хочу"), ()) if one.intent == "#a.1"
    ]
    assert found.score == 0.75


def test_built_in_intents_are_recognised_and_may_be_replaced(program) -> None:
    def heard(robot, text: str) -> set[str]:
        return {one.intent for one in robot.recogniser.intents(robot.recogniser.read(text), ())}

    plain = program("language: ru\nflows: {a: {on: привет, steps: [end]}}\n")
    assert "cancel" in heard(plain, "Отмена!")
    assert "help" in heard(plain, "зачем?")
    own = program(
        "language: ru\nintents: {cancel: {patterns: [брось]}}\nflows: {a: {on: привет, steps: [end]}}\n"
    )
    assert "cancel" not in heard(own, "отмена")
    assert "cancel" in heard(own, "брось")


def test_the_engine_speaks_the_languages_of_the_robot(program) -> None:
    robot = program(
        "languages: [en, ru]\ntexts: {ses.back: {ru: Дальше., en: Next.}}\nflows: {a: {on: hi, steps: [end]}}\n"
    )
    assert robot.language == "en"
    assert set(robot.texts["ses.error"].variants) == {"en", "ru"}
    assert robot.texts["ses.back"].variants["en"][0].constant == "Next."
