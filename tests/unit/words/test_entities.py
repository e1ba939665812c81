"""What entities find, in Russian and English; now is Sunday 22 November 2026, 12:00."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ses.messages import Attachment
from ses.scenario.compiling.texts import engine_phrases
from ses.scenario.findings.fault import Fault
from ses.scenario.recognising.attached import found_in_attachments
from ses.scenario.recognising.builtin import FINDERS
from ses.scenario.recognising.entities import ListEntity, ListEntry, RegexEntity, SeeEntity, check_regex
from ses.scenario.recognising.recogniser import RobotRecogniser, build_recogniser
from ses.scenario.values.values import ListValue

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SIZE = ListEntity(
    "size",
    (
        ListEntry("small", ("маленькая", "мал*")),
        ListEntry(
            "large", ("большая", "больш*", "на (всю|целую) компанию"), {"ru": "Большая", "en": "Large"}
        ),
    ),
)


@pytest.fixture(scope="module")
def ru() -> RobotRecogniser:
    return build_recogniser(
        ["ru"],
        [],
        {},
        [
            SIZE,
            RegexEntity("order_no", r"№?\d{6}"),
            RegexEntity("room", r"каб\w*\.? (\d+)"),
            SeeEntity("city", "geo", "town"),
        ],
        phrases=engine_phrases(),
    )


@pytest.fixture(scope="module")
def en() -> RobotRecogniser:
    return build_recogniser(["en"], phrases=engine_phrases())


def values(recogniser: RobotRecogniser, entity: str, text: str, *, asked: bool = True) -> list[Any]:
    said = recogniser.read(text)
    if asked:
        return [found.value for found in recogniser.entity(said, entity, forgiving=True, now=NOW)]
    return [found.value for found in recogniser.entities(said, [entity], NOW)]


@pytest.mark.parametrize(
    ("entity", "text", "value"),
    [
        ("number", "две", 2),
        ("number", "штук двадцать пять", 25),
        ("number", "минус 3", -3),
        ("number", "2,5", 2.5),
        ("number", "1 590", 1590),
        ("number", "сто двадцать три", 123),
        ("number", "две тысячи двадцать шесть", 2026),
        ("number", "пять тысяч", 5000),
        ("number", "2,5 млн", 2_500_000),
        ("number", "два с половиной", 2.5),
        ("number", "полторы", 1.5),
        ("integer", "трёх хватит", 3),
        ("integer", "на троих", 3),
        ("integer", "нас десятеро", 10),
        ("money", "500", {"amount": 500, "currency": "RUB"}),
        ("money", "переведи 1 590,50 ₽", {"amount": 1590.5, "currency": "RUB"}),
        ("money", "пять тысяч рублей", {"amount": 5000, "currency": "RUB"}),
        ("money", "двести долларов", {"amount": 200, "currency": "USD"}),
        ("money", "10 руб. 50 коп.", {"amount": 10.5, "currency": "RUB"}),
        ("date", "завтра", "2026-11-23"),
        ("date", "послезавтра", "2026-11-24"),
        ("date", "в пятницу", "2026-11-27"),
        ("date", "в воскресенье", "2026-11-29"),
        ("date", "в следующую среду", "2026-11-25"),
        ("date", "22 ноября", "2026-11-22"),
        ("date", "21 ноября", "2027-11-21"),
        ("date", "двадцать второго декабря", "2026-12-22"),
        ("date", "первого января 2027 года", "2027-01-01"),
        ("date", "29 февраля", "2028-02-29"),
        ("date", "через три дня", "2026-11-25"),
        ("date", "через неделю", "2026-11-29"),
        ("date", "через месяц", "2026-12-22"),
        ("date", "25-го", "2026-11-25"),
        ("date", "5", "2026-12-05"),
        ("date", "22.12.2026", "2026-12-22"),
        ("date", "1/12", "2026-12-01"),
        ("time", "18:30", "18:30"),
        ("time", "в семь вечера", "19:00"),
        ("time", "полседьмого", "06:30"),
        ("time", "половина седьмого вечера", "18:30"),
        ("time", "в 9 утра", "09:00"),
        ("time", "7", "07:00"),
        ("time", "в 18 часов 30 минут", "18:30"),
        ("time", "12 ночи", "00:00"),
        ("time", "в полдень", "12:00"),
        ("time", "6:30 вечера", "18:30"),
        ("time", "вечером в 7", "19:00"),
        ("time", "без пятнадцати семь", "06:45"),
        ("time", "без четверти восемь вечера", "19:45"),
        ("time", "сегодня в 12 ночи", "00:00"),
        ("datetime", "завтра вечером в семь", "2026-11-23T19:00"),
        ("yes_no", "нет, не надо", False),
        ("datetime", "завтра в 18:30", "2026-11-23T18:30"),
        ("datetime", "в пятницу в семь вечера", "2026-11-27T19:00"),
        ("datetime", "послезавтра 9.30", "2026-11-24T09:30"),
        ("datetime", "через два часа", "2026-11-22T14:00"),
        ("datetime", "в 11", "2026-11-23T11:00"),
        ("duration", "2 часа 30 минут", 9000),
        ("duration", "полчаса", 1800),
        ("duration", "полтора часа", 5400),
        ("duration", "3 дня", 259200),
        ("phone", "мой номер 8 913 123-45-67", "+79131234567"),
        ("email", "пишите: Ivan.P@mail.ru!", "ivan.p@mail.ru"),
        ("url", "сайт example.com/menu.", "https://example.com/menu"),
        ("yes_no", "ну да, конечно", True),
        ("yes_no", "нет, спасибо", False),
        ("yes_no", "да нет", False),
        ("yes_no", "не согласен", False),
        ("person", "меня зовут Анна", "Анна"),
        ("person", "запишите Анну Петрову", "Анну Петрову"),
        ("person", "Петрову Ивану", "Петрову Ивану"),
    ],
)
def test_russian(ru: RobotRecogniser, entity: str, text: str, value: Any) -> None:
    assert values(ru, entity, text) == [value]


@pytest.mark.parametrize(
    ("entity", "text", "value"),
    [
        ("number", "three hundred and five", 305),
        ("number", "twenty-five", 25),
        ("number", "two thousand", 2000),
        ("money", "$5.50", {"amount": 5.5, "currency": "USD"}),
        ("money", "20 dollars", {"amount": 20, "currency": "USD"}),
        ("date", "tomorrow", "2026-11-23"),
        ("date", "the day after tomorrow", "2026-11-24"),
        ("date", "next friday", "2026-11-27"),
        ("date", "November 30th", "2026-11-30"),
        ("date", "22nd of December", "2026-12-22"),
        ("date", "in two weeks", "2026-12-06"),
        ("date", "12/25", "2026-12-25"),
        ("time", "6:30 pm", "18:30"),
        ("time", "6 p.m.", "18:00"),
        ("time", "at noon", "12:00"),
        ("time", "half past six", "06:30"),
        ("time", "quarter to seven", "06:45"),
        ("datetime", "tomorrow at 6 pm", "2026-11-23T18:00"),
        ("datetime", "in 2 hours", "2026-11-22T14:00"),
        ("duration", "an hour", 3600),
        ("duration", "30m", 1800),
        ("duration", "half an hour", 1800),
        ("phone", "call 415-555-2671", "+14155552671"),
        ("yes_no", "yes please", True),
        ("yes_no", "no, thanks", False),
        ("person", "my name is Mary Jane", "Mary Jane"),
        ("person", "john smith", "John Smith"),
    ],
)
def test_english(en: RobotRecogniser, entity: str, text: str, value: Any) -> None:
    assert values(en, entity, text) == [value]


@pytest.mark.parametrize(
    ("entity", "text"),
    [
        ("date", "не знаю"),
        ("date", "31.02.2026"),
        ("date", "99/99"),
        ("time", "25:70"),
        ("datetime", "завтра"),
        ("email", "a@b"),
        ("phone", "12345"),
        ("number", "вот так"),
        ("yes_no", "маргариту"),
        ("person", "в среду утром"),
        ("url", "вот.так и сяк"),
    ],
)
def test_nothing_is_found_where_nothing_is(ru: RobotRecogniser, entity: str, text: str) -> None:
    assert values(ru, entity, text) == []


@pytest.mark.parametrize(
    ("entity", "text"),
    [
        ("money", "500"),
        ("date", "5"),
        ("time", "7"),
        ("time", "12.30"),
        ("datetime", "в 18:30"),
        ("time", "в 3 пиццерии"),
    ],
)
def test_bare_numbers_are_values_only_when_asked_for(ru: RobotRecogniser, entity: str, text: str) -> None:
    assert values(ru, entity, text, asked=False) == []


def test_dates_are_found_unasked_without_the_slow_library(ru: RobotRecogniser) -> None:
    assert values(ru, "date", "запишите на завтра к терапевту", asked=False) == ["2026-11-23"]
    assert ru.is_slow("date")
    assert not ru.is_slow("size")


def test_unusual_dates_are_understood_when_asked_for() -> None:
    german = build_recogniser(["de"])
    assert values(german, "date", "am 3. Dezember") == ["2026-12-03"]
    assert values(german, "date", "am 3. Dezember", asked=False) == []


def test_without_a_present_only_whole_dates_are_found(ru: RobotRecogniser) -> None:
    said = ru.read("завтра или 5 мая 2027")
    assert [found.value for found in ru.entities(said, ["date"])] == ["2027-05-05"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("большую", "large"),
        ("давайте малую", "small"),
        ("пиццу на целую компанию", "large"),
        ("на всю компанию и", "large"),
    ],
)
def test_list_values_are_found_in_any_form(ru: RobotRecogniser, text: str, key: str) -> None:
    assert values(ru, "size", text) == [key]


def test_a_found_value_knows_its_place(ru: RobotRecogniser) -> None:
    said = ru.read("пиццу, на всю компанию!")
    (found,) = ru.entities(said, ["size"])
    assert said.raw[found.start : found.end] == "на всю компанию"
    assert (found.first, found.last) == (1, 4)


def test_regular_expressions_read_the_raw_text(ru: RobotRecogniser) -> None:
    assert values(ru, "order_no", "где заказ №123456?") == ["№123456"]
    assert values(ru, "room", "зайду в каб. 12") == ["12"]


@pytest.mark.parametrize("pattern", ["(", r"(?=a)", "a*", r"\1", "(a+)+" * 200 + "{1000}{1000}"])
def test_regular_expressions_that_cannot_serve_are_refused(pattern: str) -> None:
    with pytest.raises(Fault, match="regular expression"):
        check_regex(pattern)


def test_labels_and_keys(ru: RobotRecogniser) -> None:
    assert ru.values("size") == ("small", "large")
    assert (ru.label("size", "small", "ru"), ru.label("size", "large", "en")) == ("маленькая", "Large")
    assert ru.see("city") == ("geo", "town")
    assert ru.see("size") is None


def test_values_are_presented_to_expressions_with_their_types(ru: RobotRecogniser) -> None:
    large = ru.present("size", "large", "ru")
    assert isinstance(large, ListValue)
    assert (large.key, large.label) == ("large", "Большая")
    assert ru.present("date", "2026-11-22", "ru") == date(2026, 11, 22)
    assert ru.present("time", "18:30", "ru") == time(18, 30)
    assert ru.present("duration", 3600, "ru") == timedelta(hours=1)
    assert [one.label for one in ru.present("size", ["small"], "ru")] == ["маленькая"]
    assert ru.present("size", None, "ru") is None


def test_attachments_are_values_of_their_kinds() -> None:
    place = Attachment(kind="location", value={"lat": 55.0, "lon": 82.9})
    card = Attachment(kind="contact", value={"phone": "+7 913 123-45-67", "name": "Анна"})
    picture = Attachment(kind="image", name="a.png", media="uploads/1", mime="image/png", size=9)
    everything = (place, card, picture)
    assert [one.value for one in found_in_attachments("location", everything)] == [{"lat": 55.0, "lon": 82.9}]
    assert [one.value for one in found_in_attachments("phone", everything)] == ["+79131234567"]
    assert found_in_attachments("image", everything)[0].value["media"] == "uploads/1"
    assert found_in_attachments("voice", everything) == ()
    assert found_in_attachments("size", everything) == ()


SAID = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            "завтра в через 22 ноября 18:30 двадцать пять третьего час час. 5 99 -3 1 590 руб ₽ $ пол полседьмого half a an "
            "next пятницу in two weeks pm 12 минус сто тысяч 2026 31 02 . / : - +7 913 да нет Анна Петрова меня зовут".split(
                " "
            )
        ),
        max_size=8,
    ).map(" ".join),
)


@settings(max_examples=300, deadline=None)
@given(SAID, st.sampled_from(sorted(FINDERS)), st.sampled_from(["ru", "en"]), st.booleans())
def test_finders_never_fail_and_point_into_the_text(
    text: str, entity: str, language: str, asked: bool
) -> None:
    recogniser = build_recogniser([language])
    said = recogniser.read(text)
    from ses.scenario.recognising.builtin import Asked

    for found in FINDERS[entity](said, Asked(language, NOW.replace(tzinfo=None), asked)):
        assert 0 <= found.start < found.end <= len(said.raw)
        assert 0 <= found.first <= found.last <= len(said.words)
        assert found.entity == entity
