"""`ses connectors`: asks the running daemon how its connectors are doing."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any

import typer

from ses.cli.options import ConfigOption, FormatOption, configuration
from ses.config import Config
from ses.errors import SesError

PATIENCE = 5.0
"""Seconds to wait for the daemon."""


def connectors(path: ConfigOption = None, format: FormatOption = "text") -> None:
    """How each connector of the running daemon is doing; exit code 1 when one cannot receive."""
    config = configuration(path)
    states = fetch(config, "/ses/connectors")["connectors"]
    if format == "json":
        print(json.dumps(states, ensure_ascii=False))
    else:
        for line in as_lines(states) or ["no connector is configured"]:
            print(line)
    if any(state["condition"] in ("failing", "refused") for state in states):
        raise typer.Exit(1)


def fetch(config: Config, path: str) -> Any:
    """What the daemon of that configuration answers. Raises `SesError`."""
    host = "127.0.0.1" if config.host in ("0.0.0.0", "::") else config.host  # noqa: S104  compared, not bound
    scheme = "http" if config.tls is None else "https"
    address = f"{scheme}://{f'[{host}]' if ':' in host else host}:{config.port}{path}"
    request = urllib.request.Request(address)  # noqa: S310  the address is the daemon's own
    keys = config.auth.keys.values() if config.auth is not None else ()
    for key in keys:
        if {"read", "admin"} & set(key.scopes) and not key.robots:
            request.add_header("X-API-Key", key.key.get_secret_value())
            break
    context = ssl.create_default_context()
    context.check_hostname = False  # the certificate names the public host, and this is the machine itself
    context.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise SesError(f"the daemon at {address} answers {error.code}: {error.reason}") from None
    except (OSError, ValueError) as error:
        raise SesError(f"no daemon answers at {address}: {error}") from None


def as_lines(states: list[dict[str, Any]]) -> list[str]:
    """A line for each connector, and one more for what is wrong with it."""
    width = max((len(state["name"]) for state in states), default=0)
    lines = []
    for state in states:
        facts = [
            f"{state['condition']} since {_when(state['since'])}" if state["since"] else state["condition"]
        ]
        facts.append(state["mode"])
        facts.append(
            f"last message {_when(state['last_message'])}" if state["last_message"] else "no message yet"
        )
        if state["lag"] is not None:
            facts.append(f"lag {state['lag']:.1f} s")
        if state["queue"]:
            facts.append(f"{state['queue']} to deliver, the oldest for {state['oldest']:.0f} s")
        if state["errors"]:
            facts.append(f"{state['errors']} errors")
        if state["doubtful"]:
            facts.append(f"{state['doubtful']} possible duplicates")
        lines.append(f"{state['name']:{width}}  {', '.join(fact for fact in facts if fact)}")
        if state["problem"]:
            lines.append(f"{'':{width}}  {state['problem']}")
    return lines


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
