"""`connectors.{kind}.{name}`: the channels in which people talk to robots."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)

from ses.config.fields import About, HttpUrl, Many, Name, Origin, RobotId, Secret, Section, Variables

SECRET_BYTES = 32
"""Of a secret that others' tokens are checked with."""


class Identity(Section):
    """Visitors whom the site's server vouches for by a signed token."""

    secret: Secret
    """Shared with the site's server, which signs with it."""

    @field_validator("secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value().encode()) < SECRET_BYTES:
            raise ValueError(
                f"must have {SECRET_BYTES} bytes at least, like those of `openssl rand -base64 {SECRET_BYTES}`"
            )
        return secret


class Web(Section):
    """A website's widget."""

    token: Annotated[str, Field(min_length=1, max_length=256)]
    """Stands in the page for all to see: it tells which connector is meant and gives no authority."""
    robot: RobotId
    origins: Many[Origin]
    """The sites that may show the widget; compared exactly."""
    origin_required: bool = True
    """False lets clients in that send no `Origin` (programs; no browser leaves it out)."""
    color: Annotated[str | None, Field(pattern=r"^#[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?$")] = None
    title: str | dict[str, str] | None = None
    """One text, or a text by language: `{"ru": …, "en": …}`."""
    microphone: bool = False
    transcription: bool = False
    """Show the visitor the recognised text of a voice message."""
    variables: Variables = {}
    host: HttpUrl | None = None
    """The address under which the page reaches the websocket; else that of its script."""
    type: Literal["chat", "assistant"] = "chat"
    identity: Identity | None = None
    elsewhere: Many[str] = ()
    """Messengers in which a visitor may go on with the conversation: `telegram.shop`, `vk.shop`."""

    @field_validator("origins")
    @classmethod
    def _some_origin(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        if not origins:
            raise ValueError('must name the sites that may show the widget, like ["https://shop.example"]')
        return origins


class TelegramTimers(Section):
    getUpdates: Annotated[float, Field(ge=0, le=50)] = 3  # noqa: N815  the original's name
    """Seconds a call to `getUpdates` waits for news."""


class Telegram(Section):
    """A Telegram bot."""

    token: Secret
    robot: RobotId
    variables: Variables = {}
    timers: TelegramTimers = TelegramTimers()
    whitelist: Many[int | str] = ()
    """Ids of users and chats that may talk to the robot; empty: all."""
    activators: Many[str] = ()
    """Words or patterns that wake the robot in group chats, its own mention always among them; empty: every message."""
    mode: Literal["polling", "webhook"] = "polling"
    webhook_url: HttpUrl | None = None
    secret_token: Secret | None = None
    api: HttpUrl = "https://api.telegram.org"

    @model_validator(mode="after")
    def _webhook_is_whole(self) -> Self:
        missing = [key for key in ("webhook_url", "secret_token") if getattr(self, key) is None]
        if self.mode == "webhook" and missing:
            raise About("mode", f"`webhook` needs {' and '.join(f'`{key}`' for key in missing)}")
        return self


class Vk(Section):
    """A bot of a VK community."""

    token: Secret
    robot: RobotId
    group_id: Annotated[int, Field(gt=0)]
    whitelist: Many[int | str] = ()
    activators: Many[str] = ()
    variables: Variables = {}
    mode: Literal["longpoll", "callback"] = "longpoll"
    confirmation: str | None = None
    """The string VK expects as the answer to its first call of the Callback API."""
    secret: Secret | None = None
    """VK sends it in each call of the Callback API."""
    api: HttpUrl = "https://api.vk.com"

    @model_validator(mode="after")
    def _callback_is_whole(self) -> Self:
        missing = [key for key in ("confirmation", "secret") if getattr(self, key) is None]
        if self.mode == "callback" and missing:
            raise About("mode", f"`callback` needs {' and '.join(f'`{key}`' for key in missing)}")
        return self


class Connectors(Section):
    """SES's own kinds; a file that names kinds of packages is read as a subclass with a field for each."""

    web: dict[Name, Web] = {}
    telegram: dict[Name, Telegram] = {}
    vk: dict[Name, Vk] = {}

    @model_validator(mode="wrap")
    @classmethod
    def _with_plugin_kinds(
        cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Any:
        """`context["kinds"]`: the models of packages' kinds."""
        models = (info.context or {}).get("kinds") if cls is Connectors else None
        return connectors_with(models).model_validate(data, context=info.context) if models else handler(data)

    @model_validator(mode="after")
    def _elsewhere_is_there(self) -> Self:
        """A conversation goes on with the same robot."""
        messengers = {
            f"{kind}.{name}": one.robot
            for kind in type(self).model_fields
            if kind != "web"
            for name, one in getattr(self, kind).items()
        }
        for name, site in self.web.items():
            for to in site.elsewhere:
                if to not in messengers:
                    there = ", ".join(f"`{one}`" for one in sorted(messengers)) or "none"
                    raise About("web", f"{name}.elsewhere: there is no messenger `{to}`; there are: {there}")
                if messengers[to] != site.robot:
                    raise About(
                        "web",
                        f"{name}.elsewhere: `{to}` talks to `{messengers[to]}`, this site to `{site.robot}`; "
                        "a conversation goes on with its robot",
                    )
        return self

    def all(self) -> Iterator[tuple[str, str, Any]]:
        """Kind, name and settings of every connector."""
        for kind in type(self).model_fields:
            for name, settings in getattr(self, kind).items():
                yield kind, name, settings


def connectors_with(models: dict[str, type[Section]]) -> type[Connectors]:
    """SES's own kinds and those of packages."""
    return _connectors_with(tuple(sorted(models.items()))) if models else Connectors


@cache
def _connectors_with(models: tuple[tuple[str, type[Section]], ...]) -> type[Connectors]:
    fields: dict[str, Any] = {kind: (dict[Name, model], {}) for kind, model in models}  # type: ignore[valid-type]
    return create_model("Connectors", __base__=Connectors, **fields)


def original_web_key(key: str, settings: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """The original's form `"<origin>~<token>": {…}` as a name and the settings with token and origin filled in.

    The name is the site's host and the beginning of the token's hash (`shop.example-3fa94b21`), so that it stays the same
    whatever else is configured. None when the key is a plain name.
    """
    origin, tilde, token = key.partition("~")
    if not tilde:
        return None
    host = urlsplit(origin).hostname or "site"
    name = f"{host[:55].replace(':', '.')}-{sha256(token.encode()).hexdigest()[:8]}"
    return name, {"token": token, "origins": [origin], **settings}
