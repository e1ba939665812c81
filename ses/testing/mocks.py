"""What stands for the services in a dialogue test: each mock is a service's answer in short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ses.clock import VirtualClock
from ses.errors import ErrorKind, StepError
from ses.services.answers import Answer, ClassScore, FoundEntity, HttpReply, HttpRequest
from ses.testing.matcher import matches, matches_spoken

Service = Literal["smc", "see", "qas", "http", "llm", "spr", "tts", "sbs", "send"]
INTENTS = "intents"
"""`Mock.model` of a mock that recognises intents."""
PATIENCE = 10.0
"""Seconds the daemon waits for a service by default; a longer `delay` is a timeout."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: a value, a failure, or a status; after a delay in (virtual) seconds."""

    value: Any = None
    error: Literal["", "timeout", "connect", "malformed", "cancelled", "denied"] = ""
    status: int = 200
    delay: float = 0.0
    tool: str = ""
    """Of a model: the flow it calls; the value is its arguments."""
    confidence: float = 1.0
    """Of a model: in the intent, which is the value."""


@dataclass(frozen=True, slots=True)
class Mock:
    """Answers of one service to the calls that fit; the last reply repeats."""

    replies: tuple[Reply, ...]
    text: str | None = None
    """Only for utterances like this."""
    model: str | None = None
    url: str | None = None
    """Of `http` the address, of `send` to whom."""
    method: str | None = None

    def fits_text(self, text: str, model: str | None) -> bool:
        wanted_model = self.model is None or self.model == model
        return wanted_model and (self.text is None or matches_spoken(self.text, text))

    def fits_request(self, request: HttpRequest) -> bool:
        wanted_method = self.method is None or self.method.casefold() == request.method.casefold()
        return wanted_method and (self.url is None or matches(self.url, request.url))


@dataclass(frozen=True, slots=True)
class Mocks:
    """The mocks of one test, by service; the first that fits answers."""

    by_service: Mapping[str, tuple[Mock, ...]] = field(default_factory=dict)

    def of(self, service: Service) -> tuple[Mock, ...]:
        return self.by_service.get(service, ())


class MockServices:
    """`ses.dialogue.state.ports.Services` out of mocks. A call that no mock covers fails as an unreachable service."""

    def __init__(self, mocks: Mocks, clock: VirtualClock) -> None:
        self._mocks = mocks
        self._clock = clock
        self._given: dict[int, int] = {}
        """How many replies each mock has given, by its identity."""
        self.uncovered: list[str] = []
        """Calls that no mock covered, as a person reads them: they explain a surprising answer."""

    async def classify(self, model: str, text: str) -> Sequence[ClassScore]:
        value: Sequence[ClassScore] = self.reply_to("smc", text, model)
        return value

    async def extract(self, model: str, text: str) -> Sequence[FoundEntity]:
        found: Sequence[FoundEntity] = self.reply_to("see", text, model)
        # An extractor cannot find what is not there: an entity with a `text` is found only in texts that hold it.
        folded = text.casefold()
        return [_located(one, folded) for one in found if one.text.casefold() in folded]

    async def ask(self, text: str, category: str, channel: str) -> Answer | None:
        del channel  # the mocks of a test are for its one channel
        value: Answer | None = self.reply_to("qas", text, None, f" in {category}" if category else "")
        return value

    async def http(self, request: HttpRequest) -> HttpReply:
        for mock in self._mocks.of("http"):
            if mock.fits_request(request):
                reply = self._next(mock, "http", request.timeout)
                return HttpReply(reply.status, reply.value)
        raise self._missing("http", f"{request.method.upper()} {request.url}")

    async def address(self, to: str, connector: str) -> None:
        """Whether a step `send` reaches somebody: everybody, but for whom a mock says something else."""
        del connector
        for mock in self._mocks.of("send"):
            if mock.url is None or matches(mock.url, to):
                self._next(mock, "send", PATIENCE)
                return

    def reply_to(self, service: Service, text: str, model: str | None, more: str = "") -> Any:
        """What a mock of the service answers to a text. Raises `StepError`."""
        for mock in self._mocks.of(service):
            if mock.fits_text(text, model):
                return self._next(mock, service, PATIENCE).value
        raise self._missing(service, f"{model + ': ' if model else ''}{text}{more}")

    def _next(self, mock: Mock, service: Service, patience: float) -> Reply:
        given = self._given.get(id(mock), 0)
        self._given[id(mock)] = given + 1
        reply = mock.replies[min(given, len(mock.replies) - 1)]
        self._clock.advance(min(reply.delay, patience))
        if reply.delay >= patience:
            raise _failure("timeout", service)
        if reply.error:
            raise _failure(reply.error, service, reply.status)
        if reply.status >= 400:
            raise StepError(
                "status",
                f"the mock of {service} answers {reply.status}",
                service=service,
                status=reply.status,
            )
        return reply

    def _missing(self, service: Service, call: str) -> StepError:
        self.uncovered.append(f"{service} {call}")
        return StepError("connect", f"no mock covers this call of {service}", service=service)


def _failure(kind: ErrorKind, service: str, status: int = 0) -> StepError:
    told = status if status >= 400 else None
    return StepError(kind, f"the mock of {service} fails: {kind}", service=service, status=told)


def _located(found: FoundEntity, folded: str) -> FoundEntity:
    if found.start >= 0 or not found.text:
        return found
    start = folded.index(found.text.casefold())
    return FoundEntity(found.entity, found.text, found.value, start, start + len(found.text))
