"""Commands of other systems: said and heard once, in order, in the conversation that was meant, or refused for a reason."""

import asyncio
from functools import cache

import pytest

from doubles.conversations import Inbox
from ses.clock import VirtualClock
from ses.connectors.contract import Beginning, DeliveryFailed, Refused
from ses.conversations.engine import ENGINE
from ses.conversations.external.commands import ExternalCommand
from ses.conversations.external.recipients import Recipient
from ses.conversations.views import LogRequest
from ses.messages import InjectedButton, InjectedMessage
from ses.scenario.load import load_files
from ses.scenario.reading.files import RobotFiles

SHOP = """
language: ru
variables:
  number: null
  phone: {value: null, keep: user}
  timezone: {value: null, keep: user}
slots:
  size: {type: text, ask: Какой размер?}
texts:
  ready: {text: "Заказ {{ number }} готов.", buttons: [{text: Где вы?, flow: where}]}
flows:
  order: {on: ["заказ"], steps: [{ask: size}, {say: "Записал {{ size }}."}]}
  paid: {on: [{event: paid}], steps: [{say: "Оплачено {{ event.sum }} ₽."}]}
  where: {on: [{command: where}], steps: [{say: "Ленина, 5."}]}
  mine: {on: ["телефон"], steps: [{set: {phone: "+79130000000"}}, {say: Ага.}]}
  far: {on: ["я во владивостоке"], steps: [{set: {timezone: Asia/Vladivostok}}, {say: Ого.}]}
  tell:
    on: ["сообщи"]
    steps:
      - send: {to: "telegram:2", text: Для вас.}
        on_error: [{say: "Не вышло: {{ error.kind }}, {{ error.status }}."}, end]
      - say: Сообщил.
events: {fallback: [{say: Не понял.}]}
"""


@cache
def compiled(text=SHOP):
    loaded = load_files(RobotFiles("shop", {"robot.yaml": text.encode()}, {}))
    assert loaded.program is not None, [str(one) for one in loaded.errors]
    return loaded.program


def shop():
    return compiled()


class Bot(Inbox):
    """A messenger: who has written to it once may be written to."""

    def __init__(self, name="telegram.shop", known=("7",)):
        super().__init__(name, replays=False)
        self.robot = "shop"
        self.known = known
        self.down = False

    async def begin(self, chat):
        if self.down:
            raise DeliveryFailed("no answer", 0.0)
        return Beginning(chat, f"telegram:{chat}", {"number": 1}) if chat in self.known else None

    def link(self, token):
        return f"https://t.me/shop?start={token}"


@pytest.fixture
async def there(pipeline_over):
    clock = VirtualClock(1_000_000.0)
    async with pipeline_over(shop(), engine=ENGINE, inbox=Bot(), clock=clock) as pipeline:
        pipeline.clock = clock
        yield pipeline


async def says(pipeline, text, chat="1", **given):
    known = {"robot": "shop", "channel": "telegram", "user": f"telegram:{chat}", "at": pipeline.clock.now()}
    assert await pipeline.say(text, chat, **(known | given))
    await pipeline.delivered()


def command(to, **what):
    if not what.get("event") and "say" not in what:
        what["say"] = InjectedMessage(text=what.pop("text", "Привет!"))
    return ExternalCommand(to=Recipient(**to), robots=("shop",), **what)


async def execute(pipeline, to, id_=None, **what):
    result = await pipeline.conversations.execute(command(to, **what), caller="send crm", id_=id_)
    await pipeline.delivered()
    return result


def texts(pipeline, chat="1"):
    return [message.text for message in pipeline.inbox.delivered[chat]]


async def test_a_message_goes_to_a_session_and_the_open_question_stays_open(there):
    await says(there, "заказ")
    result = await execute(there, {"session": "1"}, text="Курьер выехал.")
    assert (result.robot, result.connector, result.session) == ("shop", "telegram.shop", "1")
    await says(there, "большую")
    assert texts(there) == ["Какой размер?", "Курьер выехал.", "Записал большую."]


async def test_it_waits_for_the_turn_before_it_and_comes_before_the_one_after(there, monkeypatch):
    await says(there, "заказ")
    given = {"robot": "shop", "channel": "telegram", "user": "telegram:1", "at": there.clock.now()}
    commit, gate = there.store.commit, asyncio.Event()

    async def held(record):
        await gate.wait()
        return await commit(record)

    monkeypatch.setattr(there.store, "commit", held)
    await there.say("большую", "1", **given)
    await there.conversations.execute(command({"session": "1"}, text="между"), caller="crm", id_=None)
    await there.say("заказ", "1", **given)
    gate.set()
    await there.delivered()
    assert texts(there) == ["Какой размер?", "Записал большую.", "между", "Какой размер?"]


async def test_a_person_is_found_by_his_name_by_his_phone_and_in_the_channel_he_used_last(there):
    await says(there, "телефон")
    for to in (
        {"user": "telegram:1"},
        {"phone": "+7 (913) 000-00-00"},
        {"chat": "1", "connector": "telegram.shop"},
    ):
        result = await execute(there, to, text="вам")
        assert result.session == "1"
    assert texts(there) == ["Ага.", "вам", "вам", "вам"]


async def test_a_text_of_the_robot_is_said_with_values_and_its_buttons_work(there):
    await says(there, "заказ")
    await execute(there, {"session": "1"}, say=InjectedMessage(key="ready", variables={"number": 7}))
    message = there.inbox.delivered["1"][-1]
    assert message.text == "Заказ 7 готов."
    (button,) = message.buttons
    await says(there, None, button=button.id)
    assert texts(there)[-2:] == ["Ленина, 5.", "Вернёмся к нашему вопросу. Какой размер?"]


async def test_buttons_from_outside_start_flows_stand_for_words_and_open_addresses(there):
    await says(there, "телефон")
    buttons = (
        InjectedButton("заказ"),
        InjectedButton("Сайт", url="https://a.example"),
        InjectedButton("Где", "where"),
    )
    await execute(there, {"session": "1"}, say=InjectedMessage(text="Выбирайте.", buttons=buttons))
    words, address, flow = there.inbox.delivered["1"][-1].buttons
    assert (address.url, address.id) == ("https://a.example", "")
    await says(there, None, button=flow.id)
    assert texts(there)[-1] == "Ленина, 5."
    await execute(there, {"session": "1"}, say=InjectedMessage(text="Ещё раз.", buttons=buttons))
    words = there.inbox.delivered["1"][-1].buttons[0]
    await says(there, None, button=words.id)
    assert texts(there)[-1] == "Какой размер?"


async def test_an_event_starts_its_flow_with_its_fields(there):
    await says(there, "заказ")
    await execute(there, {"user": "telegram:1"}, event="paid", data={"sum": 590})
    assert texts(there)[1:] == ["Оплачено 590 ₽.", "Вернёмся к нашему вопросу. Какой размер?"]


async def test_who_wrote_once_is_written_to_first_and_nobody_else(there):
    result = await execute(there, {"user": "telegram:7"}, text="Давно не виделись!")
    assert (result.session, texts(there, "7")) == ("7", ["Давно не виделись!"])
    await says(there, "заказ", "7")
    assert texts(there, "7")[-1] == "Какой размер?"
    for to in (
        {"user": "telegram:8"},
        {"chat": "8", "connector": "telegram.shop"},
        {"session": "8"},
        {"phone": "+15550000000"},
    ):
        with pytest.raises(Refused) as refused:
            await execute(there, to)
        assert refused.value.code == "unknown_addressee"
    there.inbox.down = True
    with pytest.raises(Refused) as refused:
        await execute(there, {"user": "telegram:8"})
    assert (refused.value.code, refused.value.retry_after) == ("busy", 10.0)


async def test_an_event_begins_no_conversation(there):
    with pytest.raises(Refused) as refused:
        await execute(there, {"user": "telegram:7"}, event="paid")
    assert refused.value.code == "unknown_addressee"


async def test_who_has_blocked_the_robot_is_told_of_until_he_comes_back(there):
    await says(there, "заказ")
    await says(there, None, event="leave")
    for to in ({"session": "1"}, {"user": "telegram:1"}, {"chat": "1", "connector": "telegram.shop"}):
        with pytest.raises(Refused) as refused:
            await execute(there, to)
        assert refused.value.code == "gone"
    await says(there, "большую")
    await execute(there, {"session": "1"}, text="С возвращением!")
    assert texts(there)[-1] == "С возвращением!"


@pytest.mark.parametrize(
    ("what", "code", "hint"),
    [
        ({"event": "payed"}, "unknown_event", "did you mean 'paid'?"),
        ({"event": "start"}, "unknown_event", "the engine's own"),
        ({"event": "paid", "data": {"x": "y" * 20_000}}, "malformed", "16384 bytes"),
        ({"say": InjectedMessage(key="redy")}, "malformed", "did you mean 'ready'?"),
        ({"say": InjectedMessage(key="ready", variables={"nomber": 1})}, "malformed", "did you mean 'number'?"),
        ({"say": InjectedMessage(text="x", buttons=(InjectedButton("a", "wher"),))}, "malformed", "did you mean 'where'?"),
    ],
)  # fmt: skip
async def test_names_that_the_robot_does_not_have_are_refused_with_the_nearest(there, what, code, hint):
    await says(there, "заказ")
    with pytest.raises(Refused, match=hint.replace("?", r"\?")) as refused:
        await execute(there, {"session": "1"}, **what)
    assert refused.value.code == code


async def test_a_call_under_an_id_is_carried_out_once_and_another_one_under_it_is_refused(there):
    await says(there, "заказ")
    first = await execute(there, {"session": "1"}, "k1", text="раз")
    again = await execute(there, {"session": "1"}, "k1", text="раз")
    assert (again.id, again.repeated, first.repeated) == (first.id, True, False)
    with pytest.raises(Refused) as refused:
        await execute(there, {"session": "1"}, "k1", text="два")
    assert refused.value.code == "conflict"
    assert texts(there) == ["Какой размер?", "раз"]


async def test_a_call_that_was_cut_off_is_finished_by_its_repeat(there, monkeypatch):
    """It died between the note of the call and the answer, before or after the inbound was stored."""
    await says(there, "заказ")
    commands = there.conversations._external
    accept = commands._accept

    async def dies_before(inbound, key_hash):
        raise asyncio.CancelledError

    async def dies_after(inbound, key_hash):
        await accept(inbound, key_hash)
        raise asyncio.CancelledError

    for number, dies in enumerate((dies_before, dies_after)):
        monkeypatch.setattr(commands, "_accept", dies)
        with pytest.raises(asyncio.CancelledError):
            await execute(there, {"session": "1"}, f"k{number}", text=f"раз {number}")
        monkeypatch.setattr(commands, "_accept", accept)
        await execute(there, {"session": "1"}, f"k{number}", text=f"раз {number}")
    assert texts(there) == ["Какой размер?", "раз 0", "раз 1"]


async def test_a_repeat_after_a_restart_gets_the_answer_it_got_before(pipeline_over):
    ids, said = [], []
    for _ in range(2):
        clock = VirtualClock(1_000_000.0)
        async with pipeline_over(shop(), engine=ENGINE, inbox=Bot(), clock=clock) as there:
            ids.append((await execute(there, {"user": "telegram:7"}, "k1", text="раз")).id)
            said += texts(there, "7")
    assert ids[0] == ids[1]
    assert said == ["раз"]


async def test_messages_from_outside_are_in_the_log_and_count_neither_as_the_persons_words_nor_as_a_flood(
    there,
):
    await says(there, "заказ")
    touched = there.clock.now()
    there.clock.advance(600.0)
    for number in range(40):
        await execute(there, {"session": "1"}, text=f"{number}")
    page = await there.conversations.log(LogRequest(robot="shop"))
    assert {line["from"] for line in page.items} == {"visitor", "robot", "system"}
    assert [line["text"] for line in page.items if line["from"] == "robot"][1:] == [
        str(one) for one in range(40)
    ]
    from ses.dialogue.state.session import Session

    row = await there.store.session("telegram.shop", "1")
    assert Session.decode(row.state).touched == touched


async def test_two_people_with_one_phone_are_not_guessed_at(there):
    for chat in ("1", "2"):
        await says(there, "телефон", chat)
    with pytest.raises(Refused) as refused:
        await execute(there, {"phone": "+79130000000"})
    assert refused.value.code == "ambiguous"
    await there.store.join("telegram:2", "phone:+79130000000", 1.0)
    assert (await execute(there, {"phone": "+79130000000"})).session == "2"
    with pytest.raises(Refused) as refused:
        await execute(there, {"phone": "89130000000"})
    assert refused.value.code == "malformed"


# --- a step `send` of another conversation -----------------------------------------------------------------------


async def test_a_step_of_one_conversation_speaks_in_another_one(there):
    await says(there, "заказ", "2")
    await says(there, "сообщи")
    assert texts(there, "2") == ["Какой размер?", "Для вас."]
    assert texts(there) == ["Сообщил."]
    await says(there, "большую", "2")
    assert texts(there, "2")[-1] == "Записал большую."


async def test_who_cannot_be_written_to_is_told_to_the_flow(there):
    await says(there, "сообщи")
    assert texts(there) == ["Не вышло: denied, 404."]
    await says(there, "заказ", "2")
    await says(there, None, "2", event="leave")
    await says(there, "сообщи")
    assert texts(there)[-1] == "Не вышло: denied, 410."


async def test_after_a_death_the_words_are_there_once(pipeline_over):
    """The process dies after the leg that result them is on disk, and before it was known here."""

    class Dying:
        def __init__(self, store):
            self._store, self.dead = store, asyncio.Event()

        def __getattr__(self, name):
            return getattr(self._store, name)

        async def commit(self, record):
            came = await self._store.commit(record)
            if record.arrivals:
                self.dead.set()
                await asyncio.Event().wait()
            return came

    bot, clock = Bot(), VirtualClock(1_000_000.0)
    async with pipeline_over(shop(), engine=ENGINE, inbox=bot, clock=clock, wrap=Dying, grace=0) as there:
        there.clock = clock
        await says(there, "заказ", "2")
        await there.say("сообщи", "1", robot="shop", channel="telegram", user="telegram:1", at=clock.now())
        async with asyncio.timeout(10):
            await there.store.dead.wait()
    assert texts(there, "2") == ["Какой размер?"]
    async with pipeline_over(shop(), engine=ENGINE, inbox=bot, clock=clock) as there:
        await there.delivered()
        assert texts(there, "2") == ["Какой размер?", "Для вас."]
        assert texts(there) == ["Сообщил."]


# --- quiet hours --------------------------------------------------------------------------------------------------

NIGHT = 1_795_384_800.0  # 22:00 UTC


@pytest.fixture
async def at_night(pipeline_over):
    clock = VirtualClock(NIGHT)
    program = compiled(SHOP + "session: {quiet: 21:00-09:00}\ntimezone: UTC\n")
    async with pipeline_over(program, engine=ENGINE, inbox=Bot(), clock=clock) as pipeline:
        pipeline.clock = clock
        yield pipeline


async def test_in_quiet_hours_who_is_silent_is_not_written_to_and_the_caller_is_told_until_when(at_night):
    await says(at_night, "заказ")
    await execute(at_night, {"session": "1"}, text="сразу")
    at_night.clock.advance(3600.0)  # 23:00, he is silent
    for what in ({"text": "спит"}, {"event": "paid", "data": {"sum": 1}}):
        with pytest.raises(Refused, match="before 2026-11-23T09:00") as refused:
            await execute(at_night, {"session": "1"}, "k1", **what)
        assert (refused.value.code, refused.value.retry_after) == ("quiet", 10 * 3600.0)
    with pytest.raises(Refused):
        await execute(at_night, {"user": "telegram:7"}, text="спит")
    await execute(at_night, {"session": "1"}, text="код 42", urgent=True)
    at_night.clock.advance(10 * 3600.0)
    await execute(at_night, {"session": "1"}, "k1", text="утро")
    assert texts(at_night) == ["Какой размер?", "сразу", "код 42", "утро"]


async def test_the_hours_are_those_of_the_persons_own_time_zone(at_night):
    await says(at_night, "я во Владивостоке")  # 08:00 there
    at_night.clock.advance(3600.0)
    await execute(at_night, {"session": "1"}, text="доброе утро")
    assert texts(at_night)[-1] == "доброе утро"


async def test_a_step_send_keeps_them_too(at_night):
    await says(at_night, "заказ", "2")
    at_night.clock.advance(3600.0)
    await says(at_night, "сообщи")
    assert texts(at_night) == ["Не вышло: denied, 425."]
