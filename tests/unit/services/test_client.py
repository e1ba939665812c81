"""The one client of the services: what can go wrong with a peer, and what a scenario then sees."""

import pytest

from ses.errors import StepError
from ses.services.client import ServiceClient
from ses.services.settings import ServiceSettings
from ses.services.smc import Smc


@pytest.fixture
async def client(peer, clock, calls):
    client = ServiceClient(
        "smc",
        ServiceSettings(f"{peer.url}/smc", connect=0.5, read=0.2),
        clock=clock,
        observer=calls,
    )
    yield client
    await client.close()


async def failure(client) -> StepError:
    with pytest.raises(StepError) as caught:
        await Smc(client).classify("shop", "хочу пиццу")
    assert caught.value.service == "smc"
    assert "пиццу" not in str(caught.value), "what a person said does not belong into errors"
    return caught.value


GOOD = {"error": 0, "classes": [{"class": "order", "confidence": 0.75}]}


async def test_a_reset_connection_is_tried_once_more(client, peer, calls):
    peer.reset()
    peer.answer_json(GOOD)
    assert [(score.name, score.confidence) for score in await Smc(client).classify("shop", "x")] == [
        ("order", 0.75)
    ]
    assert calls.seen == [("smc", "ok")]


async def test_a_connection_that_keeps_breaking_is_a_connect_error(client, peer, calls):
    peer.reset()
    assert (await failure(client)).kind == "connect"
    assert calls.seen == [("smc", "connect")]
    assert len(peer.requests) == 2


async def test_an_answer_cut_in_the_middle_is_a_connect_error(client, peer):
    peer.cut()
    assert (await failure(client)).kind == "connect"


async def test_a_peer_that_is_not_there_is_a_connect_error(clock, unused_port):
    client = ServiceClient("smc", ServiceSettings(f"http://127.0.0.1:{unused_port}"), clock=clock)
    assert (await failure(client)).kind == "connect"
    await client.close()


async def test_a_peer_that_does_not_answer_is_a_timeout_and_not_tried_again(client, peer, clock):
    peer.hang()
    assert (await failure(client)).kind == "timeout"
    assert clock.pauses == []


@pytest.mark.parametrize("status", [400, 404, 500])
async def test_a_bad_status_is_an_error_with_that_status(client, peer, status):
    peer.answer_json({"error": 1}, status=status)
    error = await failure(client)
    assert (error.kind, error.status) == ("status", status)
    assert len(peer.requests) == 1


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_peer_that_is_busy_is_tried_once_more(client, peer, status):
    peer.answer_json({}, status=status)
    peer.answer_json(GOOD)
    assert await Smc(client).classify("shop", "x")
    assert len(peer.requests) == 2


@pytest.mark.parametrize("code", [1, "no such model", -5, True])
async def test_an_error_in_the_answer_is_raised(client, peer, code):
    peer.answer_json({"error": code})
    assert (await failure(client)).kind == "status"


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "oops",
        "[]",
        "null",
        '{"error": 0}',
        '{"error": 0, "classes": {}}',
        '{"error": 0, "classes": [1]}',
        '{"error": 0, "classes": [{"class": 1, "confidence": 1}]}',
        '{"error": 0, "classes": [{"class": "a", "confidence": 1.5}]}',
        '{"error": 0, "classes": [{"class": "a", "confidence": "1"}]}',
        '{"error": 0, "classes": [{"class": "a", "confidence": true}]}',
        b"\xff\xfe",
        b'{"error": 0, "classes": [{"class": "\xff", "confidence": 1}]}',
    ],
)
async def test_an_answer_of_another_shape_is_malformed(client, peer, answer):
    peer.answer_text(answer)
    assert (await failure(client)).kind == "malformed"


async def test_a_peer_that_does_not_speak_http_is_malformed(clock):
    import asyncio

    async def gibberish(reader, writer):
        await reader.readline()
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(gibberish, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = ServiceClient("smc", ServiceSettings(f"http://127.0.0.1:{port}"), clock=clock)
    assert (await failure(client)).kind == "malformed"
    await client.close()
    server.close()
    await server.wait_closed()


async def test_a_redirect_is_not_followed(client, peer):
    peer.answer_text("", status=302, headers={"Location": "http://169.254.169.254/"})
    assert (await failure(client)).kind == "malformed"
    assert len(peer.requests) == 1


async def test_after_five_failures_a_service_is_left_alone_and_then_probed(client, peer, clock):
    peer.answer_json({}, status=500)
    for _ in range(5):
        await failure(client)
    assert client.breaker.open
    error = await failure(client)
    assert error.kind == "connect"
    assert "not asked again" in str(error)
    assert len(peer.requests) == 5
    clock.advance(10)
    peer.answers.clear()
    peer.answer_json(GOOD)
    assert await Smc(client).classify("shop", "x")
    assert not client.breaker.open


async def test_refusals_of_a_working_service_do_not_open_the_breaker(client, peer):
    peer.answer_json({}, status=404)
    for _ in range(9):
        await failure(client)
    assert len(peer.requests) == 9


async def test_a_model_s_name_cannot_leave_its_place_in_the_path(client, peer):
    peer.answer_json(GOOD)
    await Smc(client).classify("../../admin?x=1", "x")
    assert peer.requests[0].raw_path == "/smc/classify/..%2F..%2Fadmin%3Fx%3D1"


async def test_paths_and_fields_of_another_release(peer, clock):
    settings = ServiceSettings(
        peer.url,
        paths={"classify": "/v2/{model}/top"},
        fields={"classes": "result.items", "class": "label", "confidence": "score", "error": "status.code"},
    )
    client = ServiceClient("smc", settings, clock=clock)
    peer.answer_json({"status": {"code": 0}, "result": {"items": [{"label": "order", "score": 1}]}})
    (score,) = await Smc(client).classify("shop", "x")
    assert (score.name, score.confidence) == ("order", 1.0)
    assert peer.requests[0].path == "/v2/shop/top"
    await client.close()
