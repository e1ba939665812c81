"""What people do in VK, and what becomes of it."""

from __future__ import annotations

import asyncio

from ses.connectors.contract import DeliveryFailed
from ses.connectors.testing import MemoryReception, echo
from ses.messages import Attachment, Button, Conversation, Outgoing

ANNA, BORIS = 1001, 1002


def events(reception):
    return [(one.session, one.event, one.payload) for one in reception.received if one.event]


async def settled(vk, joined):
    """Return when everything that VK told so far is stored."""
    while True:
        place = await joined.reception.recall("vk.shop", "place")
        if place is not None and f'"{vk.here}"' in place:
            return
        await asyncio.sleep(0.005)


class TestBeginning:
    async def test_the_start_button_is_the_event_start(self, vk, join):
        joined = await join()
        await vk.write(ANNA, "Начать", payload='{"command":"start"}')
        await vk.said(ANNA, 1)
        assert events(joined.reception) == [(str(ANNA), "start", {})]

    async def test_a_link_brings_its_token_and_what_was_written_with_it(self, vk, join):
        joined = await join()
        await vk.write(ANNA, "Здравствуйте", ref="t0ken")
        assert await vk.said(ANNA, 2) == ["event start", "echo Здравствуйте"]
        assert events(joined.reception) == [(str(ANNA), "start", {"token": "t0ken"})]

    async def test_allowing_messages_and_the_start_button_are_one_beginning(self, vk, join):
        joined = await join()
        vk.conversations[ANNA]  # VK knows the person
        await vk.allow(ANNA)
        await vk.write(ANNA, "Начать", payload='{"command":"start"}')
        await settled(vk, joined)
        assert events(joined.reception) == [(str(ANNA), "start", {})]

    async def test_the_connectors_variables_come_with_the_first_message_only(self, vk, join):
        joined = await join(variables={"city": "Томск"})
        await vk.write(ANNA, "раз")
        await vk.write(ANNA, "два")
        await vk.said(ANNA, 2)
        assert [one.variables for one in joined.reception.received] == [{"city": "Томск"}, {}]
        assert joined.reception.received[0].user == f"vk:{ANNA}"
        assert joined.reception.received[0].language == "ru"


class TestLeaving:
    async def test_who_forbids_messages_leaves(self, vk, join):
        joined = await join(MemoryReception(lambda inbound: () if inbound.event else echo(inbound)))
        await vk.write(ANNA, "привет")
        await vk.said(ANNA, 1)
        await vk.deny(ANNA)
        await vk.deny(BORIS)  # never spoke: there is no conversation to leave
        await settled(vk, joined)
        assert events(joined.reception) == [(str(ANNA), "leave", {})]

    async def test_who_is_put_out_of_a_chat_leaves(self, vk, join):
        joined = await join()
        await vk.write(ANNA, "привет", chat=5)
        await vk.write(BORIS, "", chat=5, action={"type": "chat_kick_user", "member_id": ANNA})
        await settled(vk, joined)
        assert events(joined.reception) == [(f"2000000005:{ANNA}", "leave", {})]

    async def test_a_message_to_who_forbade_them_is_given_up(self, vk, join):
        joined = await join()
        await vk.write(ANNA, "привет")
        await vk.said(ANNA, 1)
        vk.denied.add(ANNA)
        message = Outgoing(id="1001/9/1", seq=9, text="эй")
        failed = await _failure(joined, Conversation("vk.shop", str(ANNA)), message)
        assert failed.retry_after is None
        assert "901" in str(failed)


class TestGroups:
    async def test_each_member_of_a_chat_has_a_conversation(self, vk, join):
        joined = await join()
        await vk.write(ANNA, "от Анны", chat=5)
        await vk.write(BORIS, "от Бориса", chat=5)
        assert set(await vk.said(2000000005, 2)) == {"echo от Анны", "echo от Бориса"}
        sessions = {one.session for one in joined.reception.received}
        assert sessions == {f"2000000005:{ANNA}", f"2000000005:{BORIS}"}

    async def test_in_a_chat_the_robot_hears_who_calls_it(self, vk, join):
        joined = await join(activators=("пицц*",))
        await vk.write(BORIS, "всем привет", chat=5)
        await vk.write(ANNA, "хочу пиццу", chat=5)
        await vk.write(ANNA, "большую", chat=5)  # goes on talking to it
        await vk.write(BORIS, f"[club{vk.group_id}|@shop], а мне?", chat=5)
        reply = {"from_id": -vk.group_id, "conversation_message_id": 2}
        await vk.write(1003, "и мне", chat=5, reply_message=reply)
        await settled(vk, joined)
        heard = sorted(str(one.text) for one in joined.reception.received)
        assert heard == ["а мне?", "большую", "и мне", "хочу пиццу"]

    async def test_other_communities_are_not_answered(self, vk, join):
        joined = await join()
        await vk.write(-5, "я тоже робот", chat=5)
        await settled(vk, joined)
        assert joined.reception.received == []

    async def test_a_whitelist_lets_in_whom_it_names(self, vk, join):
        joined = await join(whitelist=(ANNA, 5))
        await vk.write(BORIS, "пустите")
        await vk.write(ANNA, "я")
        await vk.write(BORIS, "в чате", chat=5)
        await settled(vk, joined)
        assert [one.text for one in joined.reception.received] == ["я", "в чате"]


class TestButtons:
    async def test_a_press_is_answered_and_heard(self, vk, join):
        joined = await join(
            MemoryReception(lambda _: [Outgoing(id="", seq=0, text="?", buttons=(Button("Да", "1.0"),))])
        )
        await vk.write(ANNA, "привет")
        await vk.said(ANNA, 1)
        press = await vk.press(ANNA, "Да")
        await vk.until(lambda: press.answers == [None])
        await vk.said(ANNA, 2)
        assert joined.reception.received[-1].button == "1.0"

    async def test_many_buttons_stand_on_pages(self, vk, join):
        buttons = tuple(Button(f"Пицца {number}", f"1.{number}") for number in range(25))
        answer = [Outgoing(id="", seq=0, text="Какую?", buttons=buttons)]
        joined = await join(MemoryReception(lambda _: answer))
        await vk.write(ANNA, "меню")
        await vk.said(ANNA, 1)
        shown = vk.conversations[ANNA][-1]
        for sign in ("› 1/4", "› 2/4"):
            label = next(one for one in _labels(shown) if one.endswith(sign[-3:]) and "›" in one)
            await vk.press(ANNA, label, shown)
            await vk.until(lambda label=label: label not in _labels(shown))
        assert (shown.text, shown.edited) == ("Какую?", 2)
        await vk.press(ANNA, "Пицца 17", shown)
        await vk.said(ANNA, 2)
        assert joined.reception.received[-1].button == "1.17"

    async def test_an_old_app_gets_a_keyboard_below(self, vk, join):
        answer = [
            Outgoing(
                id="", seq=0, text="?", buttons=(Button("Да", "1.0"), Button("Сайт", url="https://a.example"))
            )
        ]
        joined = await join(MemoryReception(lambda _: answer))
        await vk.write(ANNA, "привет", inline_keyboard=False)
        await vk.said(ANNA, 1)
        assert vk.conversations[ANNA][-1].keyboard["inline"] is False
        await vk.press(ANNA, "Да")
        await vk.said(ANNA, 2)
        assert joined.reception.received[-1].button == "1.0"

    async def test_a_community_without_bot_features_gets_the_buttons_as_text(self, vk, join):
        await join(
            MemoryReception(lambda _: [Outgoing(id="", seq=0, text="?", buttons=(Button("Да", "1.0"),))])
        )
        vk.faults["messages.send"].append(912)
        await vk.write(ANNA, "привет")
        assert await vk.said(ANNA, 1) == ["?\n\n— Да"]


class TestContent:
    async def test_what_people_attach_is_told(self, vk, join):
        joined = await join()
        sizes = [
            {"width": 75, "height": 75, "url": "https://vk/s"},
            {"width": 800, "height": 600, "url": "https://vk/l"},
        ]
        await vk.write(
            ANNA, "", attachments=[{"type": "photo", "photo": {"id": 1, "owner_id": 2, "sizes": sizes}}]
        )
        document = {"title": "a.pdf", "size": 7, "url": "https://vk/d"}
        await vk.write(ANNA, "вот", attachments=[{"type": "doc", "doc": document}])
        await vk.write(
            ANNA, "", attachments=[{"type": "audio_message", "audio_message": {"link_ogg": "https://vk/v"}}]
        )
        await vk.write(ANNA, "", geo={"type": "point", "coordinates": {"latitude": 56.5, "longitude": 85.0}})
        await vk.write(
            ANNA, "", attachments=[{"type": "sticker", "sticker": {"images": [{"url": "https://vk/st"}]}}]
        )
        await vk.write(ANNA, "", attachments=[{"type": "wall", "wall": {"id": 1}}])
        await settled(vk, joined)
        told = [
            one.attachments[0] if one.attachments else (one.event, one.payload)
            for one in joined.reception.received
        ]
        assert told == [
            Attachment("image", media="https://vk/l", mime="image/jpeg"),
            Attachment("file", name="a.pdf", media="https://vk/d", size=7),
            Attachment("voice", media="https://vk/v", mime="audio/ogg"),
            Attachment("location", value={"lat": 56.5, "lon": 85.0}),
            Attachment("sticker", media="https://vk/st", mime="image/png"),
            ("attachment", {"kind": "wall"}),
        ]

    async def test_a_robots_files_are_uploaded_once(self, vk, join, tmp_path):
        (tmp_path / "media").mkdir()
        (tmp_path / "media/a.png").write_bytes(b"png")
        (tmp_path / "media/menu.pdf").write_bytes(b"pdf")
        joined = await join(folder=tmp_path)
        await vk.write(ANNA, "привет")
        files = (
            Attachment("image", media="media/a.png"),
            Attachment("file", name="Меню", media="media/menu.pdf"),
        )
        anna = Conversation("vk.shop", str(ANNA))
        for number in (2, 3):
            await joined.connector.deliver(
                anna, Outgoing(id=f"1001/{number}/1", seq=number, text="", attachments=files)
            )
        sent = vk.conversations[ANNA][-1].attachments
        assert [one["type"] for one in sent] == ["photo", "doc"]
        assert sorted(vk.uploads.values()) == [b"pdf", b"png"]

    async def test_files_outside_of_the_robots_folder_do_not_go(self, vk, join, tmp_path):
        (tmp_path / "media").mkdir()
        (tmp_path / "secret.txt").write_text("?")
        joined = await join(folder=tmp_path)
        await vk.write(ANNA, "привет")
        await vk.said(ANNA, 1)
        stolen = (Attachment("file", media="media/../secret.txt"),)
        message = Outgoing(id="1001/2/1", seq=2, attachments=stolen)
        assert (await _failure(joined, Conversation("vk.shop", str(ANNA)), message)).retry_after is None

    async def test_a_long_text_goes_in_pieces_with_the_buttons_under_the_last(self, vk, join):
        joined = await join()
        await vk.write(ANNA, "привет")
        await vk.said(ANNA, 1)
        text = "Это предложение повторяется. " * 300
        message = Outgoing(id="1001/2/1", seq=2, text=text, buttons=(Button("Да", "1.0"),))
        await joined.connector.deliver(Conversation("vk.shop", str(ANNA)), message)
        pieces = vk.conversations[ANNA][2:]
        assert [one.keyboard is not None for one in pieces] == [False, False, True]
        assert all(one.text.endswith(".") for one in pieces[:-1])
        assert " ".join(one.text for one in pieces).split() == text.split()

    async def test_marks_that_vk_would_show_are_taken_away(self, vk, join):
        joined = await join()
        await vk.write(ANNA, "привет")
        await vk.said(ANNA, 1)
        text = "## Меню\n**Пицца** и `чай`: [сайт](https://a.example), 2 * 2 * 2"
        message = Outgoing(id="1001/2/1", seq=2, text=text, format="markdown")
        await joined.connector.deliver(Conversation("vk.shop", str(ANNA)), message)
        assert vk.texts(ANNA)[-1] == "Меню\nПицца и чай: сайт (https://a.example), 2 * 2 * 2"


class TestEdits:
    async def test_an_edit_names_the_message_it_changes(self, vk, join):
        joined = await join()
        message = await vk.write(ANNA, "болшую")
        await vk.said(ANNA, 1)
        await vk.edit(message, "большую")
        await settled(vk, joined)
        first, second = joined.reception.received
        assert (second.text, second.edit_of) == ("большую", first.id)

    async def test_the_robots_message_is_edited_too(self, vk, join):
        joined = await join()
        await vk.write(ANNA, "привет")
        await vk.said(ANNA, 1)
        anna = Conversation("vk.shop", str(ANNA))
        await joined.connector.deliver(anna, Outgoing(id="1001/1/1b", seq=2, text="первая"))
        await joined.connector.deliver(
            anna, Outgoing(id="1001/2/1", seq=3, text="вторая", replaces="1001/1/1b")
        )
        assert vk.texts(ANNA)[1:] == ["вторая"]
        await joined.connector.deliver(
            anna, Outgoing(id="1001/3/1", seq=4, text="третья", replaces="1001/0/1")
        )
        assert vk.texts(ANNA)[1:] == ["вторая", "третья"]  # what is not known any more is sent anew


async def _failure(joined, conversation, message):
    try:
        await joined.connector.deliver(conversation, message)
    except DeliveryFailed as failed:
        return failed
    raise AssertionError("it was delivered")


def _labels(message):
    return [button["action"]["label"] for row in message.keyboard["buttons"] for button in row]
