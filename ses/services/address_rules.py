"""Protection against SSRF: an author's `http` step reaches public addresses, and those the administrator names.

The check is made on the addresses that are connected to, not on names, so that a name which resolves to a
public address when looked at and to a private one when connected to gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from ses.errors import StepError

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """False for private, loopback, link-local, metadata, multicast, reserved and unspecified addresses, and for
    the IPv6 forms that carry such an IPv4 address inside."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return ip.is_global and not ip.is_multicast


class AddressRules:
    """`limits.http.allow`: pairs `host:port` that may be reached although they are not public."""

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._allow = frozenset(_pair(entry) for entry in allow)

    def allows(self, host: str, port: int) -> bool:
        return (host.strip("[]").rstrip(".").casefold(), port) in self._allow

    def check_url(self, url: URL) -> None:
        """Refuse what is not http(s), and literal addresses, which no resolver sees. Raises `StepError("denied")`."""
        if url.scheme not in {"http", "https"} or not url.host:
            raise StepError(
                "denied", "an http step reaches only http:// and https:// addresses", service="http"
            )
        port = url.port or 0
        try:
            literal = ipaddress.ip_address(url.host.partition("%")[0])
        except ValueError:
            return
        if not is_public(str(literal)) and not self.allows(url.host, port):
            raise refusal(url.host, port)


def refusal(host: str, port: int) -> StepError:
    return StepError(
        "denied",
        f"{host}:{port} is not a public address; an administrator may name it in limits.http.allow",
        service="http",
    )


class GuardedResolver(AbstractResolver):
    """Resolves names and keeps only the addresses that may be reached."""

    def __init__(self, rules: AddressRules, inner: AbstractResolver) -> None:
        self._rules = rules
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises `StepError("denied")` when no address of `host` may be reached, `OSError` when it has none."""
        found = await self._inner.resolve(host, port, family)
        if self._rules.allows(host, port):
            return found
        reachable = [result for result in found if is_public(result["host"])]
        if found and not reachable:
            raise refusal(host, port)
        return reachable

    async def close(self) -> None:
        await self._inner.close()


def _pair(entry: str) -> tuple[str, int]:
    host, _, port = entry.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"limits.http.allow: {entry!r} is not host:port")
    return host.strip("[]").rstrip(".").casefold(), int(port)
