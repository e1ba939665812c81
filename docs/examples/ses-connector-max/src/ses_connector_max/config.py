"""`connectors.max.{name}`."""

from __future__ import annotations

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import model_validator

from ses.config.fields import About, FilePath, HttpUrl, Many, RobotId, Secret, Section, Variables, is_loopback


class Settings(Section):
    """A bot of MAX."""

    token: Secret
    """As the page «Чат-боты» of business.max.ru shows it."""
    robot: RobotId
    variables: Variables = {}
    """Session variables every conversation starts with."""
    whitelist: Many[int | str] = ()
    """Ids of users and chats that may talk to the robot; empty: all."""
    activators: Many[str] = ()
    """Words that wake the robot in group chats, its own mention always among them; empty: every message does."""
    mode: Literal["polling", "webhook"] = "polling"
    """MAX wants `webhook` for real work: long polling is held to two calls a second and forgets after a day."""
    webhook_url: HttpUrl | None = None
    """The public address of this SES; without a path, `/hook/max/{name}` is added."""
    secret: Secret | None = None
    """MAX says it in each call of the webhook: 5–256 letters, digits, `_` and `-`."""
    api: HttpUrl = "https://platform-api2.max.ru"
    ca: FilePath | None = None
    """A PEM file of certificates to trust beside the system's: the API's own is signed by the ministry's authority."""

    @model_validator(mode="after")
    def _webhook_is_whole(self) -> Self:
        if self.mode != "webhook":
            return self
        missing = [key for key in ("webhook_url", "secret") if getattr(self, key) is None]
        if missing:
            raise About("mode", f"`webhook` needs {' and '.join(f'`{key}`' for key in missing)}")
        url = urlsplit(self.webhook_url or "")
        if url.scheme != "https" and not is_loopback(url.hostname or ""):
            raise About("webhook_url", "must begin with https://: MAX calls nothing else")
        return self

    @model_validator(mode="after")
    def _secret_is_one_of_max(self) -> Self:
        secret = self.secret.get_secret_value() if self.secret is not None else "fits-always"
        fits = 5 <= len(secret) <= 256 and all(
            sign.isascii() and (sign.isalnum() or sign in "_-") for sign in secret
        )
        if not fits:
            raise About("secret", "must be 5 to 256 of the signs A–Z, a–z, 0–9, _ and -: MAX takes no others")
        return self

    @model_validator(mode="after")
    def _certificates_are_there(self) -> Self:
        if self.ca is not None and not self.ca.is_file():
            raise About("ca", f"there is no file {self.ca}")
        return self


def webhook_address(url: str, path: str) -> str:
    """`webhook_url` with the path added that the daemon serves, unless a proxy's own path is given."""
    return url if urlsplit(url).path.strip("/") else url.rstrip("/") + path
