"""Routing: which flow, question or slot gets an utterance."""

from __future__ import annotations

from typing import Any

from ses.errors import StepError
from ses.services.answers import Answer, FoundEntity

SHOP = """
entities:
  size: {values: {small: {label: Маленькая, forms: [маленькая]}, large: {label: Большая, forms: [большая]}}}
slots:
  size: {type: size, ask: Какой размер?, invalid: Нет такого.}
  city: {type: text, ask: Какой город?}
flows:
  order:
    title: Заказ
    on: ["* хочу заказать *", {command: order}, {button: Заказать}]
    needs: [size]
    steps: [{say: "Размер {{ size }}."}]
  trip:
    title: Поездка
    on: ["* еду *"]
    needs: [city]
    steps: [{say: "Город {{ city }}."}]
  hours:
    title: Часы
    on: ["* открыты *"]
    steps: [{say: С десяти.}]
  work:
    title: Работа
    on: ["* открыты сегодня"]
    steps: [{say: Сегодня да.}]
texts:
  ses.back: Итак.
  ses.fallback: Не понял.
  ses.invalid: Не понял ответа.
"""


async def test_a_command_starts_its_flow(talk: Any) -> None:
    await talk(SHOP)("""
        user: /order
        bot: Какой размер?
    """)


async def test_words_after_a_command_fill_its_slots(talk: Any) -> None:
    await talk(SHOP)("""
        user: /order большая
        bot: Размер Большая.
    """)


async def test_the_label_of_a_flow_button_typed_starts_the_flow(talk: Any) -> None:
    await talk(SHOP)("""
        user: заказать
        bot: Какой размер?
    """)


async def test_below_the_threshold_nothing_wins(talk: Any) -> None:
    await talk(SHOP)("""
        user: как дела
        bot: Не понял.
    """)


async def test_the_open_question_keeps_the_utterance_against_a_trigger_within_the_margin(talk: Any) -> None:
    chat = talk(SHOP)
    await chat("""
        user: /trip
        bot: Не понял.
        user: еду
        bot: Какой город?
        user: вы открыты в это время года или нет
        bot: Город вы открыты в это время года или нет.
    """)


async def test_a_trigger_clearly_better_than_the_open_question_digresses(talk: Any) -> None:
    await talk(SHOP)("""
        user: еду
        bot: Какой город?
        user: вы открыты
        bot: С десяти.
        bot: Итак. Какой город?
    """)


async def test_a_greedy_text_slot_keeps_nearly_everything(talk: Any) -> None:
    await talk(SHOP.replace("{type: text,", "{type: text, greedy: true,"))("""
        user: еду
        bot: Какой город?
        user: вы открыты
        bot: Город вы открыты.
    """)


async def test_two_flows_within_the_margin_are_asked_about_best_first_and_the_words_are_kept(
    talk: Any,
) -> None:
    robot = """
    entities:
      size: {values: {large: {label: Большая, forms: [большая]}}}
    slots:
      size: {type: size, ask: Какой размер?}
    flows:
      buy: {title: Купить, on: ["* пиццу *"], needs: [size], steps: [{say: "Покупаем {{ size }}."}]}
      sell: {title: Продать, on: ["* хочу *"], steps: [{say: Продаём.}]}
    texts: {ses.clarify: Что именно?, ses.fallback: Не понял.}
    """
    chat = talk(robot)
    await chat("""
        user: хочу большую пиццу
        bot: Что именно? [Купить | Продать | Ничего из этого]
        press: Купить
        bot: Покупаем Большая.
    """)
    await chat("""
        user: хочу пиццу
        bot: Что именно?
        user: продать
        bot: Продаём.
        user: хочу пиццу
        bot: Что именно?
        press: Ничего из этого
        bot: Не понял.
    """)


async def test_a_within_flow_listens_only_there_and_beats_a_global_one_inside_the_margin(talk: Any) -> None:
    robot = """
    slots:
      city: {type: text, ask: Куда?}
    flows:
      trip: {on: ["* еду *"], needs: [city]}
      help_trip: {within: [trip], on: ["* подробнее *"], steps: [{say: О поездке.}]}
      help: {on: ["* подробнее *"], steps: [{say: Обо всём.}]}
    texts: {ses.back: Итак.}
    """
    await talk(robot)("""
        user: подробнее
        bot: Обо всём.
        user: еду
        bot: Куда?
        user: подробнее
        bot: О поездке.
        bot: Итак. Куда?
    """)


async def test_a_flow_under_way_does_not_compete(talk: Any) -> None:
    await talk(SHOP)("""
        user: хочу заказать
        bot: Какой размер?
        user: хочу заказать
        bot: Нет такого. Какой размер?
    """)


async def test_interruptible_false_stops_digressions_but_not_cancel_and_commands(talk: Any) -> None:
    robot = SHOP.replace("    needs: [size]", "    interruptible: false\n    needs: [size]")
    await talk(robot)("""
        user: хочу заказать
        bot: Какой размер?
        user: вы открыты
        bot: Нет такого. Какой размер?
        user: отмена
        bot: Хорошо, отменил.
    """)
    robot = SHOP.replace("ask: Какой размер?", "ask: Какой размер?, interruptible: false")
    await talk(robot)("""
        user: хочу заказать
        bot: Какой размер?
        user: вы открыты
        bot: Нет такого. Какой размер?
    """)


async def test_a_guard_decides_whether_a_trigger_counts(talk: Any) -> None:
    robot = """
    variables: {visits: 0}
    flows:
      again: {on: [{intent: again, if: visits > 0}], steps: [{say: Опять.}]}
      first: {on: ["* первый"], steps: [{set: {visits: {add: 1}}}, {say: Раз.}]}
    intents: {again: {patterns: [снова]}}
    texts: {ses.fallback: Нет.}
    """
    await talk(robot)("""
        user: снова
        bot: Нет.
        user: первый
        bot: Раз.
        user: снова
        bot: Опять.
    """)


CLASSIFIED = """
intents:
  order: {patterns: ["* заказ *"], smc: {model: shop, class: order}}
  other: {patterns: ["точная фраза"]}
slots:
  what: {type: text, ask: Что?}
flows:
  order: {on: [{intent: order}], needs: [what], steps: [{say: Принято.}]}
  other: {on: [{intent: other}], steps: [{say: Другое.}]}
texts: {ses.fallback: Не понял.}
"""


async def test_the_classifier_is_asked_only_when_nothing_is_sure_and_no_question_took_the_words(
    talk: Any,
) -> None:
    chat = talk(CLASSIFIED, smc={"order": 0.9})
    await chat("""
        user: точная фраза
        bot: Другое.
    """)
    assert chat.services.called == []
    await chat("""
        user: везите поскорее
        bot: Что?
        user: стол
        bot: Принято.
    """)
    assert chat.services.called == [("smc", "shop", "везите поскорее")]
    assert ["order", 0.9, "smc"] not in chat.trace["scores"]


async def test_a_classifier_that_is_down_is_silent(talk: Any) -> None:
    await talk(CLASSIFIED, smc=StepError("connect", "down", service="smc"))("""
        user: везите поскорее
        bot: Не понял.
    """)


async def test_the_faq_answers_before_the_fallback_and_before_invalid(talk: Any) -> None:
    robot = SHOP + "qas: {categories: [menu, shop], threshold: 0.6}\n"
    chat = talk(robot, qas=Answer("Печём сами.", 0.8))
    await chat("""
        user: из чего вы печёте
        bot: Печём сами.
        user: хочу заказать
        bot: Какой размер?
        user: из чего вы печёте
        bot: Печём сами. Какой размер?
    """)
    assert chat.services.called[0] == ("qas", "menu|shop", "из чего вы печёте")
    chat = talk(robot, qas=Answer("Может быть.", 0.5))
    await chat("""
        user: из чего вы печёте
        bot: Не понял.
    """)


async def test_fallback_is_a_ladder_that_an_understood_turn_resets(talk: Any) -> None:
    robot = """
    events: {fallback: [{say: Раз.}, {say: Два.}, {say: Три.}]}
    flows: {hours: {on: ["* открыты *"], steps: [{say: Да.}]}}
    """
    await talk(robot)("""
        user: бла
        bot: Раз.
        user: бла
        bot: Два.
        user: бла
        bot: Три.
        user: бла
        bot: Три.
        user: открыты
        bot: Да.
        user: бла
        bot: Раз.
    """)


async def test_after_retries_failures_the_activity_ends_and_fallback_runs(talk: Any) -> None:
    robot = SHOP + "events: {fallback: [{say: Раз.}, {say: Два.}]}\n"
    await talk(robot)("""
        user: хочу заказать
        bot: Какой размер?
        user: бла
        bot: Нет такого. Какой размер?
        user: бла
        bot: Раз.
        user: бла
        bot: Два.
    """)


async def test_the_slots_on_fail_comes_before_the_flows(talk: Any) -> None:
    robot = """
    entities: {size: {values: {large: {label: Большая, forms: [большая]}}}}
    slots:
      size: {type: size, ask: Размер?, retries: 1, on_fail: [{say: Жаль.}, end]}
      colour: {type: size, ask: Цвет?, retries: 1}
    flows:
      one: {on: [первый], needs: [size], on_fail: [{say: Нет.}]}
      two: {on: [второй], needs: [colour], on_fail: [{say: Поток сдался.}]}
    """
    await talk(robot)("""
        user: первый
        bot: Размер?
        user: бла
        bot: Жаль.
        user: второй
        bot: Цвет?
        user: бла
        bot: Поток сдался.
    """)


async def test_digression_and_help_leave_the_count_of_failures_a_fill_resets_it(talk: Any) -> None:
    robot = SHOP.replace("ask: Какой размер?", "ask: Какой размер?, help: Для цены.")
    await talk(robot)("""
        user: хочу заказать
        bot: Какой размер?
        user: бла
        bot: Нет такого. Какой размер?
        user: зачем
        bot: Для цены. Какой размер?
        user: вы открыты
        bot: С десяти.
        bot: Итак. Какой размер?
        user: бла
        bot: Не понял.
    """)


async def test_the_open_questions_own_see_entity_is_always_asked(talk: Any) -> None:
    robot = """
    entities: {device: {see: {model: office, entity: device}}}
    slots: {device: {type: device, ask: Что сломалось?}}
    flows: {fix: {on: ["* сломалось *"], needs: [device], steps: [{say: "Чиним: {{ device }}."}]}}
    """
    chat = talk(robot, see=[FoundEntity("device", "принтер", "printer")])
    await chat("""
        user: сломалось
        bot: Что сломалось?
        user: принтер на втором этаже
        bot: Чиним: printer.
    """)
    chat = talk(robot, see=[FoundEntity("device", "принтер", "printer")])
    await chat("""
        user: у нас в офисе опять что-то сломалось кажется принтер
        bot: Чиним: printer.
    """)


async def test_the_trace_tells_what_was_understood(talk: Any) -> None:
    chat = talk(SHOP)
    await chat.say("хочу заказать большую")
    trace = chat.trace
    assert trace["understood"] == "trigger"
    assert trace["winner"] == "order"
    assert trace["scores"][0][0] == "order"
    assert trace["triggers"][0]["flow"] == "order"
    assert trace["steps"][0] == ["order", "order.size"]
    assert trace["lines"][0].startswith("robot.yaml:")
    assert trace["id"] == "s/1"


async def test_words_are_cut_at_4096_characters(talk: Any) -> None:
    chat = talk(SHOP)
    await chat.say("еду")
    await chat.say("а" * 10_000)
    assert len(chat.said[-1].text) < 4200
