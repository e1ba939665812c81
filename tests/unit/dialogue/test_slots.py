"""How slots are asked, filled, checked, skipped and kept."""

from __future__ import annotations

from typing import Any

from ses.messages import Attachment

ENTITIES = """
entities:
  size: {values: {small: {label: Маленькая, forms: [маленькая]}, large: {label: Большая, forms: [большая]}}}
  city: {values: {msk: {label: Москва, forms: [москва]}, spb: {label: Питер, forms: [питер]}, nsk: {label: Новосибирск, forms: [новосибирск]}}}
  extra: {values: {cheese: {label: Сыр, forms: [сыр]}, olives: {label: Оливки, forms: [оливка]}}}
texts: {ses.fallback: Не понял.}
"""


async def test_two_empty_slots_of_one_type_are_filled_only_by_captures(talk: Any) -> None:
    robot = (
        ENTITIES
        + """
slots:
  from: {type: city, ask: Откуда?}
  to: {type: city, ask: Куда?}
flows:
  trip:
    on: ["* (хочу|нужно) *", "* с @from по @to *", "* из @from в @to *"]
    needs: [from, to]
    steps: [{say: "{{ from }} — {{ to }}."}]
"""
    )
    await talk(robot)("""
        user: хочу в питер
        bot: Откуда?
        user: москва
        bot: Куда?
        user: новосибирск
        bot: Москва — Новосибирск.
        user: поеду из москвы в питер
        bot: Москва — Питер.
    """)


async def test_slots_that_check_each_other_are_filled_together(talk: Any) -> None:
    robot = (
        ENTITIES
        + """
slots:
  from: {type: city, ask: Откуда?, check: value != to}
  to: {type: city, ask: Куда?, check: value != from}
flows:
  trip: {on: ["* из @from в @to *"], needs: [from, to], steps: [{say: "{{ from }} — {{ to }}."}]}
"""
    )
    await talk(robot)("""
        user: поеду из москвы в питер
        bot: Москва — Питер.
    """)


async def test_no_skips_an_optional_text(talk: Any) -> None:
    robot = """
slots: {note: {type: text, optional: true, ask: Примечание?}}
flows: {a: {on: [старт], needs: [note], steps: [{say: "{{ note or 'ничего' }}."}]}}
"""
    await talk(robot)("""
        user: старт
        bot: Примечание?
        user: нет
        bot: ничего.
        user: старт
        bot: Примечание?
        user: нет звонка
        bot: нет звонка.
    """)


async def test_captures_of_the_active_flow_fill_while_it_asks(talk: Any) -> None:
    robot = (
        ENTITIES
        + """
slots:
  from: {type: city, ask: Откуда?}
  to: {type: city, ask: Куда?}
flows:
  trip: {on: ["* хочу *", "* из @from в @to"], needs: [from, to], steps: [{say: "{{ from }} — {{ to }}."}]}
"""
    )
    await talk(robot)("""
        user: хочу
        bot: Откуда?
        user: из москвы в питер
        bot: Москва — Питер.
    """)


async def test_two_values_for_one_slot_are_asked_about(talk: Any) -> None:
    robot = (
        ENTITIES
        + """
slots: {size: {type: size, ask: Какой?}}
flows: {order: {on: ["* хочу *"], needs: [size], steps: [{say: "{{ size }}."}]}}
"""
    )
    chat = talk(robot)
    await chat("""
        user: хочу
        bot: Какой?
        user: большую или маленькую
        bot: Какой вариант правильный? [Большая | Маленькая]
        press: Маленькая
        bot: Маленькая.
        user: хочу большую или маленькую
        bot: Какой вариант правильный?
        user: большую
        bot: Большая.
    """)


async def test_who_does_not_choose_between_two_values_is_asked_the_question_itself(talk: Any) -> None:
    robot = (
        ENTITIES
        + """
slots: {size: {type: size, ask: Какой?}}
flows: {order: {on: ["* хочу *"], needs: [size], steps: [{say: "{{ size }}."}]}}
"""
    )
    await talk(robot)("""
        user: хочу большую или маленькую
        bot: Какой вариант правильный?
        user: бла
        bot: Не совсем понял ответ. Какой вариант правильный? [Большая | Маленькая]
        user: бла
        bot: Попробуем ещё раз. Какой?
        user: большую
        bot: Большая.
    """)


async def test_a_capture_named_like_its_entity_does_not_decide_between_two_values(talk: Any) -> None:
    robot = (
        ENTITIES
        + """
slots: {size: {type: size, ask: Какой?}}
flows: {order: {on: ["* @size *"], needs: [size], steps: [{say: "{{ size }}."}]}}
"""
    )
    await talk(robot)("""
        user: большую и маленькую
        bot: Какой вариант правильный? [Большая | Маленькая]
        press: Большая
        bot: Большая.
    """)


async def test_many_takes_all_values(talk: Any) -> None:
    robot = (
        ENTITIES
        + """
slots: {extras: {type: extra, many: true, optional: true, ask: Добавить?}}
flows: {order: {on: ["* хочу *"], needs: [extras], steps: [{say: "Плюс {{ extras|join(' и ') if extras else 'ничего' }}."}]}}
"""
    )
    chat = talk(robot)
    await chat("""
        user: хочу
        bot: Добавить? [Пропустить]
        user: сыр и оливки
        bot: Плюс Сыр и Оливки.
    """)
    await chat("""
        user: хочу
        bot: Добавить?
        user: нет
        bot: Плюс ничего.
        user: хочу
        bot: Добавить?
        user: пропустить
        bot: Плюс ничего.
        user: хочу
        bot: Добавить?
        press: Пропустить
        bot: Плюс ничего.
    """)


async def test_a_false_check_says_invalid_with_the_value_and_counts_as_a_failure(talk: Any) -> None:
    robot = (
        ENTITIES
        + """
variables: {left: [small]}
slots: {size: {type: size, ask: Какой?, check: value in left, invalid: "Размера {{ value }} нет."}}
flows: {order: {on: ["* хочу *"], needs: [size], steps: [{say: "{{ size }}."}]}}
"""
    )
    await talk(robot)("""
        user: хочу
        bot: Какой?
        user: большую
        bot: Размера Большая нет. Какой?
        user: большую
        bot: Не понял.
        user: хочу
        bot: Какой?
        user: маленькую
        bot: Маленькая.
    """)


async def test_a_value_said_unasked_that_does_not_pass_is_refused_aloud(talk: Any) -> None:
    robot = (
        ENTITIES
        + """
slots:
  size: {type: size, ask: Какой?, check: "value == 'small'", invalid: "{{ value }} кончилась."}
flows: {order: {on: ["* хочу *"], needs: [size], steps: [{say: "{{ size }}."}]}}
"""
    )
    await talk(robot)("""
        user: хочу большую
        bot: Большая кончилась. Какой?
        user: бла
        bot: Не совсем понял ответ. Какой?
        user: маленькую
        bot: Маленькая.
    """)


async def test_help_is_said_before_the_question(talk: Any) -> None:
    robot = (
        ENTITIES
        + """
slots: {size: {type: size, ask: Какой?, help: Размер влияет на цену.}}
flows: {order: {on: ["* хочу *"], needs: [size], steps: [{say: "{{ size }}."}]}}
"""
    )
    await talk(robot)("""
        user: хочу
        bot: Какой?
        user: зачем?
        bot: Размер влияет на цену. Какой?
        user: повтори
        bot: Какой?
    """)


async def test_choices_are_read_when_asked_and_recognised_by_button_number_and_words(talk: Any) -> None:
    robot = """
slots:
  card:
    ask: Какую карту?
    choices: "{{ cards }}"
    label: "{{ item.name }}"
    value: "{{ item.id }}"
    on_fail: [{say: Карт нет.}, end]
variables: {cards: []}
flows:
  block: {on: [блокировать], needs: [card], steps: [{say: "{{ card }} {{ card.item.mask }}: {{ 'первая' if card == 1 else 'вторая' }}."}]}
  load: {on: [загрузить], steps: [{set: {cards: [{id: 1, name: Виза золотая, mask: "11"}, {id: 2, name: Мир золотой, mask: "22"}]}}]}
"""
    chat = talk(robot)
    await chat("""
        user: блокировать
        bot: Карт нет.
        user: загрузить
        user: блокировать
        bot: Какую карту? [Виза золотая | Мир золотой]
        user: 2
        bot: Мир золотой 22: вторая.
        user: блокировать
        bot: Какую карту?
        user: визу
        bot: Виза золотая 11: первая.
        user: блокировать
        bot: Какую карту?
        press: Мир золотой
        bot: Мир золотой 22: вторая.
        user: блокировать
        bot: Какую карту?
        user: золотую
        bot: Не совсем понял ответ. Какую карту?
    """)


async def test_keep_session_outlives_the_flow_keep_user_the_session(talk: Any) -> None:
    robot = (
        ENTITIES
        + """
session: {expire: 1h}
slots:
  size: {type: size, ask: Какой?, keep: session}
  city: {type: city, ask: Город?, keep: user}
flows: {order: {on: ["* хочу *"], needs: [size, city], steps: [{say: "{{ size }}, {{ city }}."}]}}
"""
    )
    chat = talk(robot)
    await chat("""
        user: хочу
        bot: Какой?
        user: большую
        bot: Город?
        user: москва
        bot: Большая, Москва.
        user: хочу
        bot: Большая, Москва.
        pass: 2h
        user: хочу
        bot: Какой?
        user: маленькую
        bot: Маленькая, Москва.
    """)
    assert chat.ports.user == {"city": "msk"}


async def test_default_is_taken_when_nothing_was_said(talk: Any) -> None:
    robot = (
        ENTITIES
        + """
slots: {size: {type: size, ask: Какой?, default: small}}
flows: {order: {on: ["* хочу *"], needs: [size], steps: [{say: "{{ size }}."}]}}
"""
    )
    await talk(robot)("""
        user: хочу
        bot: Маленькая.
        user: хочу большую
        bot: Большая.
    """)


async def test_an_entered_flow_gets_the_words_not_yet_used(talk: Any) -> None:
    robot = (
        ENTITIES
        + """
slots:
  size: {type: size, ask: Какой?}
  city: {type: city, ask: Город?}
flows:
  order: {on: ["* хочу *"], needs: [size], steps: [{call: {flow: where}}, {say: "{{ size }}."}]}
  where: {needs: [city], steps: [{say: "{{ city }}."}]}
"""
    )
    await talk(robot)("""
        user: хочу большую в москву
        bot: Москва.
        bot: Большая.
    """)


async def test_needs_with_a_condition_and_ask_again_and_its_own_words(talk: Any) -> None:
    robot = (
        ENTITIES
        + """
slots:
  size: {type: size, ask: Какой?}
  city: {type: city, ask: Город?}
flows:
  order:
    on: ["* хочу *"]
    needs: [size, {slot: city, if: "size == 'large'"}]
    steps:
      - ask: {slot: size, again: true, say: Точно какой?}
      - say: "{{ size }} {{ city }}."
"""
    )
    await talk(robot)("""
        user: хочу маленькую
        bot: Точно какой?
        user: маленькую
        bot: Маленькая .
        user: хочу большую
        bot: Город?
        user: питер
        bot: Точно какой?
        user: большую
        bot: Большая Питер.
    """)


async def test_a_typo_in_the_answer_is_forgiven(talk: Any) -> None:
    robot = (
        ENTITIES
        + """
slots: {city: {type: city, ask: Город?}}
flows: {order: {on: ["* хочу *"], needs: [city], steps: [{say: "{{ city }}."}]}}
"""
    )
    await talk(robot)("""
        user: хочу
        bot: Город?
        user: навосибирск
        bot: Новосибирск.
    """)


async def test_attachments_answer_a_question_of_their_kind(talk: Any) -> None:
    robot = """
slots:
  place: {type: location, ask: Где вы?}
  photo: {type: image, ask: Пришлите фото.}
flows: {order: {on: ["* хочу *"], needs: [place, photo], steps: [{say: "{{ place.lat }} {{ photo.name }}."}]}}
events: {attachment: [{say: Не умею.}]}
texts: {ses.back: Итак.}
"""
    chat = talk(robot)
    assert await chat.attach(Attachment("image", name="a.png")) == ["Не умею."]
    await chat.say("хочу")
    assert await chat.attach(Attachment("image", name="a.png")) == ["Не умею.", "Итак. Где вы?"]
    assert await chat.attach(Attachment("location", value={"lat": 55, "lon": 83})) == ["Пришлите фото."]
    assert await chat.attach(Attachment("image", name="b.png", media="u1")) == ["55 b.png."]


async def test_set_fills_a_slot_if_its_check_allows_and_none_empties_it(talk: Any) -> None:
    robot = (
        ENTITIES
        + """
slots: {size: {type: size, ask: Какой?, check: "value == 'large'", keep: session}}
flows:
  a: {on: [раз], steps: [{set: {size: small}}, {say: "{{ size or 'пусто' }}"}]}
  b: {on: [два], steps: [{set: {size: large}}, {say: "{{ size or 'пусто' }}"}]}
  c: {on: [три], steps: [{set: {size: null}}, {say: "{{ size or 'пусто' }}"}]}
"""
    )
    await talk(robot)("""
        user: раз
        bot: пусто
        user: два
        bot: Большая
        user: три
        bot: пусто
    """)
