"""Reads answers of a service by the names its release uses; whatever does not fit is `malformed`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from ses.errors import StepError

T = TypeVar("T")


class AnswerFields:
    """The fields of one service's answers. `renamed` gives another release's names, dotted when nested."""

    def __init__(self, service: str, renamed: Mapping[str, str]) -> None:
        self._service = service
        self._renamed = {name: tuple(path.split(".")) for name, path in renamed.items()}

    def malformed(self, message: str) -> StepError:
        return StepError("malformed", f"{self._service} {message}", service=self._service)

    def checked_object(self, body: bytes, status: int) -> dict[str, Any]:
        """The JSON object of an answer whose `error` is 0 or absent."""
        try:
            data = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self.malformed("did not answer JSON") from error
        if not isinstance(data, dict):
            raise self.malformed(f"answered {_kind(data)} instead of an object")
        code = self.get(data, "error", 0)
        if code not in {0, None} if isinstance(code, int | None) else code not in {"", "0"}:
            raise StepError(
                "status",
                f"{self._service} answered error {str(code)[:40]}",
                service=self._service,
                status=status,
            )
        return data

    def get(self, data: Mapping[str, Any], name: str, default: Any = None) -> Any:
        """The field `name`, wherever this release puts it."""
        value: Any = data
        for key in self._renamed.get(name, (name,)):
            if not isinstance(value, Mapping) or key not in value:
                return default
            value = value[key]
        return value

    def need(self, data: Mapping[str, Any], name: str, kind: type[T]) -> T:
        """The field `name`, of the given type. Raises `StepError("malformed")`."""
        value = self.get(data, name)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.malformed(f"answered {_kind(value)} as `{'.'.join(self._renamed.get(name, (name,)))}`")
        return value

    def confidence(self, data: Mapping[str, Any], name: str = "confidence") -> float:
        """A confidence, which must lie in 0..1."""
        value = self.need(data, name, float)
        if not 0.0 <= value <= 1.0:
            raise self.malformed(f"answered a confidence of {value}, outside 0..1")
        return value

    def objects(self, data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
        """The field `name` as a list of objects."""
        items = self.need(data, name, list)
        for item in items:
            if not isinstance(item, dict):
                raise self.malformed(f"answered {_kind(item)} among `{name}`")
        return items


def _kind(value: Any) -> str:
    names = {str: "a text", list: "a list", dict: "an object", bool: "true or false", int: "a number"}
    return "nothing" if value is None else names.get(type(value), "a number")
