"""What MAX gets of a robot's messages, and what becomes of those it does not take."""

from __future__ import annotations

import pytest

from ses.connectors.contract import DeliveryFailed
from ses.connectors.testing import MemoryReception
from ses.messages import Attachment, Button, Conversation, Outgoing
from ses_connector_max.render import rendered
from ses_connector_max.testing import Fault

ANNA = 1001
TO_ANNA = Conversation("max.shop", "1001")


def out(text="", id="1001/1/1", **given):
    return Outgoing(id=id, seq=1, text=text, **given)


async def test_a_long_text_goes_in_pieces_with_the_buttons_under_the_last(max_side):
    text = "Слово за слово. " * 500
    await max_side.connector.deliver(TO_ANNA, out(text, buttons=(Button("Да", "y"),)))
    said = max_side.fake.to(ANNA)
    assert [bool(one.buttons) for one in said] == [False, True]
    assert "".join(one.text for one in said).replace(" ", "") == text.replace(" ", "")


async def test_signs_that_count_twice_do_not_make_a_piece_too_long(max_side):
    await max_side.connector.deliver(TO_ANNA, out("🍕 " * 1900))
    assert sum(one.text.count("🍕") for one in max_side.fake.to(ANNA)) == 1900


async def test_every_kind_of_button_keeps_to_the_limits_of_a_row(max_side):
    buttons = (
        *(Button(f"{number}", f"b{number}") for number in range(40)),
        Button("Сайт", url="https://shop.example"),
        Button("Телефон", request="phone"),
        Button("Место", request="location"),
        Button("Очень " * 40, "long"),
    )
    await max_side.connector.deliver(TO_ANNA, out("Что?", buttons=buttons))
    (said,) = max_side.fake.to(ANNA)
    kinds = [button["type"] for button in said.buttons]
    assert kinds == ["callback"] * 40 + ["link", "request_contact", "request_geo_location", "callback"]


async def test_more_buttons_than_a_keyboard_holds_stand_under_a_second_message(max_side):
    buttons = tuple(Button(f"{number}", f"b{number}") for number in range(250))
    await max_side.connector.deliver(TO_ANNA, out("Много", buttons=buttons))
    assert [len(one.buttons) for one in max_side.fake.to(ANNA)] == [210, 40]


@pytest.fixture
async def with_media(max_folder, side_over):
    async with side_over(MemoryReception(), max_folder) as side:
        yield side


@pytest.fixture
def max_folder(tmp_path):
    (tmp_path / "media").mkdir()
    for name in ("menu.jpg", "film.mp4", "menu.pdf", "hello.ogg"):
        (tmp_path / "media" / name).write_bytes(name.encode())
    (tmp_path / "secret.txt").write_text("s")
    return tmp_path


async def test_files_are_uploaded_once_and_stand_as_max_allows(with_media):
    attachments = (
        Attachment("image", media="media/menu.jpg"), Attachment("video", media="media/film.mp4"),
        Attachment("file", media="media/menu.pdf", name="Меню.pdf"), Attachment("voice", media="media/hello.ogg"),
        Attachment("location", value={"lat": 55.0, "lon": 82.9}),
        Attachment("contact", value={"phone": "+7913", "name": "Печь"}),
        Attachment("file", media="https://shop.example/big.zip", name="Архив"),
    )  # fmt: skip
    fake = with_media.fake
    for number in (1, 2):
        buttons = (Button("Да", "y"),)
        await with_media.connector.deliver(
            TO_ANNA, out("Вот", f"1001/{number}/1", attachments=attachments, buttons=buttons)
        )
    kinds = [[one["type"] for one in sent.attachments] for sent in fake.to(ANNA)]
    assert (
        kinds == [["file"], ["audio"], ["location"], ["contact"], ["image", "video", "inline_keyboard"]] * 2
    )
    assert fake.to(ANNA)[4].text == "Вот\n\nАрхив: https://shop.example/big.zip"
    assert sorted((kind, name, content.decode()) for kind, name, content in fake.uploads.values()) == [
        ("audio", "hello.ogg", "hello.ogg"), ("file", "Меню.pdf", "menu.pdf"),
        ("image", "menu.jpg", "menu.jpg"), ("video", "film.mp4", "film.mp4"),
    ]  # fmt: skip


@pytest.mark.parametrize("media", ["media/none.jpg", "secret.txt", "media/../secret.txt", "/etc/passwd"])
async def test_only_files_of_the_robots_media_folder_are_sent(with_media, media):
    with pytest.raises(DeliveryFailed, match="there is no file") as failed:
        await with_media.connector.deliver(TO_ANNA, out(attachments=(Attachment("file", media=media),)))
    assert failed.value.retry_after is None
    assert with_media.fake.uploads == {}


async def test_a_film_that_is_not_ready_is_sent_a_moment_later_without_a_second_upload(with_media):
    with_media.fake.unready["video"] = 1
    message = out("Фильм", attachments=(Attachment("video", media="media/film.mp4"),))
    with pytest.raises(DeliveryFailed) as failed:
        await with_media.connector.deliver(TO_ANNA, message)
    assert failed.value.retry_after == 1.0
    await with_media.connector.deliver(TO_ANNA, message)
    assert len(with_media.fake.uploads) == len(with_media.fake.to(ANNA)) == 1


async def test_a_repeated_delivery_goes_on_behind_the_last_piece_that_came(max_side):
    fake = max_side.fake
    message = out("Слово за слово. " * 500)
    await max_side.connector.deliver(TO_ANNA, out("начнём", "1001/0/1"))
    fake.faults = [Fault("/messages", 503)]
    with pytest.raises(DeliveryFailed) as failed:
        await max_side.connector.deliver(TO_ANNA, message)
    assert failed.value.retry_after == 0.0
    await max_side.connector.deliver(TO_ANNA, message)
    assert len(fake.to(ANNA)) == 3


async def test_a_send_without_an_answer_is_counted_as_doubtful(max_side):
    max_side.fake.faults = [Fault("/messages", 0)]
    with pytest.raises(DeliveryFailed):
        await max_side.connector.deliver(TO_ANNA, out("дошло?"))
    assert max_side.connector.state().doubtful == 1


@pytest.mark.parametrize(
    ("status", "code", "retry_after"),
    [(429, "too.many.requests", 3.0), (403, "chat.denied", None), (404, "chat.not.found", None), (401, "verify.token", 60.0)],
)  # fmt: skip
async def test_refusals_say_when_to_try_again(max_side, status, code, retry_after):
    headers = {"Retry-After": "3"} if status == 429 else {}
    max_side.fake.faults = [Fault("/messages", status, code, headers=headers)]
    with pytest.raises(DeliveryFailed) as failed:
        await max_side.connector.deliver(TO_ANNA, out("привет"))
    assert failed.value.retry_after == retry_after


async def test_who_has_stopped_the_bot_gets_nothing_and_the_robot_hears_it(max_side):
    anna = max_side.fake.person(ANNA)
    await anna.say("привет")
    await max_side.fake.says(ANNA, 1)
    await anna.stop()
    await max_side.fake.until(lambda: max_side.fake.committed == 2)
    assert max_side.reception.received[-1].event == "leave"


async def test_an_answer_to_an_edited_message_takes_the_place_of_the_one_before(max_side):
    await max_side.connector.deliver(TO_ANNA, out("пять", buttons=(Button("Да", "y"),)))
    await max_side.connector.deliver(TO_ANNA, out("шесть", "1001/2/1", replaces="1001/1/1"))
    (said,) = max_side.fake.to(ANNA)
    assert (said.text, said.buttons, said.edits) == ("шесть", [], 1)
    max_side.fake.sent.clear()
    await max_side.connector.deliver(TO_ANNA, out("семь", "1001/3/1", replaces="1001/2/1"))
    assert [one.text for one in max_side.fake.to(ANNA)] == ["семь"]  # gone: sent anew


async def test_groups_are_answered_in_the_group(max_side):
    await max_side.connector.deliver(Conversation("max.shop", "-500:1001"), out("всем", format="markdown"))
    (said,) = max_side.fake.to(ANNA, chat=-500)
    assert (said.text, said.format) == ("всем", "markdown")


def test_a_message_of_buttons_alone_has_something_to_stand_under():
    (piece,) = rendered(out(buttons=(Button("Да", "y"),)))
    assert piece.text == "⬇️"
    assert rendered(out()) == []


async def test_spoken_words_go_as_a_voice_and_are_left_out_when_they_are_gone(side_over, tmp_path):
    spoken = tmp_path / "said.ogg"
    spoken.write_bytes(b"opus")
    voice = Attachment("voice", media=f"audio:{'0' * 32}/x.ogg")
    async with side_over(
        MemoryReception(), recording=lambda media: spoken if spoken.exists() else None
    ) as side:
        await side.connector.deliver(TO_ANNA, out("Здравствуйте", attachments=(voice,)))
        spoken.unlink()
        await side.connector.deliver(TO_ANNA, out("До свидания", "1001/2/1", attachments=(voice,)))
        said = side.fake.to(ANNA)
        assert [[one["type"] for one in sent.attachments] for sent in said] == [["audio"], [], []]
        assert [sent.text for sent in said] == ["", "Здравствуйте", "До свидания"]
