"""From a file to a configuration, or to everything that is wrong with it."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr, ValidationError

from ses.config.connectors import connectors_with, original_web_key
from ses.config.document import Document, parse
from ses.config.document import Path as Keys
from ses.config.environment import EnvironmentVariables, with_file
from ses.config.explain import Explainer
from ses.config.legacy import remove_unsupported
from ses.config.plugin_settings import load_plugin_settings
from ses.config.problems import ConfigError, Problem, dotted, nearest_name, one_of
from ses.config.references import References
from ses.config.settings import Config

INSTALLED = Path("/opt/ses/config.json")
LARGEST = 1_048_576
"""Bytes of a configuration."""
SHORTEST_SECRET = 6
"""Characters below which a value is too common a text to be blotted out of logs wherever it occurs."""


def find(
    given: Path | None = None,
    environment: Mapping[str, str] = os.environ,
    installed: Path = INSTALLED,
) -> Path:
    """The configuration to use: `given`, else `SES_CONFIG`, else `./config.json`, else `installed`.

    Raises `ConfigError` when there is none.
    """
    if given is not None:
        return given
    if named := environment.get("SES_CONFIG"):
        return Path(named)
    candidates = (Path("config.json"), installed)
    for candidate in candidates:
        if candidate.exists():
            return candidate
    tried = one_of(str(candidate) for candidate in candidates)
    raise ConfigError(
        [
            Problem(
                "config.json",
                "",
                f"there is none: looked for {tried}; copy config.json.example, or name one with --config",
            )
        ]
    )


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Read a configuration. Raises `ConfigError` with all problems at once."""
    environment = with_file(environment)
    path = path.absolute()
    file = _for_people(path)
    document = parse(_text(path, file))
    if document.value is None or not isinstance(document.value, dict):
        faults = [Problem(file, dotted(f.path), f.message, f.line, f.column) for f in document.faults]
        raise ConfigError(faults or [Problem(file, "", "a configuration is an object: { … }", 1, 1)])
    plugins = load_plugin_settings(document, file)
    warnings = remove_unsupported(document, file, plugins.models) + plugins.warnings
    _name_web_connectors(document)
    references = References(environment, path.parent)
    value = references.resolve(document.value)
    variables = EnvironmentVariables(environment)
    variables.lay_over(value)
    document.value = value  # so that a problem of what was laid over names its key, too
    warnings += variables.warnings
    explainer = Explainer(file, document, Config, references.read, connectors_with(plugins.models))
    problems = [Problem(file, dotted(f.path), f.message, f.line, f.column) for f in document.faults]
    problems += [explainer.problem(keys, message) for keys, message in references.failed]
    problems += variables.problems
    config, errors = _validated(value, {"base": path.parent, "kinds": plugins.models}, references)
    unread = {keys for keys, _ in references.failed}
    problems += [p for e in errors if not _concerns((p := explainer.explain(e)), unread)]
    if problems or config is None:
        raise ConfigError(sorted(problems, key=lambda p: (p.line, p.column)))
    warnings += [f"{file}: {warning}" for warning in config.gateway.chat.warnings]
    own = [secret.get_secret_value() for secret in _secrets(config)]
    if own and _readable_by_others(path) and len(own) > sum(text in references.read.values() for text in own):
        warnings.append(f"{file}: it holds secrets and other users can read it; chmod 600 {file}")
    values = (*own, *config.gateway.chat.codes, *references.read.values(), *_passwords(config))
    return config.read_from(
        path,
        document,
        warnings,
        (text for text in values if len(text) >= SHORTEST_SECRET),
        plugins.left_out,
    )


def check_robots(config: Config, known: Collection[str]) -> None:
    """Raises `ConfigError` when a connector or a key names a robot that is not among the `known` ids."""
    named: list[tuple[Keys, str]] = []
    for kind, name, connector in config.connectors.all():
        named.append((("connectors", kind, name, "robot"), connector.robot))
    for name, key in (config.auth.keys if config.auth else {}).items():
        named += [(("auth", "keys", name, "robots", i), robot) for i, robot in enumerate(key.robots)]
    problems = [_no_such_robot(config, path, robot, known) for path, robot in named if robot not in known]
    if problems:
        raise ConfigError(problems)


def _no_such_robot(config: Config, path: Keys, robot: str, known: Collection[str]) -> Problem:
    near = nearest_name(robot, known)
    remedy = (
        f"did you mean `{near}`?"
        if near
        else f"there are {one_of(sorted(known))}"
        if known
        else "there is none at all"
    )
    line, column = config.position(path)
    file = _for_people(config.file) if config.file else "config.json"
    return Problem(
        file, dotted(path), f"there is no robot `{robot}` in {config.scenarios}; {remedy}", line, column
    )


def _for_people(path: Path) -> str:
    """The path as short as it is unmistakable."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _text(path: Path, file: str) -> str:
    def unusable(message: str) -> ConfigError:
        return ConfigError([Problem(file, "", message)])

    try:
        if not path.is_file():
            raise unusable(
                "is no file" if path.exists() else "there is no such file; copy config.json.example"
            )
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise unusable(f"cannot be read: {error.strerror}") from None
    if len(content) > LARGEST:
        raise unusable(f"is larger than {LARGEST} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise unusable(f"is not UTF-8: byte 0x{content[error.start]:02x} in line {line}") from None


def _name_web_connectors(document: Document) -> None:
    """Give connectors written in the original's form a name, keeping their positions."""
    connectors = document.value.get("connectors")
    web = connectors.get("web") if isinstance(connectors, dict) else None
    if not isinstance(web, dict):
        return
    for key in list(web):
        renamed = original_web_key(key, web[key]) if isinstance(web[key], dict) else None
        if renamed is None:
            continue
        del web[key]
        web[renamed[0]] = renamed[1]
        old, new = ("connectors", "web", key), ("connectors", "web", renamed[0])
        for path, position in list(document.positions.items()):
            if path[:3] == old:
                document.positions[(*new, *path[3:])] = position


def _validated(
    value: Any, context: dict[str, Any], references: References
) -> tuple[Config | None, list[Any]]:
    """The configuration or pydantic's errors. A text from `env:` or `file:` where a number or a truth value is wanted is
    read as JSON and tried again."""
    try:
        return Config.model_validate(value, context=context), []
    except ValidationError as error:
        errors = error.errors(include_url=False)
    again = False
    for found in errors:
        path = tuple(found["loc"])
        if path in references.read and found["type"] in ("int_type", "float_type", "bool_type"):
            again |= _replace(value, path, parse(references.read[path]).value)
    if not again:
        return None, errors
    try:
        return Config.model_validate(value, context=context), []
    except ValidationError as error:
        return None, error.errors(include_url=False)


def _replace(value: Any, path: Keys, by: Any) -> bool:
    """Put a number or truth value where a text stood; false when there is none to put."""
    if not isinstance(by, int | float):
        return False
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = by
    return True


def _concerns(problem: Problem, paths: Collection[Keys]) -> bool:
    """Whether a problem only repeats that a reference could not be read."""
    return problem.key in {dotted(path) for path in paths}


def _secrets(part: object) -> Iterator[SecretStr]:
    if isinstance(part, SecretStr):
        yield part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from _secrets(getattr(part, name))
    elif isinstance(part, dict):
        for item in part.values():
            yield from _secrets(item)
    elif isinstance(part, tuple):
        for item in part:
            yield from _secrets(item)


def _passwords(config: Config) -> Iterator[str]:
    """Secrets inside addresses."""
    gateway = config.gateway
    for part in (config.storage, gateway.users, gateway.journal):
        if part is not None and (password := urlsplit(part.url).password):
            yield password
            yield unquote(password)


def _readable_by_others(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
