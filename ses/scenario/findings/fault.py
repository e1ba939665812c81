"""A mistake in a small piece of the language: a pattern, an expression, a template, a regular expression."""

from __future__ import annotations

from ses.errors import SesError


class Fault(SesError):
    """What is wrong (`str(fault)`), where, and what to write instead.

    `offset` counts characters from the beginning of the text that was given. `path` leads to that text inside
    data (`compile_value`): keys and indices, empty when the text itself was given.
    """

    def __init__(
        self, message: str, offset: int = 0, remedy: str = "", path: tuple[str | int, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.remedy = remedy
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        """Faults cross from the process that compiles robots."""
        return (type(self), (self.message, self.offset, self.remedy, self.path))
