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
def allowance(clock):
    return UploadLimit(UploadRate(files=4, bytes=1000, per=60.0), clock)


def test_all_of_it_may_come_at_once_and_then_one_as_time_passes(allowance, clock):
    assert [allowance.take("198.51.100.7", 10) for _ in range(4)] == [0, 0, 0, 0]
    assert allowance.take("198.51.100.7", 10) == pytest.approx(15.0)
    clock.advance(15.0)
    assert allowance.take("198.51.100.7", 10) == 0
    assert allowance.take("198.51.100.7", 10) == pytest.approx(15.0)


def test_bytes_are_counted_too_and_what_did_not_come_is_given_back(allowance):
    assert allowance.take("198.51.100.7", 900) == 0
    assert allowance.take("198.51.100.7", 200) == pytest.approx(6.0)
    allowance.give_back("198.51.100.7", 800)
    assert allowance.take("198.51.100.7", 200) == 0


def test_addresses_are_counted_apart_but_one_households_ipv6_together(allowance):
    for host in ("::1", "::2", ":0:0:3:4", "::ff"):
        assert allowance.take(f"2001:db8:0:1{host}", 1) == 0
    assert allowance.take("2001:db8:0:1::5", 1) > 0
    assert allowance.take("2001:db8:0:2::1", 1) == 0
    assert allowance.take("198.51.100.7", 1) == 0
    assert [allowance.take("::ffff:198.51.100.7", 1) for _ in range(4)] == [0, 0, 0, pytest.approx(15.0)]


def test_who_sent_nothing_for_a_whole_span_is_forgotten(allowance, clock):
    for number in range(50):
        allowance.take(f"198.51.100.{number}", 1)
        clock.advance(1.0)
    assert len(allowance) == 50
    clock.advance(30.0)
    allowance.take("203.0.113.1", 1)
    assert len(allowance) == 30
