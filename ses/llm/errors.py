"""How an engine fails. Every failure is one of these, before the first piece of a stream or after it."""

from __future__ import annotations

from ses.errors import SesError


class EngineError(SesError):
    """Any failure of an engine."""


class EngineUnavailable(EngineError):
    """There is no engine, it is starting, or every server of it is down. Nothing was generated."""

    def __init__(self, message: str, *, retry_after: float = 5.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds after which a new try makes sense."""


class EngineBusy(EngineUnavailable):
    """More requests wait than may. Nothing was generated."""


class EngineDied(EngineError):
    """The engine or the server ended while it worked on this request; pieces of a stream may have gone out."""


class UnknownModel(EngineError):
    def __init__(self, model: str) -> None:
        super().__init__(f"there is no model `{model}`")
        self.model = model


class BadRequest(EngineError):
    """The request cannot be carried out as it is: another try would end the same."""

    def __init__(self, message: str, *, attribute: str = "") -> None:
        super().__init__(message)
        self.attribute = attribute
        """The field at fault, empty when not known."""


class ContextTooLong(BadRequest):
    """Prompt and answer do not fit into the model's context together. All in tokens."""

    def __init__(self, *, prompt_tokens: int | None, max_tokens: int | None, limit: int) -> None:
        counted = "more" if prompt_tokens is None else str(prompt_tokens)
        asked = f" and {max_tokens} for the answer" if max_tokens is not None else ""
        super().__init__(f"the model's context is {limit} tokens, the prompt has {counted}{asked}")
        self.prompt_tokens = prompt_tokens
        """None when a server did not tell."""
        self.max_tokens = max_tokens
        """As it was asked for; None when the prompt alone is too long or none was given."""
        self.limit = limit
