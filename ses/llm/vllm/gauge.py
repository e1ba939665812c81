"""What vLLM's scheduler tells about its load."""

from __future__ import annotations

from typing import Any

from ses.llm.supervised import Load


class Gauge:
    """Remembers what was last told."""

    def __init__(self) -> None:
        self.load = Load()

    def record(self, scheduler_stats: Any, *_others: Any, **_more: Any) -> None:
        """Called by vLLM after each step of the engine."""
        if scheduler_stats is not None:
            self.load = Load(
                scheduler_stats.num_running_reqs,
                scheduler_stats.num_waiting_reqs,
                scheduler_stats.kv_cache_usage,
            )


def gauge_factory(made: list[Gauge]) -> Any:
    """For `AsyncLLM(stat_loggers=…)`: vLLM makes the gauge itself; it is put into `made`.

    It stands where vLLM's counters for Prometheus would: kept for every token, in a registry that nobody here shows.
    """
    from vllm.v1.metrics.loggers import PrometheusStatLogger

    class StatLogger(Gauge, PrometheusStatLogger):  # type: ignore[misc]  # vLLM is not looked into
        def __init__(self, vllm_config: Any, engine_indexes: list[int] | None = None) -> None:
            super().__init__()
            made.append(self)

        def record_admission_rejection(self, reason: str) -> None:
            return

        def record_sleep_state(self, sleep: int = 0, level: int = 0) -> None:
            return

        def log_engine_initialized(self) -> None:
            return

    return StatLogger
