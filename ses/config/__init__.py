"""`config.json`: read, checked and handed out as plain, unchanging data.

`load` makes a `Config`; whoever needs a part of it is handed that part (`config.limits`, a `Web` …).
"""

from __future__ import annotations

from ses.config.access import Auth, Key, Scope
from ses.config.connectors import Connectors, Web
from ses.config.fields import is_loopback
from ses.config.loading import check_robots, find, load
from ses.config.problems import ConfigError, Problem
from ses.config.servers import Server, Servers
from ses.config.settings import Config, Flood, Limits, Logs, Storage, Telemetry, Tls, Widget

__all__ = [
    "Auth",
    "Config",
    "ConfigError",
    "Connectors",
    "Flood",
    "Key",
    "Limits",
    "Logs",
    "Problem",
    "Scope",
    "Server",
    "Servers",
    "Storage",
    "Telemetry",
    "Tls",
    "Web",
    "Widget",
    "check_robots",
    "find",
    "is_loopback",
    "load",
]
