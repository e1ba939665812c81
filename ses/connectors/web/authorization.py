"""Who may open a socket: checked before the upgrade, answered 403 without a word about why."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from aiohttp import web

from ses.connectors.web.config import Site
from ses.connectors.web.connector import WebConnector


def connector_name(request: web.BaseRequest) -> str:
    """NAME of `?NAME&…`: the first key of the query."""
    return next(iter(request.query), "")


def authorized(request: web.BaseRequest, connectors: Mapping[str, WebConnector]) -> WebConnector | None:
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
