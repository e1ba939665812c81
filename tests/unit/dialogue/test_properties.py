"""Whatever people do, in whatever order: the engine keeps its promises."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ses.dialogue.engine import run_turn
from ses.dialogue.state.session import STACK, Session
from ses.messages import Inbound
from ses.services.answers import HttpReply, HttpRequest

ROBOT = """
session: {idle: 30m, expire: 2d}
entities:
  pizza: {values: {margherita: {label: Маргарита, forms: [маргарита]}, pepperoni: {label: Пепперони, forms: [пепперони]}}}
  size: {values: {small: {label: Маленькая, forms: [маленькая]}, large: {label: Большая, forms: [большая]}}}
slots:
  pizza: {type: pizza, title: Пицца, ask: [Какую?, Какую пиццу?], help: Любую.}
  size: {type: size, title: Размер, ask: {say: "Размер для {{ pizza }}?", buttons: choices}, on_correct: [{say: Учту.}]}
  extras: {type: size, title: Ещё, many: true, optional: true, ask: Ещё?}
  count: {type: number, title: Число, ask: Сколько?, check: value < 100, retries: 1, on_fail: [{say: Хватит.}, {goto: talk}]}
  phone: {type: phone, private: true, keep: session, ask: Телефон?}
  note: {type: text, ask: Примечание?, keep: user}
  card: {choices: "{{ cards }}", label: "{{ item.name }}", value: "{{ item.id }}", ask: Карта?}
variables: {thing: null, cards: [], visits: 0, bonus: {value: 0, keep: user}}
flows:
  order:
    title: Заказ
    on: ["* хочу *", {command: order}, {button: Заказать}]
    needs: [pizza, size, count]
    steps:
      - set: {visits: {add: 1}, bonus: {add: 5}, total: "{{ count * 2 }}"}
      - repeat: {times: 2, steps: [{ask: {slot: extras, again: true}}]}
      - confirm: "{{ pizza }} {{ size }} {{ total }} {{ visits }}?"
      - say: Минутку…
      - http: {post: "https://crm.example/", json: {pizza: "{{ pizza }}"}, save: done}
        on_error: [{say: Сбой.}, end]
      - ask: phone
      - say: {text: "Готово {{ done.id }} {{ phone }}.", buttons: [Заказать]}
  cards:
    on: [карты]
    steps:
      - set: {cards: [{id: 1, name: Виза}, {id: 2, name: Мир}]}
      - call: {flow: choose, save: chosen}
      - say: "{{ chosen }}"
  choose: {needs: [card], steps: [{return: "{{ card }}"}]}
  note: {on: ["* запиши *"], interruptible: false, needs: [note], steps: [{menu: {say: Ещё?, items: [{text: Снова, steps: [{unset: [note]}, {goto: note}]}, {text: Хватит}]}}]}
  talk: {on: ["* открыты *", "* хочу поговорить"], steps: [{say: {text: Да., buttons: [Заказать, Карты]}}]}
  break: {on: [сломайся], steps: [{try: [{call: {flow: bad}}], catch: [{http: {get: "https://crm.example/x"}}]}, {call: {flow: bad}}]}
  bad: {steps: [{set: {x: "{{ thing.y }}"}}]}
events: {start: talk, resume: [{say: Снова вы.}], error: [{say: "Ошибка {{ error.kind }}."}], fallback: [{say: Раз.}, {say: Два.}]}
"""
WORDS = (
    "хочу пиццу|большую|маленькую|маргариту и пепперони|нет, маргариту|не большую, а маленькую|да|нет|5|500|-1|отмена|назад"
    "|повтори|зачем|пропустить|карты|2|мир|виза|запиши|снова|хватит|открыты|хочу поговорить|сломайся|/order большая 3"
    "|+7 913 123-45-67|число 7|точнее 8|бла|   |🍕|Размер|размер маленькая|хочу большую маргариту 4|лучше пепперони|заказать"
).split("|")

texts = st.sampled_from(WORDS)
actions = st.one_of(
    st.tuples(st.just("say"), texts),
    st.tuples(st.just("say"), texts),
    st.tuples(st.just("press"), st.integers(0, 20)),
    st.tuples(st.just("burst"), st.lists(texts, min_size=2, max_size=4)),
    st.tuples(st.just("event"), st.sampled_from(["start", "limit", "leave", "end", "unknown"])),
    st.tuples(st.just("pass"), st.sampled_from([60, 3600, 200_000])),
    st.tuples(st.just("edit"), texts),
)
quick = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def begin(compiled: Any) -> Callable[[Any], Any]:
    """Begins a conversation with the robot, which is compiled once (and has a short name in a report)."""
    program = compiled(ROBOT)
    return lambda talk: talk(program)


class Echo:
    """Answers by the call's key, so that a repeated call gets the same answer."""

    async def http(self, request: HttpRequest) -> HttpReply:
        return HttpReply(200, {"id": request.key})


def inbounds(chat: Any, action: tuple[str, Any]) -> list[Inbound]:
    kind, what = action
    if kind == "say":
        return [chat.inbound(text=what)]
    if kind == "burst":
        return [chat.inbound(text=text) for text in what]
    if kind == "event":
        return [chat.inbound(event=what)]
    if kind == "edit":
        last = chat.session.last if chat.stored else "m0"
        return [chat.inbound(text=what, edit_of=last or "m0")]
    buttons = [button.id for message in chat.received for button in message.buttons]
    return [chat.inbound(button=buttons[-1 - what] if what < len(buttons) else f"1.1.{what}")]


def shown(messages: Any) -> list[tuple[Any, ...]]:
    return [(m.id, m.seq, m.text, m.masked, m.buttons, m.replaces) for m in messages]


@quick
@given(story=st.lists(actions, max_size=14))
def test_a_repeated_turn_from_any_checkpoint_says_the_same(talk: Any, begin: Any, story: list[Any]) -> None:
    async def play() -> None:
        chat = begin(talk)
        chat.ports.services = Echo()
        for action in story:
            if action[0] == "pass":
                chat.clock.advance(action[1])
                continue
            arrived = inbounds(chat, action)
            before, user = chat.stored, dict(chat.ports.user)
            await chat.turn(*arrived)
            legs, said, after = list(chat.ports.legs), list(chat.said), chat.stored
            users = [user, *chat.ports.users]
            kept = dict(chat.ports.user)
            for cut, start in enumerate([before, *(data for data, _ in legs)]):
                session = None if start is None else Session.decode(start)
                chat.ports.legs = []
                repeated = await run_turn(
                    session,
                    arrived,
                    chat.programs,
                    chat.program,
                    chat.ports,
                    user_variables=users[cut],
                )
                told = [m for _, out in legs[:cut] for m in out]
                told += [*(m for _, out in chat.ports.legs for m in out), *repeated.outgoing]
                assert shown(told) == shown(said)
                if not cut:
                    assert repeated.session.encode() == after
            chat.ports.user = kept
            session = chat.session
            assert len(session.stack) <= STACK
            assert session.checkpoint is None
            assert session.seq == len(chat.received)
            assert not session.stack or session.pending or session.stack[-1].frames[-1].open
            owned = [name for a in session.stack for f in a.frames for name in f.owns]
            assert len(owned) == len(set(owned))
            assert len(chat.stored) < 6000

    asyncio.run(play())


@quick
@given(story=st.lists(actions, max_size=14))
def test_a_session_kept_in_memory_and_one_read_back_have_the_same_future(
    talk: Any, begin: Any, story: list[Any]
) -> None:
    async def play() -> None:
        chat = begin(talk)
        chat.ports.services = Echo()
        held: Session | None = None
        user: dict[str, Any] = {}
        for action in story:
            if action[0] == "pass":
                chat.clock.advance(action[1])
                continue
            arrived = inbounds(chat, action)
            await chat.turn(*arrived)
            said, after = shown(chat.said), chat.stored
            chat.ports.legs = []
            before = dict(chat.ports.user)
            chat.ports.user = user
            leg = await run_turn(
                held, arrived, chat.programs, chat.program, chat.ports, user_variables=dict(user)
            )
            told = [*(m for _, out in chat.ports.legs for m in out), *leg.outgoing]
            chat.ports.keep(leg)
            user, chat.ports.user = chat.ports.user, before
            held = leg.session
            assert shown(told) == said
            assert held.encode() == after

    asyncio.run(play())


@quick
@given(text=st.text(max_size=60))
def test_any_text_at_all_is_answered(talk: Any, begin: Any, text: str) -> None:
    async def play() -> None:
        chat = begin(talk)
        chat.ports.services = Echo()
        for before in ("хочу пиццу", "запиши", "карты"):
            await chat.say(before)
            await chat.say(text)
            assert chat.said
            await chat.say("отмена")

    asyncio.run(play())
