"""The language model's numbers for `/metrics`: time to the first token, tokens, queue, cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ses.llm.contract import EngineState
from ses.llm.requests import Priority

FIRST_TOKEN_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
REQUEST_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
WAIT_SECONDS = (0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60)


class ModelMetrics:
    """Implements `ses.llm.contract.Observer`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        by_kind = ("model", "priority")
        self._requests = Counter(
            "ses_llm_requests", "Requests to the language model", (*by_kind, "outcome"), registry=registry
        )
        self._tokens = Counter(
            "ses_llm_tokens",
            "Tokens read (prompt) and written (answer)",
            ("model", "kind"),
            registry=registry,
        )
        self._first = Histogram(
            "ses_llm_first_token_seconds",
            "From the request to the first piece of its stream, waiting included",
            by_kind,
            buckets=FIRST_TOKEN_SECONDS,
            registry=registry,
        )
        self._seconds = Histogram(
            "ses_llm_request_seconds",
            "From the request to its end, waiting included",
            by_kind,
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self._waited = Histogram(
            "ses_llm_wait_seconds", "Waiting for a place", by_kind, buckets=WAIT_SECONDS, registry=registry
        )

    def generated(
        self,
        model: str,
        priority: Priority,
        outcome: str,
        *,
        waited: float,
        first_token: float | None,
        seconds: float,
        usage: tuple[int, int],
    ) -> None:
        self._requests.labels(model, priority, outcome).inc()
        prompt, answer = usage
        self._tokens.labels(model, "prompt").inc(prompt)
        self._tokens.labels(model, "answer").inc(answer)
        if first_token is not None:
            self._first.labels(model, priority).observe(first_token)
        if outcome == "ok":
            self._seconds.labels(model, priority).observe(seconds)
            self._waited.labels(model, priority).observe(waited)

    def watch(self, state: Callable[[], EngineState]) -> None:
        """Read the engine's state at each scrape."""
        self._registry.register(_State(state))


class _State(Collector):
    def __init__(self, state: Callable[[], EngineState]) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        state = self._state()
        yield GaugeMetricFamily("ses_llm_ready", "Whether the language model answers", value=state.ready)
        yield GaugeMetricFamily("ses_llm_running", "Requests at work", value=state.running)
        yield GaugeMetricFamily("ses_llm_waiting", "Requests that wait", value=state.waiting)
        yield CounterMetricFamily("ses_llm_restarts", "Times the engine died", value=state.restarts)
        if state.kv_use is not None:
            yield GaugeMetricFamily("ses_llm_kv_use", "Part of the cache in use, 0…1", value=state.kv_use)
