"""A conversation goes on in another channel: all of it, once, after a yes, whatever dies in between."""

import asyncio
import itertools
from contextlib import asynccontextmanager
from functools import cache

import pytest

from doubles.conversations import Inbox
from ses.clock import VirtualClock
from ses.connectors.contract import Beginning, Refused
from ses.conversations.engine import ENGINE
from ses.dialogue.input.channel_transfer import link_hash
from ses.dialogue.state.session import Session
from ses.messages import Conversation
from ses.scenario.load import load_files
from ses.scenario.reading.files import RobotFiles

SHOP = """
language: ru
variables: {visits: 0, bonus: {value: 0, keep: user}, town: {value: "", keep: user}}
slots:
  size: {type: text, ask: Какой размер?}
  street: {type: text, private: true, ask: Какая улица?}
flows:
  order: {on: ["заказ"], steps: [{set: {visits: 3}}, {ask: size}, {ask: street}, {say: "{{ size }}, {{ street }}, {{ visits }}."}]}
  earn: {on: ["бонус"], steps: [{set: {bonus: {add: 5}, town: Омск}}, {say: "Бонус {{ bonus }}, {{ town }}."}]}
  balance: {on: ["баланс"], steps: [{say: "У вас {{ bonus }}, {{ town }}."}]}
events: {start: [{say: Добрый день!}], fallback: [{say: Не понял.}]}
"""
PAGE, BOT = Conversation("web.site", "s1"), Conversation("telegram.shop", "7")
COUNT = itertools.count(1)


class Bot(Inbox):
    robot = "shop"

    async def begin(self, chat):
        return Beginning(chat, f"telegram:{chat}", {})

    def link(self, token):
        return f"https://t.me/shop?start={token}" if token else "https://t.me/shop"


class There:
    """A page and a bot of one robot."""

    def __init__(self, pipeline, bot, clock):
        self.pipeline, self.bot, self.clock = pipeline, bot, clock
        self.conversations = pipeline.conversations

    async def says(self, text, where=PAGE, **given):
        kind = where.connector.partition(".")[0]
        user = f"telegram:{where.session}" if kind == "telegram" else ""
        known = {
            "connector": where.connector,
            "robot": "shop",
            "channel": kind,
            "user": user,
            "id": f"p{next(COUNT)}",
        }
        await self.pipeline.say(text, where.session, at=self.clock.now(), **(known | given))
        await self.pipeline.delivered()

    async def token(self):
        address = await self.conversations.continue_in(PAGE, "telegram.shop")
        return address.partition("start=")[2]

    async def follows(self, token, where=BOT):
        await self.says(None, where, event="start", payload={"token": token})

    async def presses(self, label, where=BOT):
        messages = self.said(where)
        button = next(b for m in reversed(messages) for b in m.buttons if b.text == label)
        await self.says(None, where, button=button.id)

    def said(self, where=BOT):
        inbox = self.bot if where.connector.startswith("telegram") else self.pipeline.inbox
        return inbox.delivered[where.session]

    def texts(self, where=BOT):
        return [message.text for message in self.said(where)]

    async def session(self, where):
        row = await self.pipeline.store.session(*where)
        return Session.decode(row.state)


@cache
def program():
    loaded = load_files(RobotFiles("shop", {"robot.yaml": SHOP.encode()}, {}))
    assert loaded.program is not None, [str(one) for one in loaded.errors]
    return loaded.program


@pytest.fixture
def there_over(pipeline_over):
    """Any number of them one after the other, over the same database."""

    @asynccontextmanager
    async def start(bot=None, clock=None, **given):
        clock = clock or VirtualClock(1_000_000.0)
        async with pipeline_over(program(), engine=ENGINE, clock=clock, **given) as pipeline:
            bot = bot or Bot("telegram.shop", replays=False)
            pipeline.conversations.attach(bot)
            yield There(pipeline, bot, clock)

    return start


@pytest.fixture
async def there(there_over):
    async with there_over() as there:
        yield there


async def test_it_goes_on_with_its_stack_its_values_and_its_open_question(there):
    await there.says("заказ")
    await there.says("большую")
    await there.follows(await there.token())
    assert there.texts() == ["Продолжить здесь разговор, начатый на сайте?"]
    assert [button.text for button in there.said()[-1].buttons] == ["Да", "Нет"]
    await there.presses("Да")
    assert there.texts()[1:] == ["Продолжаем здесь. Какая улица?"]
    await there.says("Ленина", BOT)
    assert there.texts()[2:] == ["большую, Ленина, 3."]
    assert there.texts(PAGE)[-1] == "Разговор продолжается в мессенджере. Здесь можно начать новый."


async def test_yes_and_no_may_be_typed(there):
    await there.says("заказ")
    await there.follows(await there.token())
    await there.says("да", BOT)
    assert there.texts()[1:] == ["Продолжаем здесь. Какой размер?"]


async def test_after_a_no_the_conversation_stays_and_the_chat_begins_as_usual(there):
    await there.says("заказ")
    await there.follows(await there.token())
    await there.presses("Нет")
    assert there.texts()[1:] == ["Добрый день!"]
    await there.says("большую")
    assert there.texts(PAGE) == ["Какой размер?", "Какая улица?"]


async def test_words_that_come_with_the_link_leave_the_buttons_good(there):
    """VK hands the link over with whatever a person writes first."""
    await there.says("заказ")
    await there.follows(await there.token())
    await there.says("привет", BOT)
    assert there.texts()[-1] == "Не понял."
    await there.presses("Да")
    await there.presses("Да")
    assert there.texts()[2:] == [
        "Продолжаем здесь. Какой размер?",
        "Эта кнопка уже не действует. Какой размер?",
    ]


async def test_nothing_goes_on_in_a_group_where_others_read_along(there):
    await there.says("заказ")
    group = Conversation("telegram.shop", "-100:7")
    await there.follows(await there.token(), group)
    assert there.texts(group)[0].startswith("Эта ссылка уже не действует")


async def test_the_page_goes_on_with_a_fresh_conversation(there):
    await there.says("заказ")
    await there.follows(await there.token())
    await there.presses("Да")
    left = await there.session(PAGE)
    assert (left.stack, left.slots, left.variables) == ([], {}, {})
    await there.says("заказ")
    assert there.texts(PAGE)[-1] == "Какой размер?"
    await there.says("малую", BOT)
    assert there.texts()[-1] == "Какая улица?"


async def test_a_link_is_good_once_for_one_chat_and_for_ten_minutes(there):
    await there.says("заказ")
    token, other = await there.token(), Conversation("telegram.shop", "8")
    await there.follows(token)
    await there.follows(token, other)
    await there.presses("Да")
    await there.presses("Да", other)
    over = "Эта ссылка уже не действует. Её можно получить на сайте заново."
    assert there.texts(other)[-1] == over
    assert (await there.session(other)).stack == []
    await there.follows(token, other)
    assert there.texts(other)[-2:] == [over, "Добрый день!"]
    await there.says("заказ")
    late = await there.token()
    await there.follows(late, other)
    there.clock.advance(601.0)
    await there.presses("Да", other)
    assert there.texts(other)[-1] == over
    await there.follows(late, other)
    assert over in there.texts(other)[-2:]


async def test_a_newer_link_replaces_the_older_one_and_only_hashes_are_kept(there):
    await there.says("заказ")
    first, second = await there.token(), await there.token()
    assert len(second) >= 3 + 22  # 128 bits
    await there.follows(first)
    assert "уже не действует" in there.texts()[0]
    await there.follows(second, Conversation("telegram.shop", "9"))
    rows = await there.pipeline.store.readers.read(lambda db: db.execute("SELECT * FROM links").fetchall())
    assert [row[0] for row in rows] == [link_hash(second)]


async def test_a_link_leads_only_to_its_own_connector(there):
    other = Bot("telegram.other", replays=False)
    there.conversations.attach(other)
    await there.says("заказ")
    await there.follows(await there.token(), Conversation("telegram.other", "7"))
    assert [m.text for m in other.delivered["7"]] == [
        "Эта ссылка уже не действует. Её можно получить на сайте заново.", "Добрый день!",
    ]  # fmt: skip


async def test_what_was_under_way_in_the_chat_makes_room(there):
    await there.says("заказ", BOT)
    await there.says("среднюю", BOT)
    await there.says("заказ")
    await there.follows(await there.token())
    await there.presses("Да")
    assert there.texts()[-1] == "Продолжаем здесь. Какой размер?"
    assert len((await there.session(BOT)).stack) == 1


async def test_both_channels_share_what_is_kept_by_user_and_the_chats_values_go_before(there):
    await there.says("бонус", BOT)
    await there.says("бонус", BOT)
    await there.says("бонус")
    await there.follows(await there.token())
    await there.presses("Да")
    await there.says("баланс")
    assert there.texts(PAGE)[-1] == "У вас 10, Омск."
    await there.says("бонус")
    await there.says("баланс", BOT)
    assert there.texts()[-1] == "У вас 15, Омск."


async def test_values_travel_only_after_the_yes(there):
    await there.says("бонус")
    await there.follows(await there.token())
    await there.says("баланс", BOT)
    assert there.texts()[-1] == "У вас 0, ."
    assert await there.pipeline.store.names("web.site/s1") == ["web.site/s1"]


async def test_the_private_answers_that_travelled_are_in_no_row_afterwards(there):
    await there.says("заказ")
    await there.says("большую")
    await there.says("Секретная")  # the private slot
    await there.says("заказ")
    await there.follows(await there.token())
    await there.presses("Да")
    rows = await there.pipeline.store.readers.read(lambda db: db.execute("SELECT body FROM inbox").fetchall())
    assert all(b'"state"' not in bytes(body) and "Секретная".encode() not in bytes(body) for (body,) in rows)


async def test_before_it_has_begun_the_link_only_opens_the_chat(there):
    assert await there.token() == ""
    with pytest.raises(Refused):
        await there.conversations.continue_in(PAGE, "web.site")


class Dying:
    """The process dies with the n-th leg: before or after it is on the disk."""

    def __init__(self, store, leg, after):
        self._store, self._left, self._after = store, leg, after
        self.dead = asyncio.Event()

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def commit(self, record):
        self._left -= 1
        if self._left < 0:
            self.dead.set()
            await asyncio.Event().wait()
        if self._left == 0:
            if self._after:
                await self._store.commit(record)
            self.dead.set()
            await asyncio.Event().wait()
        return await self._store.commit(record)


@pytest.mark.parametrize("after", [False, True], ids=["before it is on disk", "after it is on disk"])
@pytest.mark.parametrize("leg", [1, 2, 3], ids=["the claim", "the handing out", "the taking in"])
async def test_a_death_in_between_loses_nothing_and_doubles_nothing(there_over, leg, after):
    bot, clock = Bot("telegram.shop", replays=False), VirtualClock(1_000_000.0)
    async with there_over(bot, clock) as there:
        await there.says("заказ")
        await there.says("большую")
        await there.follows(await there.token())
        yes = next(b.id for b in there.said()[-1].buttons if b.text == "Да")
    async with there_over(bot, clock, wrap=lambda store: Dying(store, leg, after), grace=0) as there:
        given = {"connector": BOT.connector, "robot": "shop", "channel": "telegram", "user": "telegram:7"}
        await there.pipeline.say(None, "7", button=yes, at=clock.now(), **given)
        async with asyncio.timeout(10):
            await there.pipeline.store.dead.wait()
    async with there_over(bot, clock) as there:
        await there.pipeline.delivered()
        await there.says("Ленина", BOT)
        assert there.texts() == [
            "Продолжить здесь разговор, начатый на сайте?", "Продолжаем здесь. Какая улица?", "большую, Ленина, 3.",
        ]  # fmt: skip
        assert (await there.session(PAGE)).stack == []
        told = [m.outgoing.text for m in await there.conversations.history(PAGE, after=0)]
        assert told == [
            "Какой размер?",
            "Какая улица?",
            "Разговор продолжается в мессенджере. Здесь можно начать новый.",
        ]
