"""Tells systemd (by its `Type=notify` protocol) what the daemon does: ready, stopping, reloading, still alive."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Mapping

import structlog

from ses.clock import Clock

log = structlog.get_logger("ses.daemon")


class SystemdNotifier:
    """Sends states to `NOTIFY_SOCKET`; without one it does nothing."""

    def __init__(self, clock: Clock, environment: Mapping[str, str] = os.environ) -> None:
        self._clock = clock
        self._address = environment.get("NOTIFY_SOCKET", "")
        usec = environment.get("WATCHDOG_USEC", "")
        mine = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._watchdog = int(usec) / 1e6 if usec.isdigit() and mine else 0.0
        self._pinging: asyncio.Task[None] | None = None

    def ready(self, status: str) -> None:
        self._send(f"READY=1\nSTATUS={status}")
        if self._watchdog and self._pinging is None:
            self._pinging = asyncio.get_running_loop().create_task(self._keep_pinging(), name="watchdog")

    def reloading(self) -> None:
        # Type=notify-reload wants the instant, in microseconds of the monotonic clock.
        self._send(f"RELOADING=1\nMONOTONIC_USEC={_monotonic_usec()}")

    def stopping(self) -> None:
        self._send("STOPPING=1\nSTATUS=finishing the turns that run")

    def close(self) -> None:
        if self._pinging is not None:
            self._pinging.cancel()
            self._pinging = None

    async def _keep_pinging(self) -> None:
        """A loop that hangs stops pinging, and systemd restarts the daemon."""
        while True:
            self._send("WATCHDOG=1")
            await self._clock.sleep(self._watchdog / 3)

    def _send(self, state: str) -> None:
        if not self._address:
            return
        # `@` stands for the zero byte of an abstract socket's name.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as peer:
                peer.connect(address)
                peer.sendall(state.encode())
        except OSError as error:
            log.warning("the supervisor cannot be told", state=state.partition("\n")[0], reason=str(error))


def _monotonic_usec() -> int:
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
