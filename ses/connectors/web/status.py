"""How a site is doing, for `ses connectors`.

A messenger's connection can fail, and its status is kept from call to call (`ses.connectors.status`); a site connects to nobody: it
is there for its visitors or has been stopped, and what there is to tell is read when somebody asks.
"""

from __future__ import annotations

from typing import Literal

from ses.connectors.contract import ConnectorState
from ses.connectors.web.config import Site


def site_state(site: Site, *, running: bool, sockets: int) -> ConnectorState:
    """`sockets`: those that are open now."""
    condition: Literal["connected", "stopped"] = "connected" if running else "stopped"
    return ConnectorState(f"web.{site.name}", site.robot, condition, mode=f"{sockets} open sockets")
