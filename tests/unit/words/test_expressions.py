"""Expressions, templates and data: what they compute, how they print, what is refused and where."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ses.errors import StepError
from ses.scenario.expressions.compiled import (
    compile_condition,
    compile_expression,
    compile_plain_template,
    compile_template,
    compile_value,
)
from ses.scenario.findings.fault import Fault
from ses.scenario.values.values import ListValue

SCOPE: dict[str, Any] = {
    "n": 5,
    "half": 0.5,
    "name": "Анна",
    "size": ListValue("large", "большая"),
    "prices": {"margherita": {"large": 590, "30": 450}},
    "pizza": "margherita",
    "items": [{"title": "чай", "price": 100}, {"title": "кофе", "price": 150}],
    "days_list": [1, 2, 3],
    "day": date(2026, 11, 22),
    "at": time(18, 30),
    "visit": datetime(2026, 11, 23, 18, 30),  # noqa: DTZ001 (the wall clock of the user)
    "iso": "2026-11-22",
    "order": {"id": 7},
    "total": {"amount": 1590, "currency": "RUB"},
    "yes": True,
    "empty": None,
    "card": "1234567890123456",
    "lasts": timedelta(hours=2, minutes=30),
    "#now": datetime(2026, 11, 22, 12, tzinfo=UTC),
}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("n > 3", True),
        ("n > 3 and name == 'Анна'", True),
        ("not yes or n in [1, 5]", True),
        ("n * 2 + 1 - 4 / 2 % 3", 9),
        ("7 / 2", 3.5),
        ("-n", -5),
        ("'a' + 'b'", "ab"),
        ("[1] + [2]", [1, 2]),
        ("'да' if yes else 'нет'", "да"),
        ("'да' if empty", None),
        ("size == 'large'", True),
        ("'large' == size", True),
        ("size in ['large', 'small']", True),
        ("size.key", "large"),
        ("size.label", "большая"),
        ("prices[pizza][size]", 590),
        ("prices.margherita.large", 590),
        ("prices[pizza][30]", 450),
        ("prices['absent']", None),
        ("items[0].title", "чай"),
        ("items[9]", None),
        ("items[-1].price", 150),
        ("order.id == 7", True),
        ("'id' in order", True),
        ("empty == none", True),
        ("nothing == none", True),
        ("empty in [1]", False),
        ("n == '5'", False),
        ("yes == 1", False),
        ("yes == true", True),
        ("len(items) + len('abc') + len(empty)", 5),
        ("min(3, 1, 2)", 1),
        ("max(days_list)", 3),
        ("sum(days_list)", 6),
        ("sum(items, 'price')", 250),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("round(1.255, 1)", 1.3),
        ("number('1 500,50')", 1500.5),
        ("number('много')", None),
        ("today()", date(2026, 11, 22)),
        ("now() + hours(1)", datetime(2026, 11, 22, 13)),  # noqa: DTZ001
        ("day + days(9)", date(2026, 12, 1)),
        ("day == '2026-11-22'", True),
        ("iso - days(1)", date(2026, 11, 21)),
        ("iso < today() + days(1)", True),
        ("visit - days(1)", datetime(2026, 11, 22, 18, 30)),  # noqa: DTZ001
        ("visit > day", True),
        ("visit - now() < days(2)", True),
        ("date(visit) - day == days(1)", True),
        ("time('09:00') < at", True),
        ("weekday(day)", 7),
        ("weekday(date('2026-01-01'))", 4),
        ("day.year + day.month", 2037),
        ("datetime(day, at)", datetime(2026, 11, 22, 18, 30)),  # noqa: DTZ001
        ("minutes(90) == hours(1.5)", True),
        ("{'a': n, 'b': [size]}['a']", 5),
        ("n|plural('пицца', 'пиццы', 'пицц')", "5 пицц"),
        ("empty|default('—')", "—"),
        ("empty.name|default('—')", "—"),
        ("order.client.name|default('гость')", "гость"),
        ("days_list|join(' и ')", "1 и 2 и 3"),
        ("items|join(', ', 'title')", "чай, кофе"),
        ("name|upper|lower|capitalize", "Анна"),
        ("items|length", 2),
        ("days_list|first + days_list|last", 4),
    ],
)
def test_values(source: str, value: Any) -> None:
    result = compile_expression(source).evaluate(SCOPE)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("source", "language", "text"),
    [
        ("{{ n|plural('пицца', 'пиццы', 'пицц') }}", "ru", "5 пицц"),
        (
            "{{ 2|plural('пицца', 'пиццы', 'пицц') }}, {{ 21|plural('час', 'часа', 'часов') }}",
            "ru",
            "2 пиццы, 21 час",
        ),
        (
            "{{ 11|plural('час', 'часа', 'часов') }}; {{ 1.5|plural('час', 'часа', 'часов') }}",
            "ru",
            "11 часов; 1,5 часа",
        ),
        ("{{ 1|plural('day', 'days') }} {{ 2|plural('day', 'days') }}", "en", "1 day 2 days"),
        ("{{ 1590|money }}", "ru", "1\u00a0590\u00a0₽"),
        ("{{ 1590.5|money('USD') }}", "en", "$1,590.50"),
        ("{{ -5|money('EUR') }}", "en", "-€5"),
        ("{{ total }} · {{ total|money }}", "ru", "1\u00a0590\u00a0₽ · 1\u00a0590\u00a0₽"),
        ("{{ day|date('d MMMM') }}", "ru", "22 ноября"),
        ("{{ day|date('EEEE, dd.MM.yyyy') }}", "ru", "воскресенье, 22.11.2026"),
        ("{{ visit|date(\"d MMM 'в' HH:mm\") }}", "ru", "23 ноя в 18:30"),
        ("{{ card|mask(4) }}", "ru", "•••• 3456"),
        ("{{ '12'|mask(4) }}", "ru", "••••"),
        ("в {{ 'Бердск'|case('loct') }}", "ru", "в Бердске"),
        ("для {{ 'Анна Петрова'|case('gent') }}", "ru", "для Анны Петровой"),
        ("на {{ 'улица Ленина'|case('loct') }}", "ru", "на улице Ленина"),
        ("у {{ 'добрый врач'|case('gent') }}", "ru", "у доброго врача"),
        (
            "{{ size }}, {{ day }}, {{ at }}, {{ n }}, {{ yes }}, {{ half }}",
            "ru",
            "большая, 22 ноября, 18:30, 5, да, 0,5",
        ),
        ("{{ day }} {{ at }} {{ yes }} {{ half }}", "en", "22 November 18:30 yes 0.5"),
        ("{{ visit }}", "ru", "23 ноября, 18:30"),
        ("{{ iso }}", "ru", "22 ноября"),
        ("{{ date('2031-05-01') }}", "ru", "1 мая 2031"),
        ("{{ date('2027-01-02') }}", "ru", "2 января"),
        ("{{ lasts }}", "ru", "2 часа 30 минут"),
        ("[{{ empty }}{{ nothing }}]", "ru", "[]"),
        ("{{ days_list }}", "ru", "1, 2, 3"),
        ("{{ size.key }} {{ size.label }}", "ru", "large большая"),
        ("пицца{{ ', ' + size if size }}", "ru", "пицца, большая"),
        ("{ {{ n }} }} {", "ru", "{ 5 }} {"),
        ("{{ day|date('d MMMM') }}", "de", "22 November"),
    ],
)
def test_what_a_reader_sees(source: str, language: str, text: str) -> None:
    assert compile_template(source, language).render(SCOPE) == text


def test_data_keeps_keys_iso_and_types() -> None:
    data = {
        "size": "{{ size }}",
        "note": "{{ size }}, {{ day }}, {{ yes }}, {{ half }}",
        "total": " {{ n * 2 }} ",
        "deep": [{"at": "{{ visit }}", "fixed": 1.5}, "{{ size.label }}"],
        "lasts": "{{ lasts }}",
        "joined": "{{ 'size-' + size }}",
        "items": "{{ items }}",
    }
    assert compile_value(data).evaluate(SCOPE) == {
        "size": "large",
        "note": "large, 2026-11-22, true, 0.5",
        "total": 10,
        "deep": [{"at": "2026-11-23T18:30", "fixed": 1.5}, "большая"],
        "lasts": 9000,
        "joined": "size-large",
        "items": SCOPE["items"],
    }


def test_a_url_is_written_plainly() -> None:
    assert (
        compile_plain_template("/{{ size }}/{{ day }}?ok={{ yes }}").render(SCOPE)
        == "/large/2026-11-22?ok=true"
    )


def test_names_and_constants_are_known() -> None:
    assert compile_expression("prices[pizza] and today() > day").names == {"prices", "pizza", "day"}
    assert compile_template("{{ n }} {{ size.label }}", "ru").names == {"n", "size"}
    assert compile_value({"a": ["{{ n }}"], "b": "x"}).names == {"n"}
    assert compile_template("Здравствуйте!", "ru").constant == "Здравствуйте!"
    assert compile_template("{{ n }}", "ru").constant is None
    assert compile_expression("1 + 2").is_constant
    assert not compile_expression("today()").is_constant
    assert compile_value({"a": 1}).is_constant


def test_a_condition_may_stand_in_braces() -> None:
    assert compile_condition("{{ n > 3 }}").evaluate(SCOPE) is True
    assert compile_condition(" {{ n > 3 }} ").evaluate(SCOPE) is True
    with pytest.raises(Fault, match="one expression"):
        compile_condition("{{ n }} > 3")


@pytest.mark.parametrize(
    "source",
    [
        "empty.name", "empty[0]", "name.first", "n.real", "n + name", "name * 3", "'%d' % 1", "1 / 0", "n % 0", "n > name",
        "size > 3", "n > empty", "day + 1", "days('x')", "len(5)", "sum('abc')", "today()[0]", "items.first", "size.price",
        "9000000000000000000 * 9", "9000000000000000000 + 9000000000000000000", "day + days(99999999)", "round('x')",
        "n|date", "name|plural('a', 'b')", "n|join", "date('никогда')", "name in 5", "1 in 'abc'", "n|money('EUR')|money",
        "''.__class__", "items.__class__", "order.id.__class__", "max(1, 'a')", "-name", "{empty: 1}",
    ],
)  # fmt: skip
def test_what_cannot_be_computed_is_an_error_of_the_step(source: str) -> None:
    with pytest.raises(StepError) as caught:
        compile_expression(source).evaluate(SCOPE)
    assert caught.value.kind == "value"
    assert "Анна" not in str(caught.value)


def test_private_attributes_of_maps_are_only_keys() -> None:
    assert compile_expression("order.__class__").evaluate(SCOPE) is None
    assert compile_expression("order['__init__']").evaluate(SCOPE) is None


@pytest.mark.parametrize(
    ("source", "offset", "says"),
    [
        ("a = b", 2, "does not compare"),
        ("n >", 3, "breaks off"),
        ("'abc", 0, "never closed"),
        ("a && b", 2, "'&&'"),
        ("a || b", 2, "'\\|\\|'"),
        ("!a", 0, "'!'"),
        ("a b", 2, "not expected"),
        ("", 0, "is empty"),
        ("2 ** 3", 0, "'\\*\\*'"),
        ("7 // 2", 0, "'//'"),
        ("a ~ b", 0, "'~'"),
        ("x is none", 2, "'is'"),
        ("a[1:9:2]", 2, "no step"),
        ("1 < n < 5", 8, "chained"),
        ("foo(1)", 0, "no function 'foo'"),
        ("n|plurel('a')", 2, "no filter 'plurel'"),
        ("days()", 4, "0 arguments"),
        ("now(1)", 3, "1 arguments"),
        ("round(x, digits=2)", 5, "named arguments"),
        ("name|case('xxxx')", 10, "no case"),
        ("day|date('QQ')", 9, "no field of a date"),
        ("(1, 2)", 2, "comma"),
        ("null", 0, "'null'"),
        ("99999999999999999999", 0, "too large"),
        ("«да»", 0, "does not begin a text"),
        ("a.b()", 3, "only functions"),
        ("lambda: 1", 6, "not expected"),
        ("[x for x in y]", 3, "not expected"),
    ],
)  # fmt: skip
def test_what_is_no_part_of_the_language_is_refused_with_its_place(
    source: str, offset: int, says: str
) -> None:
    with pytest.raises(Fault, match=says) as caught:
        compile_expression(source)
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    ("source", "offset", "says"),
    [
        ("Цена {% if a %}", 5, "'{%'"),
        ("Привет, {{ name", 8, "never closed"),
        ("Итого: {{ }}", 7, "nothing stands"),
        ("{{- n }}", 0, "'{{-'"),
        ("Итого {{ n + }} ₽", 13, "not expected|breaks off"),
        ("Сумма {{ a = b }}", 11, "does not compare"),
        ("{{ n|nofilter }}", 5, "no filter"),
    ],
)
def test_mistakes_in_texts_are_told_with_their_place(source: str, offset: int, says: str) -> None:
    with pytest.raises(Fault, match=says) as caught:
        compile_template(source, "ru")
    assert abs(caught.value.offset - offset) <= 1


def test_mistakes_in_data_are_told_with_their_path() -> None:
    with pytest.raises(Fault) as caught:
        compile_value({"json": {"items": ["ok", "{{ a b }}"]}})
    assert (caught.value.path, caught.value.offset) == (("json", "items", 1), 5)


# --- hostile expressions ---------------------------------------------------------------------------------

HOSTILE = [
    "'%300000000d' % 1", "'a' * 999999999", "[0] * 999999999", "10 ** 10 ** 10", "range(999999999)", "x.__class__.__mro__",
    "''.__class__.__base__.__subclasses__()", "self", "cycler.__init__.__globals__", "config", "('a'|upper).__class__",
    "n.__init__.__globals__['os']", "lipsum", "namespace(a=1)", "dict(a=1)", "joiner()", "name.format(n)", "name|attr('x')",
    "items|map('upper')", "name|format(1)", "name|center(99999999)", "[[[[1]]]] * 99", "n if", "(" * 3000, "[" * 3000, "-" * 3999,
    "not " * 900, "a." * 1500 + "a", "1+" * 1900 + "1", "a[" * 29 + "0" + "]" * 29, "'" + "\\x41" * 900 + "'", "{{}}", "{{{{", "}}",
    "{%raw%}", "{# c #}", "a|" * 1000 + "upper", "f(" * 29 + ")" * 29, "\0", "\u202e n", "n;n", "import os", "n\nn", "1e999", "0x" + "f" * 500,
]  # fmt: skip


@pytest.mark.parametrize("source", HOSTILE)
def test_hostile_expressions_neither_escape_nor_hang(source: str) -> None:
    try:
        value = compile_expression(source).evaluate({**SCOPE, "x": 1, "a": {"a": 1}})
    except (Fault, StepError):
        return
    assert value is None or isinstance(value, str | int | float | bool | dict | list)


def grown(expression: str, name: str, value: Any) -> Any:
    """What a loop of `set: {name: expression}` makes of a value in forty passes."""
    step = compile_value(expression)
    for _ in range(40):
        value = step.evaluate({name: value})
    return value


def test_results_cannot_grow_without_bounds() -> None:
    tracemalloc.start()
    with pytest.raises(StepError):
        grown("{{ x + x }}", "x", "ab")
    with pytest.raises(StepError):
        grown("{{ [l, l] }}", "l", [1])
    with pytest.raises(StepError):
        grown("{{ {'a': m, 'b': m} }}", "m", {})
    with pytest.raises(StepError):
        compile_template("{{ x }}" * 20, "ru").render({"x": "a" * 60_000})
    with pytest.raises(StepError):
        compile_expression("l|join(x)").evaluate({"l": list(range(60_000)), "x": "y" * 1000})
    assert tracemalloc.get_traced_memory()[1] < 60_000_000
    tracemalloc.stop()


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from("n name items size day empty prices . [ ] ( ) { } : , + - * / % == < in not and or if else | plural upper date join "
                                "days today len 'a' 1 0 2.5 none true __class__ ** ~ is {{ }} {% \" ' \\".split()), max_size=12).map(" ".join))  # fmt: skip
def test_any_expression_compiles_or_is_refused_and_computes_or_fails_cleanly(source: str) -> None:
    for compile_it in (
        compile_expression,
        compile_condition,
        lambda text: compile_template(text, "ru"),
        compile_value,
    ):
        try:
            compiled: Any = compile_it(source)
        except Fault as fault:
            assert 0 <= fault.offset <= len(source)
            continue
        run = getattr(compiled, "evaluate", None) or compiled.render
        try:
            run(SCOPE)
        except StepError as error:
            assert error.kind == "value"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_a_template_or_refused(source: str) -> None:
    try:
        template = compile_template(source, "ru")
    except Fault as fault:
        assert 0 <= fault.offset <= len(source)
        return
    if "{{" not in source:
        assert template.constant == source
