"""How much the visitors of one address may send up: files and bytes, in a span of time."""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from itertools import takewhile

from ses.clock import Clock, SystemClock
from ses.connectors.web.config import UploadRate


class UploadLimit:
    """Two buckets for each address, which may be drawn to the full at once and fill again evenly.

    An address nobody drew on for a whole span is full again, and forgotten.
    """

    def __init__(self, rate: UploadRate, clock: Clock | None = None) -> None:
        self._rate = rate
        self._clock = clock or SystemClock()
        self._drawn: OrderedDict[str, _Drawn] = OrderedDict()
        """The longest unused first."""

    def __len__(self) -> int:
        """Addresses that are remembered."""
        return len(self._drawn)

    def take(self, address: str, size: int) -> float:
        """Count a file of `size` bytes; else, counting nothing, the seconds (above 0) after which it may come."""
        rate, now = self._rate, self._clock.monotonic()
        past = [*takewhile(lambda one: self._drawn[one].at + rate.per <= now, self._drawn)]
        for one in past:
            del self._drawn[one]
        home = _home(address)
        drawn = self._drawn.get(home) or _Drawn(now)
        drawn.recover(rate, now)
        lacking = max((drawn.files + 1) / rate.files, (drawn.bytes + size) / rate.bytes) - 1
        if lacking > 0:
            return lacking * rate.per
        drawn.files += 1
        drawn.bytes += size
        self._drawn[home] = drawn
        self._drawn.move_to_end(home)
        return 0.0

    def give_back(self, address: str, size: int) -> None:
        """Of the bytes counted so many did not come."""
        drawn = self._drawn.get(_home(address))
        if drawn is not None:
            drawn.bytes = max(0.0, drawn.bytes - size)


class _Drawn:
    """What an address has used and time has not paid for yet."""

    __slots__ = ("at", "bytes", "files")

    def __init__(self, at: float) -> None:
        self.at = at
        self.files = 0.0
        self.bytes = 0.0

    def recover(self, rate: UploadRate, now: float) -> None:
        share = (now - self.at) / rate.per
        self.at = now
        self.files = max(0.0, self.files - share * rate.files)
        self.bytes = max(0.0, self.bytes - share * rate.bytes)


def _home(address: str) -> str:
    """An IPv4 address; of an IPv6 address its /64, of which one household has all."""
    parsed = ip_address(address)
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))
