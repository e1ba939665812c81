"""Factories: from the configuration to the parts and to their own settings, for no part below knows `ses.config`."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from ses.clock import Clock
from ses.config import Config
from ses.connectors.web.config import Listener as PublicListener
from ses.connectors.web.config import UploadRate, WebLimits, site_of
from ses.connectors.web.connector import WebConnector
from ses.connectors.web.uploads import UploadFolder
from ses.conversations.inbound.rate_limit import Limits
from ses.gateway.http.access import Key
from ses.services.address_rules import AddressRules
from ses.services.settings import ServiceSettings
from ses.services.suite import PORTS, ServiceSuite
from ses.services.testapi import OwnTestApi, TestApi
from ses.services.transport import Observer
from ses.storage.contract import Store

if TYPE_CHECKING:
    from ses.config import Web

API_PORT = 6190
"""The port that addresses in scenarios name."""


def store(config: Config, clock: Clock) -> Store:
    """The durable memory; what only the other kind needs is not imported."""
    storage = config.storage
    if storage.sqlite is not None:
        from ses.storage.sqlite.store import SqliteStore

        return SqliteStore(storage.sqlite)
    from ses.storage.postgres.readers import PoolSize
    from ses.storage.postgres.store import PostgresStore

    return PostgresStore(
        storage.url,
        clock,
        in_flight=config.data / "ses.mark",
        pool=PoolSize(storage.pool.size, storage.pool.max, storage.pool.timeout),
        upgrade=storage.migrate,
    )


def services(config: Config, clock: Clock, observer: Observer, own_site: OwnTestApi | None) -> ServiceSuite:
    settings = {}
    for name in PORTS:
        server = config.servers.named(name)
        settings[name] = ServiceSettings(
            url=server.url,
            connect=server.timers.connect,
            read=server.timers.read,
            paths=server.paths,
            fields=server.fields,
        )
    rules = AddressRules(config.limits.http.allow)
    return ServiceSuite(settings, rules, clock=clock, observer=observer, own_site=own_site)


def emulations(config: Config, clock: Clock) -> tuple[TestApi | None, OwnTestApi | None]:
    """The emulated services, and what answers for them within the process; none where they are switched off."""
    if config.testapi is None:
        return None, None
    emulated = TestApi(config.testapi)
    return emulated, OwnTestApi(emulated, own_origins(config), clock)


def own_origins(config: Config) -> frozenset[tuple[str, int]]:
    """Hosts and ports under which scenarios and services know the daemon's API.

    With `port: 0` no address can be written beforehand, so the usual port stands for the one that is taken.
    """
    port = config.port or API_PORT
    return frozenset((host, port) for host in ("127.0.0.1", "localhost", "::1", config.host.casefold()))


def access_keys(config: Config) -> dict[str, Key] | None:
    """None: no keys, the API is for this machine alone."""
    if config.auth is None:
        return None
    return {
        name: Key.of(name, key.key.get_secret_value(), key.scopes, key.robots)
        for name, key in config.auth.keys.items()
    }


def conversation_limits(config: Config) -> Limits:
    flood = config.limits.flood
    return Limits(messages=flood.messages, per=flood.per, burst=flood.burst, text=config.limits.text)


def uploads(config: Config) -> UploadFolder | None:
    """Where visitors' files go; none when `limits.upload` is 0."""
    largest = config.limits.upload
    return UploadFolder(config.storage.audio.web, largest) if largest else None


def web_connector(config: Config, name: str, web: Web, clock: Clock) -> WebConnector:
    limits = config.limits
    return WebConnector(
        site_of(name, web),
        WebLimits(
            frame=limits.frame,
            send_queue=limits.send_queue,
            messages=limits.flood.messages,
            per=limits.flood.per,
            burst=limits.flood.burst,
        ),
        clock=clock,
        uploads=uploads(config),
    )


def public_listener(config: Config) -> PublicListener:
    rate = config.limits.uploads
    return PublicListener(
        cors=config.widget.cors,
        trusted_proxies=tuple(ip_network(network) for network in config.trusted_proxies),
        uploads=UploadRate(rate.files, rate.bytes, rate.per),
    )


def robot_connectors(config: Config) -> dict[str, list[str]]:
    """The connectors that talk to each robot."""
    found: dict[str, list[str]] = {}
    for kind, name, connector in config.connectors.all():
        found.setdefault(connector.robot, []).append(f"{kind}.{name}")
    return found
