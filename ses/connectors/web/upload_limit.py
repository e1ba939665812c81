"""How much the visitors of one address may send up: files and bytes, in a span of time."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from ses.clock import Clock, SystemClock
from ses.connectors.web.config import UploadRate
from ses.flow.rate_limit import KeyedRateLimit
from ses.flow.token_bucket import Rate


class UploadLimit:
    """Two token buckets for each address, one of files and one of bytes: all of both may be used at once, and comes back
    evenly."""

    def __init__(self, rate: UploadRate, clock: Clock | None = None) -> None:
        clock = clock or SystemClock()
        self._files = KeyedRateLimit[str](Rate(rate.files / rate.per, rate.files), clock)
        self._bytes = KeyedRateLimit[str](Rate(rate.bytes / rate.per, rate.bytes), clock)

    def __len__(self) -> int:
        """Addresses that are remembered."""
        return max(len(self._files), len(self._bytes))

    def take(self, address: str, size: int) -> float:
        """Count a file of `size` bytes; else, counting nothing, the seconds (above 0) after which it may come."""
        household = _household(address)
        files_wait = self._files.take(household)
        bytes_wait = self._bytes.take(household, size)
        if bytes_wait and not files_wait:
            self._files.give_back(household, 1)
        elif files_wait and not bytes_wait:
            self._bytes.give_back(household, size)
        return max(files_wait, bytes_wait)

    def give_back(self, address: str, size: int) -> None:
        """Of the bytes counted so many did not come."""
        self._bytes.give_back(_household(address), size)


def _household(address: str) -> str:
    """An IPv4 address; of an IPv6 address its /64, of which one household has all."""
    parsed = ip_address(address)
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))
