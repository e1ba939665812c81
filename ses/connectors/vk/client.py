"""vk-api's client as the daemon uses it: with timeouts, to any address, and with one kind of error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import requests
from jconfig import MemoryConfig
from vk_api import VkApiGroup
from vk_api.exceptions import ApiError, ApiHttpError, VkApiError

from ses.connectors.vk.wire import BROKEN, CONNECT, READ, Answer, Wire
from ses.errors import SesError

VERSION = "5.199"
WIRED = "https://api.vk.ru"
"""The address that vk-api knows."""
TOO_OFTEN = frozenset({6, 9, 29})
"""Too many calls a second, too much of the same, the day's allowance."""
PASSING = frozenset({1, 6, 9, 10, 14, 29, 603})
"""Errors that are gone when the call is made again later: unknown, internal, too often, a captcha nobody will read."""
WRONG_TOKEN = frozenset({5, 27, 28})


class CallFailed(SesError):
    """A call was answered by an error or not at all. `code` is VK's, 0 when there was no answer."""

    def __init__(self, method: str, code: int, reason: str) -> None:
        super().__init__(f"{method}: {reason}" if not code else f"{method}: error {code}, {reason}")
        self.method = method
        self.code = code
        self.reason = reason

    @property
    def passing(self) -> bool:
        """It may succeed later."""
        return not self.code or self.code in PASSING


class _Session(requests.Session):
    """vk-api sets no timeouts and knows one address only; this puts both right. Calls of the API, which are nearly all,
    go by a connection of their own."""

    def __init__(self, api: str) -> None:
        super().__init__()
        self._wire = Wire(api)

    def post(self, url: Any, data: Any = None, json: Any = None, **given: Any) -> Any:
        if isinstance(url, str) and url.startswith(WIRED):
            return self._call(url.removeprefix(WIRED), data)
        given.setdefault("timeout", (CONNECT, READ))
        return super().post(url, data, json, **given)

    def _call(self, path: str, values: Mapping[str, Any]) -> Answer:
        given = {name: value for name, value in values.items() if value is not None}
        return self._wire.post(path, urlencode(given, doseq=True).encode())

    def close(self) -> None:
        self._wire.close()
        super().close()


class _Client(VkApiGroup):  # type: ignore[misc]  # vk-api tells no types
    RPS_DELAY = 0.0  # `RateLimit` sees all clients of the token, this only one


def client(token: str, api: str) -> VkApiGroup:
    """A client that keeps nothing on disk and repeats nothing by itself."""
    made = _Client(token=token, session=_Session(api), api_version=VERSION, config=MemoryConfig)
    made.error_handlers.clear()  # among them one that sleeps, and calls itself again without end
    return made


def call(api: VkApiGroup, method: str, values: Mapping[str, Any]) -> Any:
    """Make one call in this thread; its `response`. Raises `CallFailed`."""
    with calling(method):
        return api.method(method, dict(values))


@contextmanager
def calling(method: str) -> Iterator[None]:
    """Turns every failure of vk-api into `CallFailed`, whose text holds neither token nor values."""
    try:
        yield
    except ApiError as error:
        reason = str(error.error.get("error_msg", ""))[:200]
        raise CallFailed(method, int(error.code), reason) from None
    except ApiHttpError as error:
        raise CallFailed(method, 0, f"HTTP status {error.response.status_code}") from None
    except VkApiError as error:
        raise CallFailed(method, 0, type(error).__name__) from None
    except (*BROKEN, requests.RequestException, ValueError, KeyError) as error:
        # The text of a failed request may hold the address with its parameters; its kind says enough.
        raise CallFailed(method, 0, f"no answer ({type(error).__name__})") from None
