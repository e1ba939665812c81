"""The ten user methods."""

import asyncio
import sqlite3
import threading
from contextlib import closing

import pytest

from ses.clock import VirtualClock
from ses.ledger.contract import TooBusy
from ses.ledger.passwords import AT_ONCE, WAITING, Passwords

from .conftest import NOON, running

DAY = 86_400


def flat(status, kind, message, param=None):
    return status, {"object": "error", "message": message, "type": kind, "param": param, "code": status}


WRONG_TOKEN = flat(401, "UnauthorizedError", "UnauthorizedError: Wrong token")
FORBIDDEN = flat(403, "ForbiddenError", "Forbidden")
ADMINISTRATORS = [
    ("GET", "/get_user_info?email=a@b.ru"),
    ("POST", "/create_user"),
    ("POST", "/disable_by_email"),
    ("POST", "/disable_by_token"),
    ("POST", "/disable_all_expired"),
    ("POST", "/delete_by_email"),
    ("POST", "/delete_by_token"),
    ("POST", "/delete_all_disabled"),
]


async def test_a_new_user_is_told_his_token_once_and_has_what_was_asked_for(service):
    told = await service.make("new.user@example.ru", expire="28", privileged="false")
    assert told == {
        "token": told["token"],
        "email": "new.user@example.ru",
        "expiration_date": "2025-04-17",
        "disabled": False,
        "privileged": False,
    }
    assert len(told["token"]) >= 43
    assert await service.call("GET", "/users/me", token=told["token"]) == (200, told)
    shown = {**told, "token": f"…{told['token'][-4:]}"}
    found = await service.call("GET", "/get_user_info?email=new.user%40example.ru", token=service.admin)
    assert found == (200, shown)


async def test_a_password_gives_a_token_that_opens_v1(service):
    await service.make("user@example.ru")
    status, told = await service.call(
        "POST", "/token", form={"username": "user@example.ru", "password": "word"}
    )
    assert (status, told["token_type"], set(told)) == (200, "bearer", {"access_token", "token_type"})
    assert (await service.call("GET", "/v1/models", token=told["access_token"]))[0] == 200
    assert (await service.call("GET", "/v1/models"))[0] == 401


async def test_the_eleventh_login_ends_the_first_and_never_the_users_own_token(service):
    own = (await service.make("user@example.ru"))["token"]
    tokens = []
    for _ in range(11):
        service.clock.advance(10)
        tokens.append(
            (await service.call("POST", "/token", form={"username": "user@example.ru", "password": "word"}))[
                1
            ]
        )
    alive = [(await service.call("GET", "/users/me", token=one["access_token"]))[0] for one in tokens]
    assert alive == [401] + [200] * 10
    assert (await service.call("GET", "/users/me", token=own))[0] == 200


@pytest.mark.parametrize(
    "form", [{"username": "user@example.ru", "password": "no"}, {"username": "nobody", "password": "word"}]
)
async def test_a_wrong_login_is_a_wrong_token(service, form):
    await service.make("user@example.ru")
    assert await service.call("POST", "/token", form=form) == WRONG_TOKEN


async def test_passwords_cannot_be_tried_for_long(service):
    form = {"username": "user@example.ru", "password": "no"}
    answers = [await service.call("POST", "/token", form=form) for _ in range(11)]
    assert [status for status, _ in answers] == [401] * 10 + [429]
    service.clock.advance(60)
    assert (await service.call("POST", "/token", form=form))[0] == 401


async def test_a_user_counts_through_the_day_of_his_expiration(service):
    told = await service.make("user@example.ru", expire="1")
    service.clock.advance(DAY)
    assert (await service.call("GET", "/users/me", token=told["token"]))[0] == 200
    service.clock.advance(DAY / 2)
    assert await service.call("GET", "/users/me", token=told["token"]) == WRONG_TOKEN
    past = await service.make("past@example.ru", expire="-1")
    assert await service.call("GET", "/v1/models", token=past["token"]) == WRONG_TOKEN


@pytest.mark.parametrize(("method", "path"), ADMINISTRATORS)
async def test_only_the_privileged_administer(service, method, path):
    told = await service.make("user@example.ru")
    assert await service.call(method, path) == WRONG_TOKEN
    assert await service.call(method, path, token="wrong") == WRONG_TOKEN
    assert await service.call(method, path, token=told["token"]) == FORBIDDEN


@pytest.mark.parametrize(("method", "path"), [*ADMINISTRATORS, ("POST", "/token"), ("GET", "/users/me")])
async def test_where_there_are_no_users_every_method_is_forbidden(method, path):
    async with running(None, VirtualClock(NOON)) as service:
        assert await service.call(method, path, token="any") == FORBIDDEN


async def test_disabling_acts_at_once(service):
    told = await service.make("user@example.ru")
    other = (await service.call("POST", "/token", form={"username": "user@example.ru", "password": "word"}))[
        1
    ]
    for token in (told["token"], other["access_token"]):
        assert (await service.call("GET", "/users/me", token=token))[0] == 200
    form = {"token": other["access_token"]}
    assert await service.call("POST", "/disable_by_token", token=service.admin, form=form) == (
        200,
        f"Start disabling:\nDisable user user@example.ru with token …{told['token'][-4:]}",
    )
    for token in (told["token"], other["access_token"]):
        assert await service.call("GET", "/users/me", token=token) == WRONG_TOKEN
    assert (
        await service.call("POST", "/token", form={"username": "user@example.ru", "password": "word"})
        == WRONG_TOKEN
    )


async def test_the_texts_are_the_guides(service):
    post = lambda path, **form: service.call("POST", path, token=service.admin, form=form)  # noqa: E731
    one, two = (
        await service.make("user1@example.ru", expire="-1"),
        await service.make("user2@example.ru", expire="-2"),
    )
    lines = [
        f"user1 user1@example.ru with token …{one['token'][-4:]}",
        f"user2 user2@example.ru with token …{two['token'][-4:]}",
    ]
    assert await post("/disable_by_email", email="nobody@example.ru") == (200, "Start disabling:")
    assert await post("/disable_all_expired") == (
        200,
        f"Start disabling: \nDisable {lines[0]}\nDisable {lines[1]}",
    )
    assert await post("/disable_all_expired") == (200, "Start disabling: ")
    assert await post("/delete_all_disabled") == (
        200,
        f"Start deletion: \nDelete {lines[0]}\nDelete {lines[1]}",
    )
    assert await post("/delete_by_email", email="user@example.ru") == (
        200, "Start deletion:\n0 users with email user@example.ru were deleted",
    )  # fmt: skip
    three = await service.make("user3@example.ru")
    assert await post("/delete_by_token", token=three["token"]) == (
        200, f"Start deletion:\n1 users with token …{three['token'][-4:]} were deleted",
    )  # fmt: skip


async def test_the_last_administrator_stays(service):
    post = lambda path, **form: service.call("POST", path, token=service.admin, form=form)  # noqa: E731
    for path in ("/disable_by_email", "/delete_by_email"):
        assert await post(path, email="admin@example.ru") == FORBIDDEN
    for path in ("/disable_by_token", "/delete_by_token"):
        assert await post(path, token=service.admin) == FORBIDDEN
    await service.make("second@example.ru", privileged="true")
    assert (await post("/delete_by_email", email="admin@example.ru"))[0] == 200


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({"password": "p"}, "email"),
        ({"email": "", "password": "p"}, "email"),
        ({"email": "no address", "password": "p"}, "email"),
        ({"email": "a@b.ru"}, "password"),
        ({"email": "a@b.ru", "password": "p", "expire": "soon"}, "expire"),
        ({"email": "a@b.ru", "password": "p", "expire": "99999999"}, "expire"),
        ({"email": "a@b.ru", "password": "p", "privileged": "perhaps"}, "privileged"),
    ],
)
async def test_a_bad_field_is_named(service, form, param):
    wanted = flat(422, "UnprocessableEntityError", "Unprocessable Entity", param)
    assert await service.call("POST", "/create_user", token=service.admin, form=form) == wanted


async def test_what_is_there_or_not_is_told(service):
    await service.make("user@example.ru")
    form = {"email": "user@example.ru", "password": "p"}
    assert (await service.call("POST", "/create_user", token=service.admin, form=form))[0] == 409
    assert await service.call("GET", "/get_user_info?email=x@example.ru", token=service.admin) == flat(
        404, "NotFoundError", 'The user "x@example.ru" does not exist.'
    )
    assert (await service.call("GET", "/get_user_info", token=service.admin))[0] == 422
    assert await service.call("GET", "/create_user", token=service.admin) == flat(
        405, "MethodNotAllowedError", "Method Not Allowed"
    )
    json = await service.call("POST", "/create_user", token=service.admin, json=form)
    assert json == flat(415, "UnsupportedMediaTypeError", "Unsupported Media Type")


async def test_neither_tokens_nor_passwords_are_stored(service, tmp_path):
    told = await service.make("user@example.ru", password="very-secret")
    with closing(sqlite3.connect(tmp_path / "users.db")) as connection:
        stored = "".join(connection.iterdump())
    assert told["token"] not in stored
    assert "very-secret" not in stored
    assert "$argon2id$" in stored


async def test_while_the_database_is_down_known_tokens_count_for_a_minute(service, database):
    told = await service.make("user@example.ru")
    assert (await service.call("GET", "/users/me", token=told["token"]))[0] == 200
    stranger, _ = await service.users.create("stranger@example.ru", "p", days=1, privileged=False)
    await database.close()
    assert (await service.call("GET", "/users/me", token=told["token"]))[0] == 200
    down = flat(
        503,
        "ServiceUnavailableError",
        "The server was unable to complete your request. Please try again later",
    )
    assert await service.call("GET", "/v1/models", token=stranger) == down, "it was never asked for"
    service.clock.advance(61)
    assert await service.call("GET", "/users/me", token=told["token"]) == down


async def test_passwords_are_checked_beside_the_loop_and_not_without_bound(monkeypatch):
    passwords, gate = Passwords(), threading.Event()
    monkeypatch.setattr(passwords, "_compare", lambda password, hashed: gate.wait(60))
    waiting = [asyncio.ensure_future(passwords.fits("p", None)) for _ in range(AT_ONCE + WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(TooBusy):
        await passwords.fits("p", None)
    gate.set()
    assert await asyncio.gather(*waiting) == [True] * (AT_ONCE + WAITING)
    passwords.close()
