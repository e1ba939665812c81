"""Plugin settings: a package that brings a kind of connector reads its part of the configuration by a model of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ses.config.connectors import Connectors
from ses.config.document import Document
from ses.config.fields import Section
from ses.config.problems import dotted
from ses.extensions import Broken, installed, kind, package_of


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A connector that is configured and cannot be had: its package is broken."""

    name: str
    """`max.shop`"""
    robot: str
    problem: str


@dataclass(slots=True)
class PluginSettings:
    """What packages bring to `connectors`."""

    models: dict[str, type[Section]] = field(default_factory=dict)
    """By kind: what describes one connector."""
    left_out: list[LeftOut] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def load_plugin_settings(document: Document, file: str) -> PluginSettings:
    """Load the packages of the kinds that the document names; remove from it what a broken package was to have. Without
    such kinds nothing is looked for."""
    found = PluginSettings()
    connectors = document.value.get("connectors")
    if not isinstance(connectors, dict):
        return found
    for name in [name for name in connectors if name not in Connectors.model_fields]:
        if name not in installed():
            continue
        try:
            found.models[name] = _settings(name)
        except Broken as error:
            line = document.position(("connectors", name))[0]
            found.warnings.append(f"{file}:{line}: {dotted(('connectors', name))}: {error}; it is left out")
            found.left_out += _named(name, connectors.pop(name), str(error))
    return found


def _settings(name: str) -> type[Section]:
    """Raises `Broken`."""
    model: Any = kind(name).settings
    if isinstance(model, type) and issubclass(model, Section) and "robot" in model.model_fields:
        return model
    raise Broken(
        f"the package {package_of(name)} describes its settings by something else than a subclass of `ses.config.fields.Section` "
        "with a field `robot`"
    )


def _named(kind_: str, given: Any, problem: str) -> list[LeftOut]:
    if not isinstance(given, dict):
        return []
    robots = {name: one.get("robot") if isinstance(one, dict) else None for name, one in given.items()}
    return [
        LeftOut(f"{kind_}.{name}", robot if isinstance(robot, str) else "", problem)
        for name, robot in robots.items()
    ]
