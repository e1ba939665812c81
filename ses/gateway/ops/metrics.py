"""`/metrics` in Prometheus' format: turns, latency, queues, outbox age, services, requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ses.gateway.http.envelope import HARDENED, Handler
from ses.gateway.http.operation import Call, Operation

TURN_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Stats(Protocol):
    """The pipeline at this moment."""

    @property
    def queued(self) -> Mapping[tuple[str, str], int]: ...
    @property
    def outbox(self) -> Mapping[tuple[str, str], int]: ...
    @property
    def outbox_age(self) -> Mapping[tuple[str, str], float]: ...
    @property
    def live(self) -> int: ...
    @property
    def idle(self) -> int: ...
    @property
    def storing(self) -> int: ...


class Metrics:
    """Counts what happens, about two microseconds each."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self.registry)
        by_robot_and_channel = ("robot", "channel")
        self._accepted = Counter(
            "ses_inbounds",
            "Inbounds that are durable",
            (*by_robot_and_channel, "copy"),
            registry=self.registry,
        )
        self._refused = Counter(
            "ses_refused", "Inbounds refused", (*by_robot_and_channel, "code"), registry=self.registry
        )
        self._turns = Counter(
            "ses_turns", "Turns ended", (*by_robot_and_channel, "outcome"), registry=self.registry
        )
        self._latency = Histogram(
            "ses_turn_seconds",
            "From accepted to committed",
            by_robot_and_channel,
            buckets=TURN_SECONDS,
            registry=self.registry,
        )
        self._delivered = Counter(
            "ses_deliveries",
            "Messages handed to connectors",
            (*by_robot_and_channel, "outcome"),
            registry=self.registry,
        )
        self._services = Histogram(
            "ses_service_seconds", "Calls of services", ("service", "outcome"), registry=self.registry
        )
        self._requests = Counter(
            "ses_http_requests", "API requests", ("path", "status"), registry=self.registry
        )
        self._journal = Counter(
            "ses_journal_entries", "Entries of the journal of requests", ("outcome",), registry=self.registry
        )

    def journaled(self, outcome: str, number: int) -> None:
        """`ses.ledger.journal.Observer`."""
        self._journal.labels(outcome).inc(number)

    def accepted(self, robot: str, channel: str, *, new: bool) -> None:
        """This and the next three: `ses.conversations.observer.Observer`."""
        self._accepted.labels(robot, channel, "first" if new else "repeated").inc()

    def refused(self, robot: str, channel: str, code: str) -> None:
        self._refused.labels(robot, channel, code).inc()

    def turn_ended(self, robot: str, channel: str, seconds: float, outcome: str) -> None:
        self._turns.labels(robot, channel, outcome).inc()
        self._latency.labels(robot, channel).observe(seconds)

    def delivered(self, robot: str, channel: str, *, failed: bool) -> None:
        self._delivered.labels(robot, channel, "failed" if failed else "sent").inc()

    def called(self, service: str, seconds: float, outcome: str) -> None:
        """`ses.services.transport.Observer`."""
        self._services.labels(service, outcome).observe(seconds)

    def watch(self, stats: Callable[[], Stats]) -> None:
        """Read the pipeline's state at each scrape."""
        self.registry.register(_PipelineState(stats))

    def watch_logs(self, lost: Callable[[], Mapping[str, int]]) -> None:
        """Read at each scrape how many log records were lost, by reason."""
        self.registry.register(_LostRecords(lost))

    @web.middleware
    async def requests(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Counts answers by the path's template, never by what callers put into it."""
        response = await handler(request)
        resource = request.match_info.route.resource
        self._requests.labels(resource.canonical if resource else "unknown", str(response.status)).inc()
        return response

    def operations(self) -> list[Operation]:
        return [
            Operation(
                method="GET",
                path="/metrics",
                summary="Numbers for Prometheus",
                handler=self._metrics,
                scope="read",
                local=True,
                content="text/plain",
                tag="state",
            )
        ]

    async def _metrics(self, call: Call) -> web.Response:
        del call
        headers = {**HARDENED, "Content-Type": CONTENT_TYPE}
        return web.Response(body=generate_latest(self.registry), headers=headers)


class _PipelineState(Collector):
    def __init__(self, stats: Callable[[], Stats]) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        stats = self._stats()
        yield _by_robot_and_channel(
            "ses_queue_depth", "Inbounds that wait for their turn", stats.queued.items()
        )
        yield _by_robot_and_channel(
            "ses_outbox_age_seconds", "Age of the oldest undelivered message", stats.outbox_age.items()
        )
        yield _one("ses_conversations_live", "Conversations with work in hand", stats.live)
        yield _one("ses_sessions_held", "Sessions held in memory", stats.idle)
        yield _one("ses_store_waiting", "Calls that wait for the store", stats.storing)


class _LostRecords(Collector):
    def __init__(self, lost: Callable[[], Mapping[str, int]]) -> None:
        self._lost = lost

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "ses_log_records_lost", "Log records that were not written", labels=("reason",)
        )
        for reason, count in self._lost().items():
            family.add_metric((reason,), count)
        yield family


def _by_robot_and_channel(
    name: str, text: str, values: Iterable[tuple[tuple[str, str], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=("robot", "channel"))
    for labels, value in values:
        family.add_metric(labels, value)
    return family


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)
