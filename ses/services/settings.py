"""How one service is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """`servers.{svc}` of the configuration."""

    url: str
    """Methods are appended to it: `http://127.0.0.1:6181/smc` + `/classify/shop`."""
    connect: float = 2.0
    """Seconds to connect."""
    read: float = 10.0
    """Seconds for the whole answer once connected."""
    paths: Mapping[str, str] = field(default_factory=dict)
    """Other paths of methods by the method's name, for other releases: `{"classify": "/v2/{model}/classes"}`."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Other names of answer fields, dotted when nested: `{"classes": "result.items", "class": "label"}`."""
