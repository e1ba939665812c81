"""A listening socket with an application behind it."""

from __future__ import annotations

import errno
import ssl
from pathlib import Path

from aiohttp import web

from ses.errors import SesError


class Listener:
    """`port` 0 takes any free one; `address` tells which after `start`."""

    def __init__(
        self, app: web.Application, host: str, port: int, tls: ssl.SSLContext | None, *, setting: str
    ) -> None:
        """`setting` names the configuration's key of the port, for errors."""
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=10.0, handle_signals=False)
        self._host = host
        self._port = port
        self._tls = tls
        self._setting = setting

    async def start(self) -> None:
        """Raises `SesError` when the address cannot be had."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port, ssl_context=self._tls, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            taken = error.errno == errno.EADDRINUSE
            why = "another program listens there" if taken else error.strerror or "it is not to be had"
            raise SesError(
                f"cannot listen on {self._host}:{self._port}: {why}; stop it or set another `{self._setting}`"
            ) from error

    async def refuse(self) -> None:
        """Take no new connections."""
        for site in list(self._runner.sites):
            await site.stop()

    async def stop(self) -> None:
        await self._runner.cleanup()

    @property
    def port(self) -> int:
        """The port in fact listened on."""
        address = self._runner.addresses[0]
        assert isinstance(address, tuple), "only TCP is listened on"
        return int(address[1])

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        host = "127.0.0.1" if self._host in {"0.0.0.0", "::", "localhost"} else self._host  # noqa: S104
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"


def tls_context(cert: Path, key: Path) -> ssl.SSLContext:
    """Raises `SesError` for files that are no certificate and key."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise SesError(f"tls.cert and tls.key cannot be used: {error}") from error
    return context
