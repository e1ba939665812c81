"""Whose address a request comes from, behind proxies and without."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from aiohttp.test_utils import make_mocked_request

from ses.client_address import client_address

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48"))


@pytest.mark.parametrize(
    "peer, forwarded, address",
    [
        ("203.0.113.5", None, "203.0.113.5"),
        ("203.0.113.5", "1.2.3.4", "203.0.113.5"),
        ("10.1.1.1", "1.2.3.4, 198.51.100.9", "198.51.100.9"),
        ("127.0.0.1", "198.51.100.9, 10.2.2.2", "198.51.100.9"),
        ("2001:db8:ffff::1", "2001:db8::7", "2001:db8::7"),
        ("10.1.1.1", None, None),
        ("10.1.1.1", "10.2.2.2, 10.3.3.3", None),
        ("127.0.0.1", "rubbish", None),
        (None, "198.51.100.9", None),  # a unix socket
    ],
)
def test_the_address_is_read_past_trusted_proxies_only(peer, forwarded, address):
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=peer)
    assert client_address(request, TRUSTED) == address
