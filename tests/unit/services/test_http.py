"""`http` steps: retries under one key, bounded bodies, and no way into the inner network."""

import json
import socket

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver

from ses.errors import StepError
from ses.services.address_rules import AddressRules, is_public
from ses.services.answers import HttpRequest
from ses.services.http import OutboundHttp


class Names(AbstractResolver):
    """A resolver that knows what a test tells it."""

    def __init__(self, **known: list[str]):
        self.known = {name.replace("_", "."): addresses for name, addresses in known.items()}
        self.asked: list[str] = []

    async def resolve(self, host, port=0, family=socket.AF_INET):
        self.asked.append(host)
        if host not in self.known:
            raise OSError(f"no such name: {host}")
        return [
            {
                "hostname": host, "host": address, "port": port, "proto": 0, "flags": socket.AI_NUMERICHOST,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
            }
            for address in self.known[host]
        ]  # fmt: skip

    async def close(self):
        pass


@pytest.fixture
async def http(peer, clock, calls):
    http = OutboundHttp(AddressRules([f"127.0.0.1:{peer.port}"]), clock=clock, observer=calls)
    yield http
    await http.close()


async def refused(http, url, **fields) -> StepError:
    with pytest.raises(StepError) as caught:
        await http.send(HttpRequest(method="get", url=url, **fields))
    assert caught.value.service == "http"
    return caught.value


async def test_json_goes_out_and_comes_back(http, peer, calls):
    peer.answer_json({"id": 7})
    reply = await http.send(
        HttpRequest(
            method="post", url=f"{peer.url}/orders", json={"a": [1, None]}, key="s/1/2", headers={"X-A": "b"}
        )
    )
    assert (reply.status, reply.body) == (200, {"id": 7})
    sent = peer.requests[0]
    assert (sent.method, sent.content_type, sent.headers["X-A"]) == ("POST", "application/json", "b")
    assert sent.headers["Idempotency-Key"] == "s/1/2"
    assert json.loads(peer.bodies[0]) == {"a": [1, None]}
    assert calls.seen == [("http", "ok")]


async def test_null_is_a_body_too(http, peer):
    peer.answer_json(1)
    await http.send(HttpRequest(method="put", url=peer.url, json=None))
    assert peer.bodies[0] == b"null"


async def test_a_form_goes_urlencoded(http, peer):
    peer.answer_text("готово", headers={"Content-Type": "text/plain; charset=utf-8"})
    reply = await http.send(HttpRequest(method="post", url=peer.url, form={"имя": "Анна & Ко"}))
    assert reply.body == "готово"
    assert peer.requests[0].content_type == "application/x-www-form-urlencoded"
    assert peer.bodies[0] == b"%D0%B8%D0%BC%D1%8F=%D0%90%D0%BD%D0%BD%D0%B0+%26+%D0%9A%D0%BE"


async def test_repetitions_carry_the_same_key(http, peer, calls, clock):
    peer.reset()
    peer.answer_json({}, status=503)
    peer.answer_json("ok")
    reply = await http.send(HttpRequest(method="post", url=peer.url, json={}, key="k", retry=2))
    assert reply.body == "ok"
    assert [request.headers["Idempotency-Key"] for request in peer.requests] == ["k"] * 3
    first, second = clock.pauses
    assert 0.1 <= first <= 0.2 <= second <= 0.4
    assert calls.seen == [("http", "connect"), ("http", "status"), ("http", "ok")]


async def test_without_retry_a_call_is_made_once(http, peer):
    peer.reset()
    with pytest.raises(StepError) as caught:
        await http.send(HttpRequest(method="post", url=peer.url))
    assert caught.value.kind == "connect"
    assert len(peer.requests) == 1


async def test_a_refusal_is_not_repeated(http, peer):
    peer.answer_json({}, status=404)
    error = await refused(http, f"{peer.url}/secret/path", retry=3)
    assert (error.kind, error.status, len(peer.requests)) == ("status", 404, 1)
    assert "secret" not in str(error)


async def test_a_peer_that_hangs_is_a_timeout(http, peer):
    peer.hang()
    assert (await refused(http, peer.url, timeout=0.1)).kind == "timeout"


async def test_announced_json_that_is_none_is_malformed(http, peer):
    peer.answer_text("<html>", headers={"Content-Type": "application/json"})
    assert (await refused(http, peer.url)).kind == "malformed"


@pytest.mark.parametrize("announced", [True, False])
async def test_more_than_five_megabytes_are_not_read(http, peer, announced):
    body = b"x" * ((5 << 20) + 1)

    async def answer(request):
        response = aiohttp.web.StreamResponse()
        if announced:
            response.content_length = len(body)
        await response.prepare(request)
        await response.write(body)
        return response

    peer.answers.append(answer)
    assert (await refused(http, peer.url)).kind == "malformed"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://127.0.0.1/",
        "http://[::1]:8080/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:a00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://10.0.0.1/",
        "http://172.16.3.4/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://localhost/",
        "http://localhost:6190/ses/robots",
        "http://0x7f.1/",
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "//example.com",
        "example.com",
    ],
)
async def test_inner_addresses_are_denied(http, url):
    assert (await refused(http, url, retry=2)).kind == "denied"


async def test_a_name_is_judged_by_where_it_leads(clock):
    names = Names(evil_example=["192.168.0.7"], mixed_example=["10.0.0.1", "fd00::1"])
    http = OutboundHttp(AddressRules(), clock=clock, resolver=names)
    for name in ("evil.example", "mixed.example"):
        assert (await refused(http, f"http://{name}/")).kind == "denied"
    assert (await refused(http, "http://unknown.example/")).kind == "connect"
    await http.close()


async def test_an_administrator_may_name_host_and_port(peer, clock):
    peer.answer_json("hello")
    http = OutboundHttp(
        AddressRules([f"CRM.example:{peer.port}"]), clock=clock, resolver=Names(crm_example=["127.0.0.1"])
    )
    assert (
        await http.send(HttpRequest(method="get", url=f"http://crm.example:{peer.port}/"))
    ).body == "hello"
    assert (await refused(http, f"http://crm.example:{peer.port + 1}/")).kind == "denied"
    assert (await refused(http, f"http://127.0.0.1:{peer.port}/")).kind == "denied"
    await http.close()


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/", "http://localhost:1/", "//10.0.0.1/x", "file:///etc/passwd", "http://[::1]/"],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_into_the_inner_network_is_denied(http, peer, target, status):
    peer.answer_text("", status=status, headers={"Location": target})
    assert (await refused(http, peer.url)).kind == "denied"
    assert len(peer.requests) == 1


async def test_a_redirect_is_followed_without_what_belongs_to_the_first_host(peer, clock):
    peer.answer_text("", status=307, headers={"Location": f"http://b.example:{peer.port}/there"})
    peer.answer_json("arrived")
    names = Names(a_example=["127.0.0.1"], b_example=["127.0.0.1"])
    rules = AddressRules([f"a.example:{peer.port}", f"b.example:{peer.port}"])
    http = OutboundHttp(rules, clock=clock, resolver=names)
    request = HttpRequest(
        method="post",
        url=f"http://a.example:{peer.port}/",
        json={"n": 1},
        key="k",
        headers={"Authorization": "secret"},
    )
    assert (await http.send(request)).body == "arrived"
    second = peer.requests[1]
    assert (second.method, second.path, second.headers["Idempotency-Key"]) == ("POST", "/there", "k")
    assert "Authorization" not in second.headers
    assert peer.bodies[1] == b'{"n":1}'
    await http.close()


async def test_endless_redirects_end(http, peer):
    peer.answer_text("", status=302, headers={"Location": "/again"})
    assert (await refused(http, peer.url)).kind == "status"
    assert len(peer.requests) == 6


@pytest.mark.parametrize("headers", [{"X-A": "b\r\nEvil: 1"}, {"X\r\nA": "b"}])
async def test_headers_cannot_be_smuggled(http, peer, headers):
    peer.answer_json(1)
    assert (await refused(http, peer.url, headers=headers)).kind == "value"
    assert peer.requests == []


@pytest.mark.parametrize(
    "url", ["http://2130706433/", "http://127.1/", "http://[::1", "http://a:b:c/", "http://a:99999/", ""]
)
async def test_an_address_that_is_none_is_an_error_of_the_step(http, url):
    assert (await refused(http, url)).kind in {"value", "denied"}


async def test_a_value_without_a_json_form_is_an_error_of_the_step(http, peer):
    assert (await refused(http, peer.url, json={"x": object()})).kind == "value"


@pytest.mark.parametrize("address", ["8.8.8.8", "2a00:1450:4010:c0e::65", "64:ff9b::808:808"])
def test_public_addresses_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize("entry", ["crm.example", "crm.example:", ":80", "crm.example:x"])
def test_what_an_administrator_names_is_host_and_port(entry):
    with pytest.raises(ValueError, match="host:port"):
        AddressRules([entry])


async def test_a_file_from_outside_comes_as_it_is_and_failures_are_tried_twice(http, peer, clock):
    peer.answer_json({}, status=503)
    peer.answer_text(b"OggS\x00", headers={"Content-Type": "application/json"})
    assert await http.download(f"{peer.url}/a.ogg", 100) == b"OggS\x00"
    assert (len(peer.requests), clock.pauses) == (2, [0.2])


async def test_a_file_from_outside_is_bounded_and_stays_out_of_the_own_network(http, peer):
    peer.answer_text(b"x" * 101)
    with pytest.raises(StepError) as large:
        await http.download(f"{peer.url}/a.ogg", 100)
    assert large.value.kind == "malformed"
    for url in ("http://127.0.0.1:1/a.ogg", "http://169.254.169.254/latest", "file:///etc/passwd"):
        with pytest.raises(StepError) as denied:
            await http.download(url, 100)
        assert denied.value.kind == "denied"
    peer.answers.clear()
    peer.answer_text(b"", status=404)
    with pytest.raises(StepError) as gone:
        await http.download(f"{peer.url}/a.ogg", 100)
    assert gone.value.status == 404
