"""Packages outside the tree that bring a kind of connector: the entry points of the group `ses.connectors`.

The names are read when somebody asks for a kind that SES has not itself; a package is imported when it is configured.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from ses.errors import SesError

GROUP = "ses.connectors"
CONTRACT = 1
"""The version of `ses.connectors.contract`. It grows when a connector written for the one before would no longer do."""


class Broken(SesError):
    """An installed package that cannot be used; the text names it and says why."""


@cache
def installed() -> dict[str, EntryPoint]:
    """The kinds that packages bring, by name. Read once: a package is found by the next process."""
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


def package_of(name: str) -> str:
    """Name and version of the package that brings an installed kind."""
    point = installed()[name]
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.module


@cache
def kind(name: str) -> Any:
    """What the package gives for an installed kind: a `ses.connectors.contract.Kind`. Raises `Broken`."""
    package = package_of(name)
    try:
        given = installed()[name].load()
    except Exception as error:  # whatever a stranger's module does when it is imported
        raise Broken(
            f"the package {package} cannot be loaded: {type(error).__name__}: {error}"[:500]
        ) from error
    contract = getattr(given, "contract", None)
    if contract != CONTRACT:
        spoken = "none that can be read" if contract is None else f"{contract}"
        raise Broken(
            f"the package {package} is written for version {spoken} of the connector contract, this SES has {CONTRACT}; "
            "install the release of the package that goes with it"
        )
    missing = [part for part in ("settings", "make") if not callable(getattr(given, part, None))]
    if missing:
        raise Broken(f"the package {package} gives no {' and no '.join(f'`{part}`' for part in missing)}")
    return given
