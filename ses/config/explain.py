"""What pydantic found, told as problems of the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from ses.config.document import Document
from ses.config.document import Path as Keys
from ses.config.fields import About
from ses.config.problems import Problem, dotted, nearest_name, one_of
from ses.config.schema import all_keys, keys, sections_at
from ses.extensions import installed

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "a text",
    "tuple": "an array",
    "list": "an array",
    "dict": "an object",
    "model": "an object",
    "model_attributes": "an object",
}


class Explainer:
    """Turns error details into problems with position, key and remedy; never repeats a value that may be secret."""

    def __init__(
        self,
        file: str,
        document: Document,
        model: type[BaseModel],
        hidden: Mapping[Keys, str],
        connectors: type[BaseModel],
    ) -> None:
        self._file = file
        self._document = document
        self._model = model
        self._hidden = hidden
        """Where values came from `env:` or `file:`."""
        self._connectors = connectors
        """Describes `connectors`, the kinds of packages among them."""

    def problem(self, path: Keys, message: str) -> Problem:
        line, column = self._document.position(path)
        return Problem(self._file, dotted(path), message, line, column)

    def explain(self, error: ErrorDetails) -> Problem:
        path = self._real_path(tuple(error["loc"]))
        fault = error.get("ctx", {}).get("error")
        if isinstance(fault, About):
            path = (*path, fault.key)
        return self.problem(path, self._message(error, path))

    def _real_path(self, loc: Keys) -> Keys:
        """Pydantic's path without what is not in the file: tags and members of unions, `[key]`."""
        value: Any = self._document.value
        path: Keys = ()
        for index, step in enumerate(loc):
            if isinstance(value, dict) and step in value:  # noqa: SIM114  told apart for the type checker
                path, value = (*path, step), value[step]
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                path, value = (*path, step), value[step]
            elif index == len(loc) - 1 and isinstance(value, dict) and self._is_a_key(path, step):
                path = (*path, step)
        return path

    def _is_a_key(self, path: Keys, step: str | int) -> bool:
        return any(step in keys(part) for part in self._parts(path))

    def _parts(self, path: Keys) -> list[type[BaseModel]]:
        if path[:1] == ("connectors",):
            return sections_at(self._connectors, path[1:])
        return sections_at(self._model, path)

    def _message(self, error: ErrorDetails, path: Keys) -> str:
        kind, context = error["type"], error.get("ctx", {})
        if kind == "extra_forbidden":
            return self._unknown_key(path)
        if kind == "missing":
            return "is missing"
        if kind == "value_error":
            return str(context["error"])
        if kind == "literal_error":
            return self._wrong_word(path, error["input"], re.findall("'([^']*)'", context["expected"]))
        if kind in ("union_tag_not_found", "union_tag_invalid"):
            allowed = one_of(["vllm", "remote"])
            return f"needs `engine`: {allowed}"
        if kind == "string_pattern_mismatch":
            return f"must be written as {context['pattern'].strip('^$')}{self._shown(path, error['input'])}"
        for prefix, words in _KINDS.items():
            if kind in (f"{prefix}_type", f"{prefix}_parsing", f"{prefix}_from_float"):
                return f"must be {words}{self._shown(path, error['input'])}"
        text = error["msg"].replace("Input should be", "must be").replace("String should have", "must have")
        return text[0].lower() + text[1:] + self._shown(path, error["input"])

    def _unknown_key(self, path: Keys) -> str:
        parts = self._parts(path[:-1])
        known = sorted({key for part in parts for key in keys(part)})
        if path[:-1] == ("connectors",):
            known = sorted({*known, *installed()})
        name = str(path[-1])
        if near := nearest_name(name, known):
            return f"unknown key; did you mean `{near}`?"
        if path[:-1] == ("connectors",):
            return f"there is no such kind of connector; known here: {one_of(known)}; a package brings more (docs/connectors.md)"
        elsewhere = [dotted(there) for there, _ in all_keys(self._model) if there[-1] == name]
        if elsewhere:
            return f"unknown key here; it belongs to {one_of(elsewhere[:3])}"
        return f"unknown key; known here: {one_of(known)}"

    def _wrong_word(self, path: Keys, given: object, allowed: list[str]) -> str:
        near = nearest_name(given, allowed) if isinstance(given, str) else None
        return f"must be {one_of(allowed)}{self._shown(path, given)}" + (
            f"; did you mean `{near}`?" if near else ""
        )

    def _shown(self, path: Keys, given: object) -> str:
        """`, not "abc"`; nothing for values that may be secret."""
        if path in self._hidden:
            return " (the value comes from elsewhere and is not shown)"
        if {"token", "key", "secret", "secret_token"} & {str(step) for step in path} or self._is_secret(path):
            return ""
        if given is None or isinstance(given, bool):
            return f", not {'null' if given is None else str(given).lower()}"
        if isinstance(given, int | float):
            return f", not {given}"
        if isinstance(given, str):
            return f', not "{given if len(given) <= 60 else given[:60] + "…"}"'
        return ", not an object" if isinstance(given, dict) else ", not an array"

    def _is_secret(self, path: Keys) -> bool:
        """Whether a model holds the value as a secret, whatever its key is called."""
        fields = [part.model_fields.get(str(path[-1])) for part in self._parts(path[:-1])] if path else []
        return any("SecretStr" in repr(field.annotation) for field in fields if field is not None)
