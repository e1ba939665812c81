"""A circuit breaker: a service that is down is not asked by every turn, so its time-outs do not add up."""

from __future__ import annotations

from ses.clock import Clock


class CircuitBreaker:
    """Opens after `failures` failed calls in a row; then lets one probe through every `pause` seconds."""

    def __init__(self, clock: Clock, *, failures: int = 5, pause: float = 10.0) -> None:
        self._clock = clock
        self._limit = failures
        self._pause = pause
        self._failed = 0
        self._closed_again = 0.0

    @property
    def open(self) -> bool:
        return self._failed >= self._limit

    def wait(self) -> float:
        """Seconds until a call may be made; 0 lets this one through (while open: as the only probe)."""
        if not self.open:
            return 0.0
        now = self._clock.monotonic()
        if now < self._closed_again:
            return self._closed_again - now
        # A probe that is cancelled reports nothing: the next one may go after another pause.
        self._closed_again = now + self._pause
        return 0.0

    def succeeded(self) -> None:
        self._failed = 0

    def failed(self) -> None:
        self._failed += 1
        if self._failed >= self._limit:
            self._closed_again = self._clock.monotonic() + self._pause
