"""The environment variables that set the language model, its users, journal and page: they stand above `config.json`.

They may also stand in a file that `SES_ENV_FILE` names, a line each, as `NAME=value` or `NAME: value`, with `${NAME}` for other
variables; what the process itself has in its environment wins.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ses.config.problems import ConfigError, Problem

PLACE = "environment"
"""Stands for the file in problems of variables."""
FOR_THE_ENGINE = ("PYTORCH_CUDA_ALLOC_CONF", "NVIDIA_VISIBLE_DEVICES", "VLLM_WORKER_MULTIPROC_METHOD")
"""Read by the engine's own processes; only handed on."""
DATABASE = ("LOGS_DB_HOST", "LOGS_DB_PORT", "LOGS_DB_NAME", "LOGS_DB_USERNAME", "LOGS_DB_PASSWORD")
CHAT = {
    "BASE_URL": "url",
    "CUSTOM_MODELS": "models",
    "DEFAULT_MODEL": "default",
    "CODE": "code",
    "OPENAI_API_KEY": "key",
}
"""Those of the chat page, with their keys in `gateway.chat`."""
LARGEST = 1_048_576
"""Bytes of a file of variables."""

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*[=:]\s*(.*?)\s*")
_OTHER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_YES, _NO = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off"})


def with_file(environment: Mapping[str, str]) -> Mapping[str, str]:
    """The environment with the variables of `SES_ENV_FILE` below it. Raises `ConfigError`."""
    name = environment.get("SES_ENV_FILE")
    if not name:
        return environment
    try:
        with Path(name).open("rb") as stream:
            content = stream.read(LARGEST + 1)
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError([Problem(name, "SES_ENV_FILE", f"cannot be read: {why}")]) from None
    if len(content) > LARGEST:
        raise ConfigError([Problem(name, "SES_ENV_FILE", f"is larger than {LARGEST} bytes")])
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not (told := _LINE.fullmatch(line)):
            raise ConfigError([Problem(name, "", "a line is `NAME=value` or `NAME: value`", number, 1)])
        found[told[1]] = _OTHER.sub(
            lambda other: environment.get(other[1]) or found.get(other[1], ""), _unquoted(told[2])
        )
    return {**found, **environment}


def for_the_engine(environment: Mapping[str, str]) -> dict[str, str]:
    """What the engine's own processes read, from the file of variables too. Raises `ConfigError`."""
    known = with_file(environment)
    return {name: known[name] for name in FOR_THE_ENGINE if name in known}


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


class EnvironmentVariables:
    """Lays the variables over a configuration. `problems` and `warnings` fill while it does."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[Problem] = []
        self.warnings: list[str] = []

    def lay_over(self, value: dict[str, Any]) -> None:
        """Change the configuration as it was read, before it is checked."""
        gateway = dict(value["gateway"]) if isinstance(value.get("gateway"), dict) else {}
        self._callers(gateway)
        self._journal(gateway)
        self._wait(gateway)
        self._chat(gateway)
        if (most := self._number("MAX_N")) is not None:
            gateway["max_n"] = int(most)
        if self._flag("RUN_MIGRATIONS"):
            gateway["migrate"] = True
            if isinstance(storage := value.get("storage", {}), dict):
                value["storage"] = {**storage, "migrate": True}
        if gateway or "gateway" in value:
            value["gateway"] = gateway
        self._engine(value)

    def _callers(self, gateway: dict[str, Any]) -> None:
        by_users, kind, key = (
            self._flag("MTSAI_AUTH"),
            self._text("AUTH_TYPE").upper(),
            self._text("VLLM_API_KEY"),
        )
        if kind not in ("", "NO", "DB"):
            self._problem("AUTH_TYPE", "must be DB or NO")
        if by_users:
            if kind != "DB":
                self._problem("AUTH_TYPE", "must be DB with MTSAI_AUTH=true")
            if key:
                self._problem(
                    "VLLM_API_KEY",
                    "one token for all does not go with MTSAI_AUTH=true; take one of them away",
                )
            for name in ("DB_URL", "USERS_TABLE"):
                if not self._text(name):
                    self._problem(name, "is needed with MTSAI_AUTH=true")
            gateway["users"] = {"url": self._text("DB_URL"), "table": self._text("USERS_TABLE")}
            gateway.pop("token", None)
            return
        if kind == "DB":
            self._problem("MTSAI_AUTH", "must be true with AUTH_TYPE=DB")
        if by_users is False:
            gateway.pop("users", None)
        if key:
            gateway["token"] = key
        self.warnings += [
            f"{PLACE}: {name}: has no effect without MTSAI_AUTH=true"
            for name in ("DB_URL", "USERS_TABLE")
            if self._text(name)
        ]

    def _journal(self, gateway: dict[str, Any]) -> None:
        wanted = self._flag("LOGS")
        if wanted is None:
            return
        if not wanted:
            gateway.pop("journal", None)
            return
        given = {name: self._text(name) for name in DATABASE}
        if not given["LOGS_DB_PORT"] and self._text("LOGS_DB_POST"):
            self.warnings.append(f"{PLACE}: LOGS_DB_POST: a misprint of the guide; write LOGS_DB_PORT")
            given["LOGS_DB_PORT"] = self._text("LOGS_DB_POST")
        if not any(given.values()) and isinstance(gateway.get("journal"), dict):
            return  # config.json says where
        for name, text in given.items():
            if not text:
                self._problem(name, "is needed with LOGS=True")
        host, port, database, user, password = given.values()
        address = (
            f"{quote(user, safe='')}:{quote(password, safe='')}@{host}:{port}/{quote(database, safe='')}"
        )
        before = gateway["journal"] if isinstance(gateway.get("journal"), dict) else {}
        gateway["journal"] = {**before, "url": f"postgresql://{address}"}

    def _wait(self, gateway: dict[str, Any]) -> None:
        wanted = self._flag("WAIT_VLLM")
        if wanted is False:
            gateway.pop("wait", None)
        if not wanted:
            return
        wait = dict(gateway["wait"]) if isinstance(gateway.get("wait"), dict) else {}
        if (attempts := self._number("WAIT_VLLM_ATTEMPTS")) is not None:
            wait["attempts"] = int(attempts)
        if (timeout := self._number("WAIT_VLLM_TIMEOUT")) is not None:
            wait["timeout"] = timeout
        gateway["wait"] = wait

    def _chat(self, gateway: dict[str, Any]) -> None:
        given = {key: text for name, key in CHAT.items() if (text := self._text(name))}
        if given:
            before = gateway["chat"] if isinstance(gateway.get("chat"), dict) else {}
            gateway["chat"] = {**before, **given}

    def _engine(self, value: dict[str, Any]) -> None:
        args: dict[str, Any] = {}
        if (part := self._number("GPUUTIL")) is not None:
            args["gpu_memory_utilization"] = part
        if kind := self._text("DTYPE"):
            args["dtype"] = kind
        if self._flag("EAGER"):
            args["enforce_eager"] = True
        args |= self._additional()
        if self._text("VLLM_USE_V1"):
            self.warnings.append(f"{PLACE}: VLLM_USE_V1: obsolete, this engine has no other core")
        if not args:
            return
        llm = value.get("llm")
        if not isinstance(llm, dict) or llm.get("engine") != "vllm":
            names = [name for name in ("GPUUTIL", "DTYPE", "EAGER", "ADDITIONAL_ARGS") if self._text(name)]
            self.warnings.append(f"{PLACE}: {', '.join(names)}: has no effect, `llm.engine` is not vllm")
            return
        before = llm["args"] if isinstance(llm.get("args"), dict) else {}
        value["llm"] = {**llm, "args": {**before, **args}}

    def _additional(self) -> dict[str, Any]:
        """`--tensor-parallel-size=4 --enable-auto-tool-choice` as the engine's arguments."""
        try:
            words = shlex.split(self._text("ADDITIONAL_ARGS"))
        except ValueError as error:
            self._problem("ADDITIONAL_ARGS", f"cannot be read: {error}")
            return {}
        args: dict[str, Any] = {}
        while words:
            word = words.pop(0)
            if not word.startswith("--") or word == "--":
                self._problem("ADDITIONAL_ARGS", f"`{word}` is no argument: they begin with --")
                return {}
            name, given, text = word[2:].partition("=")
            if not given and words and not words[0].startswith("--"):
                given, text = "=", words.pop(0)
            args[name.replace("-", "_")] = _plain(text) if given else True
        return args

    def _text(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def _flag(self, name: str) -> bool | None:
        text = self._text(name).casefold()
        if text and text not in _YES | _NO:
            self._problem(name, "must be true or false")
        return None if not text else text in _YES

    def _number(self, name: str) -> float | None:
        text = self._text(name)
        if not text:
            return None
        try:
            return float(text)
        except ValueError:
            self._problem(name, "must be a number")
            return None

    def _problem(self, name: str, message: str) -> None:
        self.problems.append(Problem(PLACE, name, message))


def _plain(text: str) -> Any:
    """A word of a command line as the value it means."""
    if text.casefold() in ("true", "false"):
        return text.casefold() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
