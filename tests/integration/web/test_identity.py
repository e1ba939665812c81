"""Visitors whom the site's server vouches for: frames, pages and a whole daemon."""

from __future__ import annotations

import time
from pathlib import Path

import jwt
import pytest
from aiohttp import ClientSession
from pydantic import SecretStr

from doubles.web import Closed, pages
from ses.connectors.testing import MemoryReception

from ..daemon import Daemon, free_port

ROOT = Path(__file__).parents[3]
ORIGIN = "https://shop.example"
SECRET = "a secret of thirty-two bytes or more"


def token(sub: str, *, secret: str = SECRET, life: float = 3600.0, **claims) -> str:
    now = time.time()
    return jwt.encode({"sub": sub, "iat": now - 10, "exp": now + life, **claims}, secret, algorithm="HS256")


@pytest.fixture
async def daemon(start):
    async with start(MemoryReception(), identity=SecretStr(SECRET)) as started:
        yield started


def users(daemon) -> list[str]:
    return [inbound.user for inbound in daemon.reception.received]


async def refused(page, **hello) -> str:
    await page.open_socket()
    await page.send(type="hello", **hello)
    error = await page.until("error")
    assert error["code"] == "identity"
    with pytest.raises(Closed) as closed:
        await page.receive()
    assert closed.value.code == 1008
    return error["message"]


async def test_who_is_vouched_for_speaks_as_that_person_and_takes_his_session_up_again(daemon):
    page = daemon.page()
    first = await page.connect(identity=token("ann"))
    assert "another" not in first
    await page.ask("раз")
    again = await page.connect(identity=token("ann"))
    assert (again["session"], again["key"]) == (first["session"], None)
    await page.ask("два")
    assert users(daemon) == ["web.site:ann", "web.site:ann"]


@pytest.mark.parametrize("comer", ["", "bob"])
@pytest.mark.parametrize("spoke", [True, False])
async def test_nobody_else_gets_a_persons_session_with_its_key(daemon, comer, spoke):
    page = daemon.page()
    first = await page.connect(identity=token("ann"))
    if spoke:
        await page.ask("тайна")
    second = await page.connect(**({"identity": token(comer)} if comer else {}))
    assert second["session"] != first["session"]
    assert second["key"]
    assert second["messages"] == []
    assert second["another"] is True
    await page.ask("привет")
    assert users(daemon)[-1] == (comer and f"web.site:{comer}")


async def test_a_visitor_who_signs_in_goes_on_with_his_conversation_which_is_his_from_then_on(daemon):
    page = daemon.page()
    first = await page.connect()
    await page.ask("раз")
    signed_in = await page.connect(identity=token("ann"))
    assert (signed_in["session"], signed_in["key"]) == (first["session"], None)
    await page.ask("два")
    assert users(daemon) == ["", "web.site:ann"]
    key = page.key
    signed_out = await page.connect()
    assert signed_out["session"] != first["session"]
    assert signed_out["another"] is True
    page.session, page.key = first["session"], key
    assert (await page.connect(identity=token("bob")))["session"] != first["session"]


async def test_a_pair_that_was_never_used_is_left_when_somebody_signs_in_and_his_words_are_not_dropped(
    daemon,
):
    page = daemon.page()
    first = await page.connect()
    signed_in = await page.connect(identity=token("ann"))
    assert signed_in["session"] != first["session"]
    assert "another" not in signed_in


async def test_a_refused_token_ends_the_socket_with_the_reason_and_without_it_the_page_may_come(
    daemon, capfd
):
    page = daemon.page()
    old = token("ann", life=-3600)
    assert "has expired" in await refused(page, identity=old)
    assert "is not signed" in await refused(page, identity=token("ann", secret="o" * 32))
    assert "no JWT" in await refused(page, identity="rubbish")
    await page.connect(identity="")
    await page.ask("привет")
    assert users(daemon) == [""]
    assert old not in "".join(capfd.readouterr())


async def test_without_the_setting_a_token_is_refused_with_its_name(start):
    async with start(MemoryReception()) as daemon:
        told = await refused(daemon.page(), identity=token("ann"))
    assert "`connectors.web.site.identity.secret`" in told


async def test_when_the_setting_is_taken_away_the_key_alone_opens_nobodys_session(start):
    reception = MemoryReception()
    async with start(reception, identity=SecretStr(SECRET)) as daemon:
        page = daemon.page()
        first = await page.connect(identity=token("ann"))
        await page.ask("тайна")
    async with start(reception) as daemon:
        later = daemon.page()
        later.session, later.key = page.session, page.key
        assert (await later.connect())["session"] != first["session"]


async def test_what_the_token_says_of_its_person_comes_with_the_first_message_of_each_visit(start):
    site = {"identity": SecretStr(SECRET), "variables": {"city": "Омск", "tier": "none"}}
    async with start(MemoryReception(), **site) as daemon:
        page = daemon.page()
        await page.connect(identity=token("ann", variables={"tier": "gold"}))
        await page.ask("раз")
        await page.ask("два")
        await page.connect(identity=token("ann", variables={"tier": "silver"}))
        await page.ask("три")
        told = [inbound.variables for inbound in daemon.reception.received]
    assert told == [{"city": "Омск", "tier": "gold"}, {}, {"tier": "silver"}]


# --- a page in a browser ---------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="session")
async def test_a_page_hands_a_token_over_brings_a_new_one_for_an_old_one_and_signs_out(shop, visit):
    renew = f"""document.addEventListener("ses-identity", (event) => {{
        event.preventDefault();
        event.target.identify("{token("ann")}");
    }});"""
    async with shop(f'identity="{token("ann", life=-3600)}"', identity=SecretStr(SECRET)) as site:
        visitor = await visit(site.url, before=renew)
        await visitor.open()
        await visitor.say("раз")
        said = await visitor.sees("Вы сказали: раз")
        assert users(site)[-1] == "web.site:ann"
        await visitor.page.evaluate("document.querySelector('ses-widget').identify()")
        await said.wait_for(state="detached")
        await visitor.say("два")
        await visitor.sees("Вы сказали: два")
        assert users(site)[-1] == ""


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="session")
async def test_a_page_that_brings_no_new_token_goes_on_with_a_visitor_who_is_nobody(shop, visit):
    async with shop('identity="rubbish"', identity=SecretStr(SECRET)) as site:
        visitor = await visit(site.url)
        await visitor.open()
        await visitor.say("раз")
        await visitor.sees("Вы сказали: раз")
        assert users(site)[-1] == ""
        assert any("no JWT" in one for one in visitor.complaints)


# --- a whole daemon --------------------------------------------------------------------------------------------

ROBOT = """
id: shop
language: ru
variables: {bonus: {value: 0, keep: user}, city: {value: "", keep: user}, tier: ""}
flows:
  earn: {on: ["бонус"], steps: [{set: {bonus: {add: 5}}}, {say: "Бонус {{ bonus }}."}]}
  move: {on: ["омск"], steps: [{set: {city: Омск}}, {say: "Записал."}]}
  who: {on: ["кто я"], steps: [{say: "{{ user.id }} {{ tier }} {{ city }} {{ bonus }}"}]}
"""


def shop(folder: Path) -> Daemon:
    """A daemon with that robot on a site that signs who its visitors are."""
    port, public = free_port(), free_port()
    site = {"token": "T0ken", "robot": "shop", "origins": [ORIGIN], "identity": {"secret": SECRET}}
    config = {"port": port, "widget": {"port": public}, "connectors": {"web": {"site": site}}}
    # The listener of the API may be there before that of the sites.
    answers = [f"http://127.0.0.1:{port}/ready", f"http://127.0.0.1:{public}/ses/widget/js?site"]
    return Daemon(folder, config, robots={"shop": ROBOT}, answers=answers)


async def test_one_person_on_two_devices_shares_what_is_kept_by_user_and_nobody_else_has_it(tmp_path):
    daemon = shop(tmp_path)
    given = [token("ann", variables={"tier": "gold"}), token("bob"), token("ann", life=-3600)]
    ann, bob, old = given
    await daemon.start()
    try:
        async with pages(daemon.site, "site", "T0ken", origin=ORIGIN) as page:
            desk, phone, stranger = page(), page(), page()
            await desk.connect(identity=ann)
            assert (await desk.ask("бонус"))["text"] == "Бонус 5."
            await phone.connect()
            await phone.ask("омск")
            assert (await phone.ask("бонус"))["text"] == "Бонус 5."
            begun = phone.session
            # He signs in on the telephone: what he has stays, what he lacks comes from there.
            await phone.connect(identity=ann)
            assert phone.session == begun
            assert (await phone.ask("бонус"))["text"] == "Бонус 10."
            assert (await desk.ask("кто я"))["text"] == "web.site:ann gold Омск 10"
            await stranger.connect(identity=bob)
            assert (await stranger.ask("бонус"))["text"] == "Бонус 5."
            # Another system writes to the site's own user.
            async with ClientSession() as http:
                order = {"to": {"user": "web.site:ann"}, "text": "Заказ готов."}
                async with http.post(f"{daemon.api}/ses/send", json=order) as answer:
                    assert answer.status == 200, await answer.text()
            assert (await desk.until("message"))["text"] == "Заказ готов."
        await daemon.kill()
        await daemon.start()
        async with pages(daemon.site, "site", "T0ken", origin=ORIGIN) as page:
            for device in (desk, phone):
                alone = page()
                alone.session, alone.key = device.session, device.key
                welcome = await alone.connect()
                assert welcome["session"] != device.session
                assert welcome["another"] is True
                back = page()
                back.session, back.key = device.session, device.key
                assert (await back.connect(identity=ann))["session"] == device.session
                assert (await back.ask("кто я"))["text"] == "web.site:ann gold Омск 10"
            await refused(page(), identity=old)
    finally:
        await daemon.end()
    written = daemon.log.read_text() + "".join(
        one.read_text() for one in tmp_path.glob("logs/*") if one.is_file()
    )
    assert "identity refused" in written
    for one in (*given, SECRET):
        assert one not in written
        assert one.rpartition(".")[2] not in written
