"""What a socket says to frames that are not of the protocol, and that the daemon outlives all of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doubles.web import Closed
from ses.connectors.testing import MemoryReception
from ses.connectors.web.config import WebLimits

HELLO = '{"type":"hello"}'

# frame → error code (none: no word) and close code
TABLE = [
    ("", "malformed", 1008),
    ("{", "malformed", 1008),
    ("null", "malformed", 1008),
    ("[]", "malformed", 1008),
    ("42", "malformed", 1008),
    ('"ping"', "malformed", 1008),
    ("{}", "malformed", 1008),
    ('{"type":"dance"}', "malformed", 1008),
    ('{"type":1}', "malformed", 1008),
    ('{"type":"message"}', "malformed", 1008),
    ('{"type":"message","id":"a"}', "malformed", 1008),
    ('{"type":"message","id":"a","text":""}', "malformed", 1008),
    ('{"type":"message","id":"a","text":null,"attachments":[]}', "malformed", 1008),
    ('{"type":"message","id":"","text":"x"}', "malformed", 1008),
    ('{"type":"message","id":7,"text":"x"}', "malformed", 1008),
    ('{"type":"message","id":"a","text":["x"]}', "malformed", 1008),
    ('{"type":"message","id":"a","text":"\\ud800"}', "malformed", 1008),
    ('{"type":"message","id":"%s","text":"x"}' % ("a" * 65), "malformed", 1008),
    ('{"type":"message","id":"a","attachments":[{}]}', "malformed", 1008),
    ('{"type":"edit","id":"a","of":"b"}', "malformed", 1008),
    ('{"type":"read","seq":-1}', "malformed", 1008),
    ('{"type":"read","seq":1e400}', "malformed", 1008),
    (HELLO, "malformed", 1008),
    ("[" * 60_000, "malformed", 1008),
    (json.dumps({"type": "message", "id": "a", "text": "x" * 70_000}), "too_large", 1009),
    (json.dumps({"type": "message", "id": "a", "text": "я" * 40_000}, ensure_ascii=False), "too_large", 1009),
    (json.dumps({"type": "message", "id": "a", "text": "x" * 200_000}), None, 1009),
]


async def ending(page) -> tuple[str | None, int | None, dict]:
    """The error told, the close code, the whole error frame."""
    error: dict = {}
    try:
        while True:
            frame = await page.receive()
            if frame["type"] == "error":
                error = frame
    except Closed as closed:
        return error.get("code"), closed.code, error


@pytest.mark.parametrize("frame, code, close", TABLE)
async def test_a_bad_frame_is_answered_and_the_socket_closed(daemon, frame, code, close):
    page = daemon.page()
    await page.connect()
    await page.send_raw(frame)
    told, closed, error = await ending(page)
    assert (told, closed) == (code, close)
    assert len(error.get("message", "")) <= 200


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"message","id":"a","text":"x"}',
        '{"type":"open"}',
        '{"type":"ping"}',
        "{}",
        '{"type":"hello","after":-1}',
    ],
)
async def test_anything_but_hello_before_welcome_is_malformed(daemon, frame):
    page = daemon.page()
    await page.open_socket()
    await page.send_raw(frame)
    assert (await ending(page))[:2] == ("malformed", 1008)


async def test_a_page_may_not_say_too_much_of_itself(daemon):
    page = daemon.page()
    await page.open_socket()
    await page.send(type="hello", variables={"x": "y" * 9000})
    assert (await ending(page))[:2] == ("malformed", 1008)


async def test_binary_is_closed_with_1003(daemon):
    page = daemon.page()
    await page.connect()
    await page.send_bytes(b"\0\1")
    assert (await ending(page))[:2] == (None, 1003)


@pytest.mark.parametrize(
    "data",
    [b"\xff\xfe", b'{"type":"message","id":"a","text":"\xc3("}', b'{"type":"ping","x":"\xed\xa0\x80"}'],
)
async def test_what_is_not_utf8_is_closed_with_1007(daemon, data):
    page = daemon.page()
    await page.connect()
    await page.send_frame(data, 1)
    assert (await ending(page))[:2] == (None, 1007)


async def test_no_hello_in_time_is_closed_with_1008(start):
    async with start(MemoryReception(), limits=WebLimits(hello=0.05)) as daemon:
        page = daemon.page()
        await page.open_socket()
        assert (await ending(page))[:2] == (None, 1008)


async def test_an_oversize_frame_is_told_to_a_conversation_that_has_begun(daemon):
    page = daemon.page()
    await page.connect()
    await page.ask("раз")
    await page.say("x" * 70_000)
    assert (await ending(page))[:2] == ("too_large", 1009)
    limit = daemon.reception.received[-1]
    assert (limit.event, limit.payload) == ("limit", {"reason": "frame"})


async def test_unknown_fields_are_ignored(daemon):
    page = daemon.page()
    await page.connect()
    await page.send(type="message", id="a", text="x", colour="red", deep={"a": [1]})
    assert (await page.until("ack"))["id"] == "a"


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NEARLY = st.fixed_dictionaries(
    {"type": st.sampled_from(["hello", "open", "message", "edit", "typing", "read", "ping", "welcome", "x"])},
    optional=dict.fromkeys(
        ("id", "text", "button", "attachments", "of", "seq", "session", "variables"), ANY_JSON
    ),
)
FRAMES = st.one_of(
    st.text().map(lambda text: text.encode("utf-8", "replace")),
    st.binary(max_size=200),
    (ANY_JSON | NEARLY).map(lambda value: json.dumps(value).encode()),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=st.lists(FRAMES, min_size=1, max_size=4), binary=st.booleans())
async def test_whatever_is_sent_the_socket_answers_or_ends_by_the_book_and_the_next_visitor_is_served(
    daemon, frames, binary
):
    page = daemon.page()
    await page.connect()
    try:
        for frame in frames:
            await page.send_frame(frame, 2 if binary else 1)
        await page.say("ещё тут?")
        while True:
            frame = await page.receive()
            if frame["type"] == "error":
                assert frame["code"] == "malformed"
            if frame["type"] == "message" and frame["text"] == "echo ещё тут?":
                break
    except Closed as closed:
        assert closed.code in {1003, 1007, 1008}
    except ConnectionError:
        pass  # closed while we were still sending
    await page.close()
    other = daemon.page()
    await other.connect()
    assert (await other.ask("следующий"))["text"] == "echo следующий"
    await other.close()
