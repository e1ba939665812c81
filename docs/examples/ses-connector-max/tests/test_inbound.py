"""What a robot hears of MAX's updates."""

from __future__ import annotations

import json

import pytest

from ses.clock import SystemClock
from ses_connector_max import KIND
from ses_connector_max.inbound import InboundReader, destination_of
from ses_connector_max.parse import Malformed, User, parse

ME = User(user_id=77, is_bot=True, username="oven_bot")
ANNA = {"user_id": 1001, "first_name": "Аня", "is_bot": False}
GROUP = -500


@pytest.fixture
def reader():
    def make(**given):
        settings = KIND.settings.model_validate({"token": "t", "robot": "echo", **given})
        return InboundReader("max.shop", settings, ME, SystemClock())

    return make


def update(kind="message_created", **what):
    return parse(json.dumps({"update_type": kind, "timestamp": 1770679787821, **what}).encode())


def message(text=None, *attachments, chat=None, sender=ANNA, **more):
    """A message as MAX brings it; the fields of a real one of February 2026 are all there."""
    recipient = {"chat_id": 42, "chat_type": "dialog", "user_id": 77}
    if chat is not None:
        recipient = {"chat_id": chat, "chat_type": "chat"}
    body = {"mid": "mid.0000000008a53b9b019c44bd612d33e0", "seq": 116043270574650336, "text": text}
    if attachments:
        body["attachments"] = list(attachments)
    body |= {"markup": more.pop("markup")} if "markup" in more else {}
    return {"recipient": recipient, "timestamp": 1770679787821, "body": body, "sender": sender, **more}


def test_a_text_in_a_dialogue(reader):
    received = reader().read(update(message=message("вапва"), user_locale="ru"))
    inbound = received.inbound
    assert (inbound.connector, inbound.session, inbound.text) == ("max.shop", "1001", "вапва")
    assert (inbound.id, inbound.channel, inbound.user) == (
        "mid.0000000008a53b9b019c44bd612d33e0",
        "max",
        "max:1001",
    )
    assert (inbound.language, received.chat, received.written) == ("ru", 42, 1770679787.821)


def test_pictures_files_voices_places_and_contacts_are_attachments(reader):
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nTEL;TYPE=cell:79131234567\r\nFN:Аня Петрова\r\nEND:VCARD\r\n"
    sent = message(
        "вот",
        {"type": "image", "payload": {"photo_id": 1, "token": "t", "url": "https://i.oneme.ru/i?r=1"}},
        {
            "type": "file",
            "payload": {"url": "https://fd.oneme.ru/2", "token": "t"},
            "filename": "чек.pdf",
            "size": 5,
        },
        {"type": "audio", "payload": {"url": "https://a.oneme.ru/3", "token": "t"}},
        {"type": "location", "latitude": 55.03, "longitude": 82.92},
        {"type": "contact", "payload": {"vcf_info": card, "max_info": ANNA}},
        {"type": "share", "payload": {"url": "https://shop.example"}},
    )
    taken = reader().read(update(message=sent)).inbound.attachments
    assert [one.kind for one in taken] == ["image", "file", "voice", "location", "contact"]
    assert (taken[1].name, taken[1].size, taken[1].media) == ("чек.pdf", 5, "https://fd.oneme.ru/2")
    assert taken[3].value == {"lat": 55.03, "lon": 82.92}
    assert taken[4].value == {"phone": "79131234567", "name": "Аня Петрова"}


def test_what_no_robot_takes_is_an_event(reader):
    inbound = reader().read(update(message=message(None, {"type": "poll", "payload": {}}))).inbound
    assert (inbound.event, inbound.payload) == ("attachment", {"kind": "poll"})


def test_a_link_that_led_here_is_told_with_the_start(reader):
    inbound = reader().read(update("bot_started", chat_id=42, user=ANNA, payload="promo-7")).inbound
    assert (inbound.event, inbound.payload, inbound.session) == ("start", {"token": "promo-7"}, "1001")


def test_a_stopped_bot_is_left(reader):
    received = reader().read(update("bot_stopped", chat_id=42, user=ANNA))
    assert (received.inbound.event, received.inbound.session, received.begun_only) == ("leave", "1001", True)
    left = reader().read(update("user_removed", chat_id=GROUP, user=ANNA, is_channel=False))
    assert (left.inbound.event, left.inbound.session, left.begun_only) == ("leave", "-500:1001", True)


def test_an_edit_names_the_message_it_replaces(reader):
    inbound = reader().read(update("message_edited", message=message("иначе"))).inbound
    assert (inbound.text, inbound.edit_of) == ("иначе", "mid.0000000008a53b9b019c44bd612d33e0")
    assert inbound.id != inbound.edit_of
    assert len(inbound.id) <= 64


def test_presses_of_one_keyboard_are_told_apart_by_their_time(reader):
    ids = set()
    for at in (1, 1, 2):
        callback = {"timestamp": at, "callback_id": "f9LHodD0cOL" * 9, "payload": "2.0.1", "user": ANNA}
        received = reader().read(update("message_callback", callback=callback, message=message("?")))
        assert (received.inbound.button, received.callback) == ("2.0.1", "f9LHodD0cOL" * 9)
        ids.add(received.inbound.id)
    assert len(ids) == 2
    assert all(len(one) <= 64 for one in ids)


def test_in_a_group_the_robot_hears_who_wakes_it(reader):
    def heard(text, activators=("пицц*",), **more):
        received = reader(activators=list(activators)).read(update(message=message(text, chat=GROUP, **more)))
        return received.inbound.text if received is not None else None

    assert heard("всем привет") is None
    assert heard("хочу пиццу") == "хочу пиццу"
    assert heard("@oven_bot, меню") == "меню"
    assert heard("меню", link={"type": "reply", "sender": {"user_id": 77, "is_bot": True}}) == "меню"
    assert (
        heard("Печь, меню", markup=[{"type": "user_mention", "from": 0, "length": 4, "user_id": 77}])
        == "Печь, меню"
    )
    assert heard("всем привет", activators=()) == "всем привет"


def test_robots_and_strangers_are_not_heard(reader):
    assert reader().read(update(message=message("я", sender={"user_id": 5, "is_bot": True}))) is None
    assert reader(whitelist=[7]).read(update(message=message("я"))) is None
    assert reader(whitelist=[1001]).read(update(message=message("я"))) is not None
    assert reader().read(update("dialog_muted", chat_id=42, user=ANNA)) is None


def test_what_is_no_update_is_malformed():
    for body in (b"{", b"[]", b'{"update_type": 5}', b'{"update_type": "message_created", "message": 1}'):
        with pytest.raises(Malformed):
            parse(body)


def test_a_session_tells_where_its_messages_go():
    assert destination_of("1001") == {"user_id": 1001}
    assert destination_of("-500:1001") == {"chat_id": -500}
    for stranger in ("nobody", "", "1:x"):
        with pytest.raises(ValueError, match="invalid literal"):
            destination_of(stranger)
