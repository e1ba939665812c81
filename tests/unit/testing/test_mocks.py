"""A mock answers as its service would, in virtual time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ses.clock import VirtualClock
from ses.errors import StepError
from ses.services.answers import HttpRequest
from ses.testing.mocks import MockServices
from ses.testing.reading import read_cases


def services(tmp_path: Path, mock: str) -> tuple[MockServices, VirtualClock]:
    file = tmp_path / "mock.yaml"
    file.write_text(f"tests: [{{name: a, mock: {mock}, dialogue: [{{bot: Hi}}]}}]", "utf-8")
    (case,), findings = read_cases([file], tmp_path)
    assert findings == ()
    clock = VirtualClock(1000.0)
    return MockServices(case.mocks, clock), clock


def request(url: str = "http://crm/orders", method: str = "post", timeout: float = 10.0) -> HttpRequest:
    return HttpRequest(method=method, url=url, timeout=timeout)


async def failure(call: Any) -> StepError:
    with pytest.raises(StepError) as caught:
        await call
    return caught.value


async def test_a_class_is_certain_unless_the_mock_says_how_sure_it_is(tmp_path: Path) -> None:
    mocks, _ = services(tmp_path, "{smc: {class: order}}")
    (sure,) = await mocks.classify("shop", "anything")
    assert (sure.name, sure.confidence) == ("order", 1.0)


async def test_the_first_mock_that_fits_answers(tmp_path: Path) -> None:
    mocks, _ = services(
        tmp_path,
        '{smc: [{text: "* pizza *", class: order, confidence: 0.9}, {model: moods, class: sad}, {class: other}]}',
    )
    assert [(await mocks.classify(model, text))[0].name for model, text in (
        ("shop", "a pizza, please"), ("moods", "alas"), ("shop", "alas"),
    )] == ["order", "sad", "other"]  # fmt: skip


async def test_an_entity_is_found_only_where_its_words_are(tmp_path: Path) -> None:
    mocks, _ = services(
        tmp_path, "{see: [{entity: city, text: Бердске, value: Бердск}, {entity: mood, value: good}]}"
    )
    city, mood = await mocks.extract("geo", "я в бердске")
    assert (city.value, city.start, city.end) == ("Бердск", 4, 11)
    assert (mood.value, mood.start) == ("good", -1)
    assert [found.entity for found in await mocks.extract("geo", "я дома")] == ["mood"]


async def test_replies_are_given_in_turn_and_the_last_one_repeats(tmp_path: Path) -> None:
    mocks, _ = services(tmp_path, "{http: [{replies: [{reply: {id: 7}}, {status: 503}, {reply: {id: 8}}]}]}")
    assert (await mocks.http(request())).body == {"id": 7}
    assert (await failure(mocks.http(request()))).status == 503
    assert [(await mocks.http(request())).body["id"] for _ in range(2)] == [8, 8]


async def test_requests_are_told_apart_by_address_and_method(tmp_path: Path) -> None:
    mocks, _ = services(
        tmp_path, '{http: [{url: "*/orders", method: post, reply: 1}, {url: "*/orders", reply: 2}]}'
    )
    assert [(await mocks.http(request(method=method))).body for method in ("POST", "get")] == [1, 2]
    refused = await failure(mocks.http(request(url="http://crm/users")))
    assert (refused.kind, mocks.uncovered) == ("connect", ["http POST http://crm/users"])


async def test_a_delay_is_virtual_and_longer_than_the_step_waits_it_is_a_timeout(tmp_path: Path) -> None:
    mocks, clock = services(tmp_path, "{http: [{delay: 3s, reply: {}}]}")
    await mocks.http(request(timeout=5))
    assert clock.now() == 1003.0
    assert (await failure(mocks.http(request(timeout=2)))).kind == "timeout"
    assert clock.now() == 1005.0


@pytest.mark.parametrize("kind", ["timeout", "connect", "malformed"])
async def test_a_service_can_fail_in_each_way(tmp_path: Path, kind: str) -> None:
    mocks, _ = services(tmp_path, f"{{qas: {{error: {kind}}}}}")
    failed = await failure(mocks.ask("why", "", "chat"))
    assert (failed.kind, failed.service) == (kind, "qas")


async def test_a_service_without_mocks_is_not_reachable(tmp_path: Path) -> None:
    mocks, _ = services(tmp_path, "{}")
    assert (await failure(mocks.classify("shop", "hello"))).kind == "connect"
    assert mocks.uncovered == ["smc shop: hello"]
