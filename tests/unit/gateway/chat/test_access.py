"""Who may use the page's API: the code, its session, and everybody whom `/v1` knows."""

import json
import sqlite3

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from ses.clock import VirtualClock
from ses.gateway.chat.sessions import COOKIE, IDLE, CodeSessions

from .conftest import ASK

TOKEN = "a-token-for-the-model"
CODE = "open sesame please"
PROXIED = {"X-Forwarded-For": "203.0.113.9"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def request_of(secret: str | None = None) -> web.Request:
    """A request with a session's secret."""
    headers = {"Cookie": f"{COOKIE}={secret}"} if secret is not None else {}
    return make_mocked_request("GET", "/chat", headers=headers)


class TestTheCode:
    async def test_it_opens_what_a_token_opens(self, browse):
        async with browse({"token": TOKEN, "chat": {"code": CODE}}) as browser:
            assert await browser.models() == (401, "UnauthorizedError: Wrong token")
            assert await browser.sign_in("another") == 401
            assert (await browser.models())[0] == 401
            assert await browser.sign_in(CODE) == 200
            assert await browser.models() == (200, ["test"])
            status, told = await browser.json("POST", "/chat/v1/chat/completions", json=ASK)
            assert (status, told["choices"][0]["message"]["content"]) == (200, "Hello there, friend.")
            assert (await browser.json("GET", "/v1/models"))[0] == 401  # the session is for the page alone
            assert (await browser.json("DELETE", "/chat/session"))[0] == 200
            assert (await browser.models())[0] == 401

    @pytest.mark.parametrize("code", ["first code here", "the second one"])
    async def test_several_are_separated_by_commas(self, browse, code):
        async with browse({"token": TOKEN, "chat": {"code": "first code here, the second one"}}) as browser:
            assert await browser.sign_in("first code here, the second one") == 401
            assert await browser.sign_in(code) == 200

    @pytest.mark.parametrize(("headers", "secure"), [({}, False), ({"X-Forwarded-Proto": "https"}, True)])
    async def test_its_cookie_is_for_no_script_and_no_other_site(self, browse, headers, secure):
        async with browse({"token": TOKEN, "chat": {"code": CODE}}) as browser:
            _, told, _ = await browser.call("POST", "/chat/session", json={"code": CODE}, headers=headers)
        flags = told["Set-Cookie"].split("; ")
        assert {"HttpOnly", "SameSite=Strict"} <= set(flags)
        assert ("Secure" in flags) is secure
        assert not any(flag.startswith(("Path", "Domain")) for flag in flags)
        assert len(flags[0]) > 40

    async def test_guessing_is_slowed_down_together_with_passwords(self, browse):
        async with browse({"token": TOKEN, "chat": {"code": CODE}}) as browser:
            headers = {"X-Forwarded-For": "203.0.113.9"}
            for _ in range(10):
                status, _ = await browser.json("POST", "/chat/session", json={"code": "no"}, headers=headers)
                assert status == 401
            status, told, _ = await browser.call(
                "POST", "/chat/session", json={"code": CODE}, headers=headers
            )
            assert (status, told["Retry-After"]) == (429, "6")
            other = {"X-Forwarded-For": "203.0.113.10"}
            assert (await browser.json("POST", "/chat/session", json={"code": CODE}, headers=other))[0] == 200
            browser.clock.advance(6.1)
            assert (await browser.json("POST", "/chat/session", json={"code": CODE}, headers=headers))[
                0
            ] == 200

    async def test_where_there_is_none_nobody_signs_in_by_it(self, browse):
        async with browse({"token": TOKEN}) as browser:
            assert await browser.sign_in("") == 403

    @pytest.mark.parametrize(
        ("options", "status"),
        [
            ({"data": b"{}", "headers": {"Content-Type": "text/plain"}}, 415),
            ({"data": b"{", "headers": {"Content-Type": "application/json"}}, 400),
            ({"json": {"code": 5}}, 400),
            ({"json": {"code": "x" * 2000}}, 400),
            ({"json": {"code": "x" * 20_000}}, 413),
        ],
    )
    async def test_what_is_no_code_is_refused(self, browse, options, status):
        async with browse({"token": TOKEN, "chat": {"code": CODE}}) as browser:
            found, told = await browser.json("POST", "/chat/session", **options)
            assert (found, told["code"]) == (status, status)

    def test_a_session_ends_when_it_is_not_used_for_a_month(self):
        clock = VirtualClock(0.0)
        sessions = CodeSessions([CODE], clock)
        request = request_of(sessions.begin(CODE))
        clock.advance(IDLE - 1)
        assert sessions.holds(request)
        clock.advance(IDLE - 1)
        assert sessions.holds(request)
        clock.advance(IDLE + 1)
        assert not sessions.holds(request)
        assert not sessions.holds(request_of())
        assert not sessions.holds(request_of("another"))

    def test_the_session_that_was_not_used_for_longest_makes_room(self):
        sessions = CodeSessions([CODE], VirtualClock(0.0), most=2)
        first, second = request_of(sessions.begin(CODE)), request_of(sessions.begin(CODE))
        assert sessions.holds(first)
        third = request_of(sessions.begin(CODE))
        assert [sessions.holds(one) for one in (first, second, third)] == [True, False, True]


class TestInWhoseName:
    async def test_the_key_names_the_user_and_the_journal_tells_him(self, browse, tmp_path):
        database = {"url": f"sqlite:///{tmp_path}/gateway.db"}
        async with browse({"users": database}) as browser:
            key, _ = await browser.served.ledger.users.create(
                "page@example.ru", "secret", days=30, privileged=False
            )
            ann, _ = await browser.served.ledger.users.create(
                "ann@example.ru", "secret", days=30, privileged=False
            )
        chat = {"code": CODE, "key": key}
        async with browse({"users": database, "journal": database, "chat": chat}) as browser:
            assert await browser.sign_in(CODE) == 200
            assert (await browser.json("POST", "/chat/v1/chat/completions", json=ASK))[0] == 200
            shown = {"Authorization": f"Bearer {ann}"}
            assert (await browser.json("POST", "/chat/v1/chat/completions", json=ASK, headers=shown))[
                0
            ] == 200
            await browser.served.ledger.users.disable(email="page@example.ru")
            status, told = await browser.models()
            assert (status, told.startswith("the key that the server keeps")) == (403, True)
        with sqlite3.connect(tmp_path / "gateway.db") as connection:
            rows = connection.execute("SELECT username, type FROM journal ORDER BY id").fetchall()
        connection.close()
        assert rows[:2] == [
            ("page@example.ru", "POST /v1/chat/completions"),
            ("ann@example.ru", "POST /v1/chat/completions"),
        ]

    async def test_a_key_that_is_not_the_token_opens_nothing(self, browse):
        async with browse({"token": TOKEN, "chat": {"code": CODE, "key": "an-old-token"}}) as browser:
            assert await browser.sign_in(CODE) == 200
            assert (await browser.models())[0] == 403

    async def test_a_wrong_token_is_refused_whatever_the_session(self, browse):
        async with browse({"token": TOKEN, "chat": {"code": CODE}}) as browser:
            assert await browser.sign_in(CODE) == 200
            assert (await browser.models(headers={"Authorization": "Bearer wrong"}))[0] == 401


class TestTheRulesOfTheListener:
    async def test_without_token_users_and_code_the_page_is_for_this_machine(self, browse):
        async with browse() as browser:
            assert (await browser.call("GET", "/chat"))[0] == 200
            assert await browser.models() == (200, ["test"])
            for headers in (PROXIED, {"Host": "ses.shop.example"}):
                status, _, text = await browser.call("GET", "/chat", headers=headers)
                assert (status, "gateway.token" in text) == (403, True)
                assert (await browser.models(headers=headers))[0] == 403
                settings = (await browser.json("GET", "/chat/settings", headers=headers))[1]
                assert (settings["ways"], settings["admitted"]) == ([], False)

    async def test_a_code_opens_it_to_others(self, browse):
        async with browse({"chat": {"code": CODE}}) as browser:
            assert (await browser.call("GET", "/chat", headers=PROXIED))[0] == 200
            assert (await browser.models(headers=PROXIED))[0] == 403
            assert await browser.sign_in(CODE) == 200
            assert await browser.models(headers=PROXIED) == (200, ["test"])

    @pytest.mark.parametrize(
        "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
    )
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/chat/settings"),
            ("POST", "/chat/session"),
            ("DELETE", "/chat/session"),
            ("GET", "/chat/v1/models"),
            ("POST", "/chat/v1/chat/completions"),
        ],
    )
    async def test_a_page_of_another_site_gets_nothing_out_of_a_session(self, browse, method, path, headers):
        async with browse({"token": TOKEN, "chat": {"code": CODE}}) as browser:
            assert await browser.sign_in(CODE) == 200
            body = {"json": {"code": CODE} if path.endswith("session") else ASK} if method == "POST" else {}
            assert (await browser.json(method, path, headers=headers, **body))[0] == 403
            assert browser.served.engine.asked == []
            assert (await browser.models())[0] == 200

    async def test_a_link_of_another_site_may_lead_to_the_page(self, browse):
        followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        async with browse({"token": TOKEN}) as browser:
            assert (await browser.call("GET", "/chat", headers=followed))[0] == 200
            embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
            assert (await browser.call("GET", "/chat", headers=embedded))[0] == 403

    @pytest.mark.parametrize(
        ("gateway", "ways"),
        [
            ({}, []),
            ({"token": TOKEN}, ["token"]),
            ({"token": TOKEN, "chat": {"code": CODE}}, ["code", "token"]),
            ({"users": {"url": "sqlite:///users.db"}}, ["password", "token"]),
        ],
    )
    async def test_the_page_is_told_the_ways_in_and_no_secret(self, browse, gateway, ways):
        async with browse(gateway) as browser:
            status, settings = await browser.json("GET", "/chat/settings")
            assert (status, settings["ways"], settings["admitted"]) == (200, ways, not ways)
            assert TOKEN not in json.dumps(settings)
            assert CODE not in json.dumps(settings)

    async def test_other_methods_and_paths_fail_as_v1_does(self, browse):
        async with browse() as browser:
            status, told = await browser.json("PUT", "/chat/session")
            assert (status, told["message"]) == (405, "Method Not Allowed")
            status, told = await browser.json("GET", "/chat/v1/embeddings")
            assert (status, told["message"]) == (404, "Not Found")


class TestTheModels:
    async def test_only_those_that_are_offered_can_be_used_in_the_page(self, browse):
        async with browse({"token": TOKEN, "chat": {"models": "-all,+other"}}) as browser:
            assert await browser.models(headers=BEARER) == (200, [])
            status, told = await browser.json("POST", "/chat/v1/chat/completions", json=ASK, headers=BEARER)
            assert (status, told["code"]) == (503, 503)  # none is offered at all
            assert (await browser.json("POST", "/v1/chat/completions", json=ASK, headers=BEARER))[0] == 200

    async def test_names_and_the_default_are_told(self, browse):
        async with browse({"chat": {"models": "-all,+test=Cotype Pro", "default": "test"}}) as browser:
            _, settings = await browser.json("GET", "/chat/settings")
            assert (settings["names"], settings["default"]) == ({"test": "Cotype Pro"}, "test")

    async def test_the_daemons_own_address_is_no_model_elsewhere(self, browse):
        async with browse({"chat": {"url": "http://127.0.0.1:6190/v1"}}) as browser:
            assert await browser.models() == (200, ["test"])
