"""The whole of an order: several answers in one, correction, digression, confirmation."""

from __future__ import annotations

from typing import Any

import pytest

ROBOT = """
language: ru
entities:
  pizza: {values: {margherita: {label: Маргарита, forms: [маргарита]}, pepperoni: {label: Пепперони, forms: [пепперони]}}}
  size: {values: {small: {label: Маленькая, forms: [маленькая]}, large: {label: Большая, forms: [большая]}}}
slots:
  pizza: {type: pizza, title: Пицца, ask: Какую пиццу?}
  size: {type: size, title: Размер, ask: {say: Какой размер?, buttons: choices}, invalid: Такого размера нет.}
  address: {type: text, title: Адрес, ask: Куда везти?}
data: {prices: data/prices.yaml}
texts:
  ses.back: Продолжим.
flows:
  order:
    title: Заказ
    on: ["* (хочу|заказать) * [пицца] *", {command: order}, {button: Заказать}]
    needs: [pizza, size, address]
    steps:
      - set: {total: "{{ prices[pizza][size] }}"}
      - confirm: "{{ pizza }}, {{ size }}, {{ address }}: {{ total }} ₽. Верно?"
      - say: Готово!
  hours:
    title: Часы работы
    on: ["* (работаете|открыты) *"]
    steps: [{say: С десяти до десяти.}]
"""

PRICES = "{margherita: {small: 300, large: 590}, pepperoni: {small: 350, large: 650}}"


@pytest.fixture
def chat(talk: Any) -> Any:
    return talk(ROBOT, data={"data/prices.yaml": PRICES})


async def test_an_order_from_start_to_end(chat: Any) -> None:
    await chat("""
        user: хочу пиццу
        bot: Какую пиццу?
        user: маргариту
        bot: Какой размер? [Маленькая | Большая]
        press: Большая
        bot: Куда везти?
        user: Ленина 5
        bot: Маргарита, Большая, Ленина 5: 590 ₽. Верно? [Да | Нет]
        user: да
        bot: Готово!
    """)
    assert not chat.session.stack
    assert not chat.slots


async def test_what_is_said_at_once_is_not_asked(chat: Any) -> None:
    await chat("""
        user: хочу большую пиццу пепперони
        bot: Куда везти?
        user: Мира 1
        bot: Пепперони, Большая, Мира 1: 650 ₽. Верно?
    """)


async def test_a_digression_is_answered_and_the_question_comes_back_in_one_message(chat: Any) -> None:
    await chat("""
        user: хочу пиццу
        bot: Какую пиццу?
        user: а вы открыты?
        bot: С десяти до десяти.
        bot: Продолжим. Какую пиццу?
        user: маргариту
        bot: Какой размер?
    """)


async def test_no_small_at_the_confirm_changes_size_and_price(chat: Any) -> None:
    await chat("""
        user: хочу большую маргариту
        bot: Куда везти?
        user: Мира 1
        bot: Маргарита, Большая, Мира 1: 590 ₽. Верно?
        user: нет, маленькую
        bot: Маргарита, Маленькая, Мира 1: 300 ₽. Верно?
        user: да
        bot: Готово!
    """)


async def test_a_bare_no_asks_what_to_change(chat: Any) -> None:
    await chat("""
        user: хочу большую маргариту
        bot: Куда везти?
        user: Мира 1
        bot: Маргарита, Большая, Мира 1: 590 ₽. Верно?
        user: нет
        bot: Что изменить? [Пицца | Размер | Адрес]
        press: Размер
        bot: Какой размер? [Маленькая | Большая]
        press: Маленькая
        bot: Маргарита, Маленькая, Мира 1: 300 ₽. Верно?
    """)


async def test_yes_does_not_confirm_while_the_engine_asks_what_to_change(chat: Any) -> None:
    await chat("""
        user: хочу большую маргариту
        bot: Куда везти?
        user: Мира 1
        bot: Маргарита, Большая, Мира 1: 590 ₽. Верно?
        user: нет
        bot: Что изменить? [Пицца | Размер | Адрес]
        user: да
        bot: Не совсем понял ответ. Что изменить? [Пицца | Размер | Адрес]
        user: да
        bot: Попробуем ещё раз. Маргарита, Большая, Мира 1: 590 ₽. Верно?
        user: нет
        bot: Что изменить?
        user: повтори
        bot: Что изменить?
        user: маленькую
        bot: Маргарита, Маленькая, Мира 1: 300 ₽. Верно?
        user: нет
        bot: Что изменить?
        user: адрес
        bot: Куда везти?
        user: Ленина 2
        bot: Маргарита, Маленькая, Ленина 2: 300 ₽. Верно?
    """)


async def test_an_idle_session_is_small(chat: Any) -> None:
    await chat("""
        user: хочу большую маргариту
        bot: Куда везти?
        user: Мира 1
        bot: Маргарита, Большая, Мира 1: 590 ₽. Верно?
    """)
    assert len(chat.stored) < 800
