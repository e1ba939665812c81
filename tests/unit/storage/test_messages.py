"""What lies in a database is read by the next release: the names under which messages are stored do not change."""

from __future__ import annotations

import msgspec

from ses.messages import ChannelTransfer, Inbound


def test_an_inbound_is_stored_under_the_names_it_always_had():
    inbound = Inbound(
        connector="web", session="s1", id="m1", robot="pizzeria", channel="web", at=1.0,
        external=True, transfer=ChannelTransfer(kind="refusal"),
    )  # fmt: skip
    stored = msgspec.json.encode(inbound)
    assert msgspec.json.decode(stored) == {
        "connector": "web", "session": "s1", "id": "m1", "robot": "pizzeria", "channel": "web", "at": 1.0,
        "outside": True, "passage": {"kind": "refusal"},
    }  # fmt: skip
    assert msgspec.json.decode(stored, type=Inbound) == inbound
