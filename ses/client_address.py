"""A client's address behind reverse proxies (`X-Forwarded-For`)."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web


def client_address(
    request: web.BaseRequest, trusted_proxies: tuple[IPv4Network | IPv6Network, ...]
) -> str | None:
    """The client's own address; none when only a proxy's is known, so that nothing is counted by it.

    `X-Forwarded-For` is read from the right, past trusted proxies, and only if such a proxy or the machine itself sent it.
    """
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    address = request.remote or ""
    while True:
        try:
            parsed = ip_address(address)
        except ValueError:
            return None  # a unix socket, or a hop that is no address
        if not (parsed.is_loopback or any(parsed in network for network in trusted_proxies)):
            return str(parsed)
        if not hops:
            return None
        address = hops.pop()
