"""How much one address may send up, under a clock of ours."""

from __future__ import annotations

import pytest

from ses.clock import VirtualClock
from ses.connectors.web.config import UploadRate
from ses.connectors.web.upload_limit import UploadLimit


@pytest.fixture
def clock():
    return VirtualClock(1000.0)


@pytest.fixture
def limit(clock):
    return UploadLimit(UploadRate(files=4, bytes=1000, per=60.0), clock)


def test_all_of_it_may_come_at_once_and_then_one_as_time_passes(limit, clock):
    assert [limit.take("198.51.100.7", 10) for _ in range(4)] == [0, 0, 0, 0]
    assert limit.take("198.51.100.7", 10) == pytest.approx(15.0)
    clock.advance(15.0)
    assert limit.take("198.51.100.7", 10) == 0
    assert limit.take("198.51.100.7", 10) == pytest.approx(15.0)


def test_bytes_are_counted_too_and_what_did_not_come_is_given_back(limit):
    assert limit.take("198.51.100.7", 900) == 0
    assert limit.take("198.51.100.7", 200) == pytest.approx(6.0)
    limit.give_back("198.51.100.7", 800)
    assert limit.take("198.51.100.7", 200) == 0


def test_addresses_are_counted_apart_but_one_households_ipv6_together(limit):
    for host in ("::1", "::2", ":0:0:3:4", "::ff"):
        assert limit.take(f"2001:db8:0:1{host}", 1) == 0
    assert limit.take("2001:db8:0:1::5", 1) > 0
    assert limit.take("2001:db8:0:2::1", 1) == 0
    assert limit.take("198.51.100.7", 1) == 0
    assert [limit.take("::ffff:198.51.100.7", 1) for _ in range(4)] == [0, 0, 0, pytest.approx(15.0)]


def test_what_came_too_early_is_counted_neither_as_file_nor_as_bytes(limit, clock):
    assert limit.take("198.51.100.7", 1000) == 0
    assert [limit.take("198.51.100.7", 1000) for _ in range(9)] == [pytest.approx(60.0)] * 9
    assert [limit.take("198.51.100.7", 0) for _ in range(3)] == [0, 0, 0]
    clock.advance(59.0)
    assert limit.take("198.51.100.7", 1000) == pytest.approx(1.0)
    clock.advance(1.0)
    assert limit.take("198.51.100.7", 1000) == 0


def test_who_may_send_all_again_is_forgotten(limit, clock):
    for number in range(10):
        limit.take(f"198.51.100.{number}", 1)
        clock.advance(1.0)
    assert len(limit) == 10
    clock.advance(9.0)
    limit.take("203.0.113.1", 1)
    assert len(limit) == 6
