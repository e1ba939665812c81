"""What vLLM raises, as the engine's typed errors."""

from __future__ import annotations

import structlog

from ses.llm.errors import BadRequest, EngineBusy, EngineDied, EngineError

log = structlog.get_logger("ses.llm")


def typed(error: Exception, *, dead: bool) -> EngineError:
    """The error to raise for `error`; `dead` says whether the engine core has ended."""
    from pydantic import ValidationError
    from vllm.exceptions import GracefulHTTPError, VLLMClientError
    from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

    if isinstance(error, EngineError):
        return error
    if dead or isinstance(error, EngineDeadError):
        return EngineDied("the model's engine ended while it answered")
    if isinstance(error, GracefulHTTPError):
        return EngineBusy(in_a_line(error))
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return BadRequest(first["msg"], attribute=".".join(map(str, first["loc"])))
    client = VLLMClientError, ValueError, TypeError, OverflowError, NotImplementedError
    if isinstance(error, client) or any(kind.__name__ == "TemplateError" for kind in type(error).__mro__):
        told = error.args[0] if error.args else error
        return BadRequest(in_a_line(told), attribute=getattr(error, "parameter", None) or "")
    if not isinstance(error, EngineGenerateError):
        log.error("the engine failed on a request", exc_info=error)
    return EngineDied("the model's engine failed on this request")


def speaks_of_length(error: Exception) -> bool:
    """Whether prompt or answer were too long for the model's context."""
    text = str(error)
    return "maximum context length" in text or "max_total_tokens" in text or "max_model_len" in text


def in_a_line(told: object) -> str:
    """The first line of a library's message, short enough for a status page."""
    if callable(faults := getattr(told, "errors", None)):  # pydantic's own first line only counts them
        told = faults()[0]["msg"]
    if "root cause above" in str(told):
        return "the engine's own process could not start; what it said stands on the daemon's stderr (`journalctl -u ses`)"
    lines = [line.strip() for line in str(told).splitlines() if line.strip()]
    return (lines[0] if lines else type(told).__name__)[:300]
