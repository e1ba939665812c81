"""The ten user methods. They exist where users do; elsewhere they answer 403 before anything is looked at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Literal

import msgspec
import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict

from ses.client_address import client_address
from ses.gateway.http.envelope import HARDENED
from ses.gateway.http.login_rate_limit import LoginRateLimit
from ses.gateway.http.operation import Call, Operation
from ses.gateway.users import messages
from ses.gateway.users.forms import (
    URLENCODED,
    EmailForm,
    LoginForm,
    NewUserForm,
    TokenForm,
    checked,
    read_form,
)
from ses.gateway.v1.auth import Principal, UserTokenAuth, check_page
from ses.gateway.v1.errors import FlatError, V1Error, cut, unavailable, wrong_token
from ses.ledger.contract import EmailTaken, LastPrivileged, LedgerDown, TooBusy, User, Users

log = structlog.get_logger("ses.gateway.users")

BUSY_WAIT = 1.0
"""Seconds after which a password that could not be checked may be tried again."""


class TokenAnswer(BaseModel):
    model_config = ConfigDict(defer_build=True)

    access_token: str
    token_type: Literal["bearer"]


class UserAnswer(BaseModel):
    model_config = ConfigDict(defer_build=True)

    token: str
    """Whole for its owner and when it is made; else its end."""
    email: str
    expiration_date: str
    """The last day that counts, UTC."""
    disabled: bool
    privileged: bool


Serve = Callable[[web.Request, Users, Principal], Awaitable[web.Response]]


class UsersApi:
    """`users` none: there is no such mode."""

    def __init__(
        self,
        users: Users | None,
        limit: LoginRateLimit,
        *,
        trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = (),
    ) -> None:
        self._users = users
        self._authenticator = UserTokenAuth(users) if users is not None else None
        self._limit = limit
        self._trusted = trusted_proxies

    def operations(self) -> list[Operation]:
        form = {"takes": URLENCODED}
        text = {"content": "text/plain", **form}
        return [
            self._method("POST", "/token", "A token for a user's password", self._log_in, "anybody",
                         body=LoginForm, answer=TokenAnswer, **form),
            self._method("GET", "/users/me", "The user whose token this is", self._me, "user", answer=UserAnswer),
            self._method("GET", "/get_user_info", "A user by e-mail", self._info, "admin",
                         answer=UserAnswer, query={"email": "the user's address"}),
            self._method("POST", "/create_user", "A new user, with his token", self._create, "admin",
                         body=NewUserForm, answer=UserAnswer, **form),
            self._method("POST", "/disable_by_email", "Disable a user", self._disable_by_email, "admin",
                         body=EmailForm, **text),
            self._method("POST", "/disable_by_token", "Disable a user by one of his tokens",
                         self._disable_by_token, "admin", body=TokenForm, **text),
            self._method("POST", "/disable_all_expired", "Disable all users whose time is over",
                         self._disable_expired, "admin", content="text/plain"),
            self._method("POST", "/delete_by_email", "Delete a user", self._delete_by_email, "admin",
                         body=EmailForm, **text),
            self._method("POST", "/delete_by_token", "Delete a user by one of his tokens",
                         self._delete_by_token, "admin", body=TokenForm, **text),
            self._method("POST", "/delete_all_disabled", "Delete all disabled users",
                         self._delete_disabled, "admin", content="text/plain"),
        ]  # fmt: skip

    def _method(
        self,
        method: str,
        path: str,
        summary: str,
        serve: Serve,
        whom: Literal["anybody", "user", "admin"],
        **more: Any,
    ) -> Operation:
        async def handle(call: Call) -> web.StreamResponse:
            try:
                return await self._served(call.request, serve, whom)
            except V1Error as error:
                return error.response()
            except LedgerDown:
                return unavailable().response()
            except TooBusy:
                return _too_many(BUSY_WAIT).response()
            except ConnectionResetError:
                raise
            except Exception:
                log.exception("request_failed", path=path)
                return V1Error(500).response()

        return Operation(
            method=method,
            path=path,
            summary=f"{summary}{' (administrators)' if whom == 'admin' else ''}",
            handler=handle,
            scope=None,
            own_rules=True,
            failed=FlatError,
            failures=(401, 403, 404, 408, 409, 413, 415, 422, 429, 500, 503),
            tag="users",
            **more,
        )

    async def _served(
        self, request: web.Request, serve: Serve, whom: Literal["anybody", "user", "admin"]
    ) -> web.Response:
        if self._users is None or self._authenticator is None:
            raise V1Error(403)
        if whom == "anybody":
            check_page(request)
            return await serve(request, self._users, Principal())
        principal = await self._authenticator.authenticate(request)
        if whom == "admin" and not (principal.user is not None and principal.user.privileged):
            raise V1Error(403)
        return await serve(request, self._users, principal)

    async def _log_in(self, request: web.Request, users: Users, principal: Principal) -> web.Response:
        del principal
        form = await read_form(request, LoginForm)
        address = client_address(request, self._trusted)
        whom = [f"account {form.username}", *([f"address {address}"] if address else ())]
        if wait := self._limit.take(*whom):
            raise _too_many(wait)
        token = await users.log_in(form.username, form.password)
        if token is None:
            raise wrong_token()
        return _json({"access_token": token, "token_type": "bearer"})

    async def _me(self, request: web.Request, users: Users, principal: Principal) -> web.Response:
        del request, users
        assert principal.user is not None, "users alone are let in"
        return _json(_shown(principal.user, principal.token))

    async def _info(self, request: web.Request, users: Users, principal: Principal) -> web.Response:
        del principal
        email = checked(EmailForm, dict(request.query)).email
        user = await users.find(email)
        if user is None:
            raise V1Error(404, f'The user "{cut(email)}" does not exist.')
        return _json(_shown(user, user.shown))

    async def _create(self, request: web.Request, users: Users, principal: Principal) -> web.Response:
        form = await read_form(request, NewUserForm)
        try:
            token, user = await users.create(
                form.email, form.password, days=form.expire, privileged=form.privileged
            )
        except EmailTaken as error:
            raise V1Error(409, str(error)) from None
        except ValueError:
            raise V1Error(422, param="expire") from None
        _audit(principal, "created", [user.email], privileged=user.privileged)
        return _json(_shown(user, token))

    async def _disable_by_email(
        self, request: web.Request, users: Users, principal: Principal
    ) -> web.Response:
        form = await read_form(request, EmailForm)
        removed = await _allowed(users.disable(email=form.email))
        _audit(principal, "disabled", [one.email for one in removed])
        return _text(messages.disabled_one(removed))

    async def _disable_by_token(
        self, request: web.Request, users: Users, principal: Principal
    ) -> web.Response:
        form = await read_form(request, TokenForm)
        removed = await _allowed(users.disable(token=form.token))
        _audit(principal, "disabled", [one.email for one in removed])
        return _text(messages.disabled_one(removed))

    async def _disable_expired(
        self, request: web.Request, users: Users, principal: Principal
    ) -> web.Response:
        del request
        removed = await users.disable_expired()
        _audit(principal, "disabled", [one.email for one in removed])
        return _text(messages.disabled_all(removed))

    async def _delete_by_email(
        self, request: web.Request, users: Users, principal: Principal
    ) -> web.Response:
        form = await read_form(request, EmailForm)
        removed = await _allowed(users.delete(email=form.email))
        _audit(principal, "deleted", [one.email for one in removed])
        return _text(messages.deleted_by("email", form.email, len(removed)))

    async def _delete_by_token(
        self, request: web.Request, users: Users, principal: Principal
    ) -> web.Response:
        form = await read_form(request, TokenForm)
        removed = await _allowed(users.delete(token=form.token))
        _audit(principal, "deleted", [one.email for one in removed])
        return _text(messages.deleted_by("token", f"…{form.token[-4:]}", len(removed)))

    async def _delete_disabled(
        self, request: web.Request, users: Users, principal: Principal
    ) -> web.Response:
        del request
        removed = await users.delete_disabled()
        _audit(principal, "deleted", [one.email for one in removed])
        return _text(messages.deleted_all(removed))


async def _allowed(change: Awaitable[Any]) -> Any:
    try:
        return await change
    except LastPrivileged:
        raise V1Error(403) from None


def _audit(principal: Principal, what: str, emails: list[str], **more: object) -> None:
    for email in emails:
        log.info("user_changed", change=what, email=email, by=principal.name, **more)


def _shown(user: User, token: str) -> dict[str, Any]:
    return {
        "token": token,
        "email": user.email,
        "expiration_date": user.expiration_date.isoformat(),
        "disabled": user.disabled,
        "privileged": user.privileged,
    }


def _too_many(wait: float) -> V1Error:
    return V1Error(429, headers={"Retry-After": str(max(1, round(wait)))})


def _json(fields: dict[str, Any]) -> web.Response:
    return web.Response(body=msgspec.json.encode(fields), content_type="application/json", headers=HARDENED)


def _text(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/plain", headers=HARDENED)
