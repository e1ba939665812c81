"""Who may open a socket: checked before the upgrade, answered 403 without a word about why."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address

from aiohttp import web

from ses.connectors.web.config import Site
from ses.connectors.web.connector import WebConnector


def connector_name(request: web.BaseRequest) -> str:
    """NAME of `?NAME&…`: the first key of the query."""
    return next(iter(request.query), "")


def admitted(request: web.BaseRequest, connectors: Mapping[str, WebConnector]) -> WebConnector | None:
    """The connector that name, token and `Origin` fit, else none."""
    connector = connectors.get(connector_name(request))
    if connector is None:
        return None
    token = request.query.get("token", "")
    right = secrets.compare_digest(token.encode(), connector.site.token.encode())
    return connector if right and origin_fits(request, connector.site) else None


def origin_fits(request: web.BaseRequest, site: Site) -> bool:
    """The browser's `Origin` is one of the site's, to the letter."""
    origin = request.headers.get("Origin")
    if origin is None:
        return not site.origin_required
    return origin in site.origins


def visitor_address(request: web.BaseRequest, trusted: tuple[IPv4Network | IPv6Network, ...]) -> str | None:
    """The visitor's own address; none when only a proxy's is known, so that nothing is counted by it.

    `X-Forwarded-For` is read from the right, past trusted proxies, and only if such a proxy or the machine itself
    sent it.
    """
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    address = request.remote or ""
    while True:
        try:
            parsed = ip_address(address)
        except ValueError:
            return None  # a unix socket, or a hop that is no address
        if not (parsed.is_loopback or any(parsed in network for network in trusted)):
            return str(parsed)
        if not hops:
            return None
        address = hops.pop()
