"""Frames in and out as values: no socket."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses.connectors.contract import HistoryEntry
from ses.connectors.web import render
from ses.connectors.web.media import media_url
from ses.connectors.web.parse import (
    Edit,
    Hello,
    Malformed,
    Message,
    Open,
    Ping,
    Read,
    Typing,
    UploadRef,
    parse,
)
from ses.connectors.web.rate_limit import PATIENCE, SocketRateLimit
from ses.messages import Attachment, Button, Inbound, Outgoing


@pytest.mark.parametrize(
    "text, frame",
    [
        ('{"type":"hello"}', Hello()),
        ('{"type":"hello","session":"s","key":"k","after":7}', Hello(session="s", key="k", after=7)),
        ('{"type":"open"}', Open()),
        ('{"type":"message","id":"a","text":"привет"}', Message("a", text="привет")),
        ('{"text":"порядок полей","id":"a","type":"message"}', Message("a", text="порядок полей")),
        (
            '{"type":"message","id":"a","attachments":[{"id":"u","kind":"voice"},{"id":"w"}]}',
            Message("a", attachments=(UploadRef("u", "voice"), UploadRef("w"))),
        ),
        ('{"type":"message","id":"a","button":"1.1.0"}', Message("a", button="1.1.0")),
        ('{"type":"message","id":"a","text":" "}', Message("a", text=" ")),
        ('{"type":"edit","id":"b","of":"a","text":"x"}', Edit("b", "a", "x")),
        ('{"type":"typing","anything":[1]}', Typing()),
        ('{"type":"read","seq":3}', Read(3)),
        ('{"type":"ping"}', Ping()),
    ],
)
def test_each_frame_of_the_protocol_is_understood(text, frame):
    assert parse(text) == frame


def test_a_malformed_frame_names_the_field():
    with pytest.raises(Malformed, match=r"`id`"):
        parse('{"type":"message","text":"x"}')
    with pytest.raises(Malformed, match=r"\$\.text"):
        parse('{"type":"message","id":"a","text":5}')


@given(st.text())
def test_any_text_is_a_frame_or_malformed_and_little_of_it_is_echoed(text):
    try:
        parse(text)
    except Malformed as error:
        assert len(str(error)) <= 200


def outgoing(**more) -> Outgoing:
    return Outgoing(id="s/1/1", seq=1, **more)


def shown(message: Outgoing) -> dict:
    return json.loads(
        render.encode(render.shown_outgoing(message, lambda media: media_url("my site", media)))
    )


def test_a_message_goes_out_with_what_it_has_and_no_more():
    assert shown(outgoing(text="Привет", masked="‹x›", trace="t")) == {
        "type": "message",
        "id": "s/1/1",
        "from": "robot",
        "seq": 1,
        "text": "Привет",
    }


@pytest.mark.parametrize(
    "media, url",
    [
        ("media/a b/ц.png", "/ses/media/my%20site/a%20b/%D1%86.png"),
        ("https://cdn.example/a.png", "https://cdn.example/a.png"),
        ("media/../robot.yaml", "/ses/media/my%20site/../robot.yaml"),  # the route resolves and refuses it
        ("robot.yaml", None),
        ("upload:12", None),
        ("javascript:alert(1)", None),
    ],
)
def test_media_gets_an_address_only_where_a_page_may_fetch_it(media, url):
    (attachment,) = shown(outgoing(attachments=(Attachment(kind="image", media=media),)))["attachments"]
    assert attachment.get("url") == url


def visitor(id: str, **what) -> HistoryEntry:
    inbound = Inbound(connector="web.s", session="s", id=id, robot="r", channel="web", at=5.0, **what)
    return HistoryEntry("visitor", id, 5.0, None, inbound=inbound)


def test_history_shows_presses_by_label_and_no_events():
    asked = HistoryEntry(
        "robot", "s/1/1", 4.0, 1, outgoing=outgoing(text="?", buttons=(Button("Да", "1.1.0"),))
    )
    entries = [
        visitor("~start", event="start"),
        asked,
        visitor("a", button="1.1.0"),
        visitor("b", button="9.9.9"),
        visitor("c", text="нет", edit_of="a"),
    ]
    lines = render.shown_entries(entries, lambda _media: "")
    assert [(line.sender, line.text, line.seq, line.of) for line in lines] == [
        ("robot", "?", 1, None),
        ("visitor", "Да", None, None),
        ("visitor", "9.9.9", None, None),
        ("visitor", "нет", None, "a"),
    ]


def test_history_shows_what_was_recognised_only_where_the_site_wants_it():
    voice = Attachment(kind="voice", media="upload:u1", mime="audio/webm", size=9)
    entries = [
        visitor("a", text="две пиццы", attachments=(voice,)),
        visitor("b", attachments=(Attachment(kind="audio", media="upload:u1", mime="audio/ogg"),)),
        visitor("c", text="вот", attachments=(Attachment(kind="image", media="upload:u2"),)),
        visitor("d", text="‹card›", attachments=(Attachment(kind="voice"),)),
    ]
    lines = render.shown_entries(entries, lambda _media: "", transcription=True)
    assert [(line.text, line.transcript) for line in lines] == [
        ("", "две пиццы"),
        ("", ""),
        ("вот", ""),
        ("", "‹card›"),
    ]
    assert [line.attachments[0].upload for line in lines] == ["u1", "u1", "u2", ""]
    lines = render.shown_entries(entries, lambda _media: "")
    assert [(line.text, line.transcript) for line in lines] == [("", ""), ("", ""), ("вот", ""), ("", "")]


def test_a_burst_is_free_then_the_rate_is_kept():
    limit = SocketRateLimit(messages=2, per=1, burst=3, now=0.0)
    assert [limit.take(0.0) for _ in range(3)] == [(0.0, False)] * 3
    assert limit.take(0.0) == (0.5, False)
    assert limit.take(0.5) == (0.5, False)
    assert limit.take(100.0) == (0.0, False)


def test_patience_ends_and_returns():
    limit = SocketRateLimit(messages=1, per=1, burst=1, now=0.0)
    now = 0.0
    while True:
        wait, flood = limit.take(now)
        if flood:
            break
        now += wait
        assert now <= PATIENCE + 2
    assert limit.take(now + wait + 1) == (0.0, False)


@given(st.lists(st.floats(0, 5), max_size=60))
def test_no_socket_is_read_faster_than_its_limit(gaps):
    limit = SocketRateLimit(messages=3, per=2, burst=4, now=0.0)
    now, read = 0.0, []
    for gap in gaps:
        wait, flood = limit.take(now)
        if not flood:
            now += wait
            read.append(now)
        now += gap
    for first in range(len(read)):
        for last in range(first, len(read)):
            assert last - first + 1 <= 4 + (read[last] - read[first]) * 1.5 + 1e-6
