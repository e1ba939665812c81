"""A message in, the replies out."""

import io

import pytest

from ses.connectors.contract import Refused


async def test_a_message_reaches_its_robot(served):
    body = {
        "text": "привет",
        "session_id": "s1",
        "channel": "vk",
        "variables": {"city": "Бердск"},
        "id": "m1",
    }
    answer = await served.json("POST", "/ses/ask/pizzeria", json=body)
    assert answer == {
        "error": 0,
        "message": "success",
        "robot": "pizzeria",
        "session_id": "s1",
        "id": "m1",
        "replies": [
            {"id": "s1/1/1", "seq": 1, "text": "эхо: привет", "buttons": [{"text": "Да", "id": "1.1.0"}]}
        ],
        "understood": {"id": "t"},
        "repeated": False,
    }
    (inbound,) = served.pipeline.inbounds
    assert (inbound.connector, inbound.session, inbound.id) == ("api.pizzeria", "s1", "m1")
    assert (inbound.channel, inbound.text, inbound.variables) == ("vk", "привет", {"city": "Бердск"})
    assert inbound.at == 1_700_000_000.0


async def test_sessions_of_two_robots_are_two_conversations(served):
    for robot in ("pizzeria", "helpdesk"):
        await served.json("POST", f"/ses/ask/{robot}", json={"text": "x", "session_id": "s"})
    assert len({inbound.conversation for inbound in served.pipeline.inbounds}) == 2


async def test_a_new_session_has_an_id_nobody_guesses(served):
    answers = [await served.json("POST", "/ses/ask/pizzeria", json={"text": "x"}) for _ in range(2)]
    first, second = (answer["session_id"] for answer in answers)
    assert first != second
    assert len(first) >= 22


async def test_a_repeated_id_without_a_session_finds_the_same_session(served):
    for headers, body in (({"Idempotency-Key": "k1"}, {"text": "x"}), ({}, {"text": "x", "id": "k1"})):
        await served.json("POST", "/ses/ask/pizzeria", json=body, headers=headers)
    first, second = served.pipeline.inbounds
    assert (first.session, first.id) == (second.session, second.id)


async def test_two_different_ids_are_a_mistake(served):
    headers = {"Idempotency-Key": "k1"}
    answer = await served.json(
        "POST", "/ses/ask/pizzeria", status=422, json={"text": "x", "id": "k2"}, headers=headers
    )
    assert answer["message"].startswith("id: differs")


async def test_a_button_and_an_attachment_may_be_sent(served):
    await served.json("POST", "/ses/ask/pizzeria", json={"button": "1.1.0"})
    place = {"kind": "location", "value": {"lat": 55, "lon": 83}}
    await served.json("POST", "/ses/ask/pizzeria", json={"attachments": [place]})
    press, here = served.pipeline.inbounds
    assert (press.button, press.text) == ("1.1.0", None)
    assert (here.attachments[0].kind, here.attachments[0].value) == ("location", {"lat": 55, "lon": 83})


async def test_an_unknown_robot_is_told_with_the_nearest(served):
    answer = await served.json("POST", "/ses/ask/pizeria", status=404, json={"text": "x"})
    assert answer["message"] == "there is no robot 'pizeria'; did you mean 'pizzeria'?"


@pytest.mark.parametrize(
    ("code", "status", "wait"),
    [("flood", 429, 2.4), ("busy", 503, 0.2), ("internal", 503, None), ("timeout", 504, None)],
)
async def test_a_refusal_has_its_status(served, code, status, wait):
    served.pipeline.refusal = Refused(code, "not now", wait)
    async with served.call("POST", "/ses/ask/pizzeria", json={"text": "x"}) as response:
        assert response.status == status
        assert response.headers.get("Retry-After") == (None if wait is None else str(max(1, round(wait))))
        assert await response.json() == {"error": 1, "message": "not now"}


async def test_chat_answers_one_text(served):
    answer = await served.json(
        "POST", "/api/v1/chat", json={"message": "привет", "robot": "helpdesk", "session_id": "s"}
    )
    assert (answer["reply"], answer["session_id"]) == ("эхо: привет", "s")
    assert answer["messages"][0]["text"] == "эхо: привет"


async def test_chat_needs_a_robot_when_there_are_several(served):
    answer = await served.json("POST", "/api/v1/chat", status=422, json={"message": "x"})
    assert answer["message"].startswith("robot:")


class TestBoundKey:
    @pytest.fixture
    def keys(self, all_keys):
        return all_keys

    async def test_chat_takes_the_robot_of_the_key(self, served):
        await served.json(
            "POST", "/api/v1/chat", json={"message": "x"}, headers={"X-API-Key": "asker-key-0123456789"}
        )
        assert served.pipeline.inbounds[0].robot == "pizzeria"


BAD = [
    ("", 400, "the body is not JSON"),
    ("{", 400, "the body is not JSON"),
    ("\ufeff{}", 400, "the body is not JSON"),
    (b"\xff", 400, "the body is not JSON"),
    ('{"text": NaN}', 400, "the body is not JSON"),
    ('{"text": "\\ud800"}', 400, "the body is not JSON"),
    ("[" * 100_000, 400, "the body is"),
    ('{"variables":' + '{"a":' * 50_000 + "1" + "}" * 50_001, 400, "the body is nested too deeply"),
    ("[]", 422, "JSON object"),
    ("null", 422, "JSON object"),
    ('"text"', 422, "JSON object"),
    ("{}", 422, "one of `text`, `button`, `attachments` is needed"),
    ('{"text": ""}', 422, "one of `text`, `button`, `attachments` is needed"),
    ('{"text": null}', 422, "one of `text`, `button`, `attachments` is needed"),
    ('{"text": 5}', 422, "text: "),
    ('{"text": ["a"]}', 422, "text: "),
    ('{"text": "a", "button": "b"}', 422, "`button` stands alone"),
    ('{"txt": "a", "text": "b"}', 422, "txt: unknown field; did you mean `text`?"),
    ('{"text": "a", "session_id": ""}', 422, "session_id: "),
    ('{"text": "a", "session_id": "a/b"}', 422, "session_id: "),
    ('{"text": "a", "session_id": "a\\u0000"}', 422, "session_id: "),
    ('{"text": "a", "session_id": 7}', 422, "session_id: "),
    ('{"text": "a", "session_id": "' + "x" * 129 + '"}', 422, "session_id: "),
    ('{"text": "a", "id": "' + "x" * 65 + '"}', 422, "id: "),
    ('{"text": "a", "channel": "fax"}', 422, "channel: "),
    ('{"text": "a", "variables": []}', 422, "variables: "),
    ('{"text": "a", "attachments": {}}', 422, "attachments: "),
    ('{"text": "a", "attachments": [{}]}', 422, "attachments[0].kind: "),
    ('{"text": "a", "attachments": [{"kind": "image", "size": -1}]}', 422, "attachments[0].size: "),
    (
        '{"text": "a", "attachments": [{"kind": "image", "url": "x"}]}',
        422,
        "attachments[0].url: unknown field",
    ),
    ('{"text": "' + "x" * 65537 + '"}', 422, "text: "),
    ('{"text": 1, "id": 2, "channel": 3, "variables": 4}', 422, "; "),
    ('{"text": "a", "size": ' + "9" * 5000 + "}", 400, ""),
]


@pytest.mark.parametrize(("body", "status", "message"), BAD)
async def test_a_bad_body_is_told_in_one_line_and_reaches_nobody(served, body, status, message):
    data = body if isinstance(body, bytes) else body.encode()
    headers = {"Content-Type": "application/json"}
    answer = await served.json("POST", "/ses/ask/pizzeria", status=status, data=data, headers=headers)
    assert message in answer["message"]
    assert "\n" not in answer["message"]
    assert len(answer["message"]) < 2100
    assert served.pipeline.inbounds == []


async def test_at_most_ten_mistakes_are_told(served):
    body = {"text": "a", **{f"field{number}": 1 for number in range(50)}}
    answer = await served.json("POST", "/ses/ask/pizzeria", status=422, json=body)
    assert answer["message"].count("unknown field") == 10
    assert answer["message"].endswith("and 40 more")


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
        "application/json; charset=cp1251",
    ],
)
async def test_json_must_be_sent_as_json(served, kind):
    headers = {"Content-Type": kind} if kind else {}
    body = b'{"text": "a"}'
    await served.json("POST", "/ses/ask/pizzeria", status=415, data=body, headers=headers)


async def test_a_body_has_a_limit(served):
    body = b'{"text": "' + b"x" * (1 << 20) + b'"}'
    headers = {"Content-Type": "application/json"}
    answer = await served.json(
        "POST", "/ses/ask/pizzeria", status=413, data=io.BytesIO(body), headers=headers
    )
    assert "1048576" in answer["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/ses/ask/pizzeria", 405),
        ("DELETE", "/ses/robots", 405),
        ("REPORT", "/ses/robots", 405),
        ("GET", "/nowhere", 404),
        ("GET", "/ses/../etc/passwd", 404),
        ("GET", "/ses/ws", 404),
        ("GET", "/ses/widget/js", 404),
    ],
)
async def test_what_there_is_not(served, method, path, status):
    await served.json(method, path, status=status)
