"""The connection under vk-api's calls. requests, which vk-api brings, takes three times the processor time for the same."""

from __future__ import annotations

import os
import ssl
from base64 import b64encode
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec
import requests
from urllib3.util.wait import wait_for_read

CONNECT, READ = 5.0, 20.0
"""Seconds."""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

BROKEN = (OSError, HTTPException)
"""What `Wire.post` raises when there was no answer."""


class Answer(NamedTuple):
    """As much of requests' `Response` as vk-api looks at."""

    status_code: int
    data: bytes

    @property
    def ok(self) -> bool:
        return self.status_code < 400

    def json(self) -> Any:
        return msgspec.json.decode(self.data)


class Wire:
    """One kept connection to the API, for one thread. Heeds `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` and
    `REQUESTS_CA_BUNDLE`, as requests does."""

    def __init__(self, api: str, *, read: float = READ) -> None:
        """`api`: scheme, host and port. `read`: seconds to wait for an answer."""
        self._read = read
        self._to = urlsplit(api)
        proxy = requests.utils.select_proxy(api, requests.utils.get_environ_proxies(api))
        self._proxy = urlsplit(proxy if "://" in proxy else f"http://{proxy}") if proxy else None
        # A proxy is told the whole address, where it does not just hand bytes through.
        self._before = api if self._proxy is not None and self._to.scheme == "http" else self._to.path
        self._tls: ssl.SSLContext | None = None
        self._connection: HTTPConnection | None = None

    def post(self, path: str, body: bytes) -> Answer:
        """Raises one of `BROKEN`; the next call then connects anew."""
        connection = self._connection
        if connection is not None and (connection.sock is None or wait_for_read(connection.sock, 0)):
            self.close()  # closed while it rested: there is nothing else to be read before a call
            connection = None
        try:
            if connection is None:
                connection = self._connection = self._connected()
            connection.request("POST", self._before + path, body, self._headers)
            response = connection.getresponse()
            return Answer(response.status, response.read())
        except BROKEN:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def _headers(self) -> dict[str, str]:
        plain = self._proxy is not None and self._to.scheme == "http"
        return FORM | _credentials(self._proxy) if plain and self._proxy is not None else FORM

    def _connected(self) -> HTTPConnection:
        first = self._proxy or self._to
        host, secure = first.hostname or "", self._to.scheme == "https"
        port = first.port or (443 if first.scheme == "https" else 80)
        if secure:
            connection: HTTPConnection = HTTPSConnection(host, port, timeout=CONNECT, context=self._context())
        else:
            connection = HTTPConnection(host, port, timeout=CONNECT)
        if secure and self._proxy is not None:
            connection.set_tunnel(self._to.hostname or "", self._to.port or 443, _credentials(self._proxy))
        connection.connect()
        connection.sock.settimeout(self._read)
        return connection

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            bundle = os.environ.get("REQUESTS_CA_BUNDLE") or requests.utils.DEFAULT_CA_BUNDLE_PATH
            self._tls = ssl.create_default_context(cafile=bundle)
        return self._tls


def _credentials(proxy: SplitResult) -> dict[str, str]:
    """Name and password of a proxy's address, as it wants to hear them."""
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
