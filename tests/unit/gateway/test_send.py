"""`/ses/send` and `/ses/event`: what reaches the conversations, who may call, what is refused."""

import pytest

from ses.connectors.contract import Refused
from ses.conversations.external.recipients import Recipient
from ses.messages import Attachment, InjectedButton, InjectedMessage


async def test_a_message_reaches_the_conversation_that_is_meant(served):
    body = {
        "robot": "pizzeria", "to": {"chat": 7, "connector": "telegram.shop"}, "text": "Готово",
        "buttons": ["Спасибо", {"text": "Где?", "flow": "where", "args": {"near": "metro"}}],
        "attachments": [{"kind": "image", "media": "media/box.png"}], "id": "k1",
    }  # fmt: skip
    answer = await served.json("POST", "/ses/send", json=body)
    assert answer == {
        "error": 0, "message": "success", "robot": "pizzeria", "connector": "telegram.shop", "session_id": "7",
        "id": "~out-1", "repeated": False,
    }  # fmt: skip
    ((command, caller, id_),) = served.pipeline.commands
    assert (caller, id_, command.robots) == ("send local", "k1", ("pizzeria",))
    assert command.to == Recipient(chat="7", connector="telegram.shop")
    assert command.say == InjectedMessage(
        text="Готово",
        buttons=(InjectedButton("Спасибо"), InjectedButton("Где?", "where", {"near": "metro"})),
        attachments=(Attachment("image", name="box.png", media="media/box.png"),),
    )


async def test_an_event_reaches_it_with_its_fields(served):
    body = {"session": "s1", "event": "paid", "data": {"sum": 590}}
    await served.json("POST", "/ses/event", json=body, headers={"Idempotency-Key": "k2"})
    ((command, caller, id_),) = served.pipeline.commands
    assert (caller, id_, command.event, command.data) == ("event local", "k2", "paid", {"sum": 590})
    assert set(command.robots) == {"pizzeria", "helpdesk"}


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/ses/send", {"text": "a"}, "to: Field required"),
        ("/ses/send", {"to": {}, "text": "a"}, "to: one of `session`, `user`, `phone`, `chat` is needed"),
        ("/ses/send", {"to": {"session": "s", "user": "u"}, "text": "a"}, "to: one of `session`"),
        ("/ses/send", {"to": {"chat": "1"}, "text": "a"}, "to: `chat` needs the `connector`"),
        ("/ses/send", {"to": {"session": "s"}}, "one of `text`, `template`, `attachments` is needed"),
        ("/ses/send", {"to": {"session": "s"}, "text": "a", "template": "b"}, "`text` or `template`, not both"),
        ("/ses/send", {"to": {"session": "s"}, "text": "a", "variables": {"x": 1}}, "`variables` go with `template`"),
        ("/ses/send", {"to": {"session": "s"}, "text": "a", "buttons": [{"text": "x", "url": "javascript:1"}]}, "buttons"),
        ("/ses/event", {"session": "s"}, "event: Field required"),
        ("/ses/event", {"event": "paid"}, "one of `session`, `user`, `phone`, `chat` is needed"),
        ("/ses/event", {"session": "s", "event": "paid", "payload": {}}, "payload: unknown field"),
    ],
)  # fmt: skip
async def test_a_body_that_is_not_as_it_should_be_names_the_place(served, path, body, told):
    answer = await served.json("POST", path, status=422, json=body)
    assert told in answer["message"]
    assert served.pipeline.commands == []


@pytest.mark.parametrize(
    ("code", "status"),
    [("unknown_addressee", 404), ("unknown_event", 404), ("gone", 410), ("conflict", 409), ("ambiguous", 409), ("busy", 503)],
)  # fmt: skip
async def test_each_refusal_has_its_status(served, code, status):
    served.pipeline.refusal = Refused(code, "told why", 10.0 if code == "busy" else None)
    answer = await served.json("POST", "/ses/event", status=status, json={"session": "s", "event": "paid"})
    assert answer["message"] == "told why"


class TestWithKeys:
    @pytest.fixture
    def keys(self, all_keys):
        return all_keys

    async def test_only_a_key_with_the_scope_and_for_the_robot_may_write(self, served):
        body = {"to": {"session": "s"}, "text": "a"}
        headers = {name: {"X-API-Key": f"{name}-key-0123456789"} for name in ("reader", "sender")}
        for name, robot, status in (("reader", "pizzeria", 403), ("sender", "helpdesk", 403)):
            given = {**body, "robot": robot}
            await served.json("POST", "/ses/send", status=status, json=given, headers=headers[name])
        assert served.pipeline.commands == []
        await served.json("POST", "/ses/send", json=body, headers=headers["sender"])
        ((command, caller, _),) = served.pipeline.commands
        assert (command.robots, caller) == (("pizzeria",), "send sender")
