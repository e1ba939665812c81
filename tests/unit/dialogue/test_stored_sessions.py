"""A session written by an earlier release is read, and written again as it was: its keys never change."""

from __future__ import annotations

from typing import Any

import msgspec

from ses.dialogue.state.session import Session

FRAME: dict[str, Any] = {
    "f": "order",
    "p": "order.2",
    "o": True,
    "a": {"a": 1},
    "w": ["size"],
    "k": ["crust"],
    "l": {"l": [[1, 2], 2, 1]},
    "t": [["order.1", {"size": "small"}, ["crust"], True, True]],
    "x": 1,
    "q": 3,
    "c": "size",
    "h": [{"value": 1, "label": "x", "item": 1}],
    "m": [[{"role": "tool", "content": "1"}], [["id", "flow", "{}"]], 1],
}
VOICE: dict[str, Any] = {
    "text": "привет",
    "model": "m",
    "media": "telegram:x",
    "duration": 1.5,
    "traits": {"gender": {"class": "f"}},
    "details": {"n": 1},
    "problem": "silence",
}
CHECKPOINT: dict[str, Any] = {
    "inbounds": ["m1"],
    "index": 1,
    "at": 5.0,
    "said": 2,
    "calls": 3,
    "route": True,
    "repeat": True,
    "back": 7,
    "prefix": [["a", "b"]],
    "text": "text",
    "seen": ["text", {"v1": {"city": [["city", "omsk", 0, 4, 0, 1, 1.0]]}}],
    "used": [[0, 4]],
    "private": [[0, 4, "phone"]],
    "masked": {"m1": "‹phone›"},
    "answered": True,
    "understood": True,
    "fell": True,
    "replaces": ["s/1/1"],
    "steps": 9,
    "attempt": 2,
    "first": True,
    "ending": True,
    "listening": True,
    "hot": True,
    "voices": {"m1": VOICE},
}
SESSION: dict[str, Any] = {
    "r": "demo",
    "c": "telegram.shop",
    "i": "7",
    "h": "telegram",
    "u": "u",
    "l": "ru",
    "t": 4,
    "n": 5,
    "m": 6.0,
    "us": 7.0,
    "s": [{"i": 2, "v": "v1", "s": [FRAME], "k": "event", "a": {"event": {"name": "go"}}, "q": True}],
    "a": 2,
    "q": 3,
    "v": {"x": 1},
    "o": {"size": "big"},
    "p": {"url": "/"},
    "w": {"k": 1},
    "b": [[4, 1, "slot", 2, 3, "size", [["L", 1, "flow", {"a": 1}]]]],
    "y": True,
    "z": {
        "kind": "passage",
        "utterance": "said",
        "slot": "slot",
        "value": {"link": "ab"},
        "activity": 2,
        "options": [0, 1],
    },
    "k": 1,
    "f": CHECKPOINT,
    "e": "m1",
    "g": [4, 1, 2],
    "sp": "m0",
    "d": b"\x80",
    "ub": {"city": ["=", "omsk"], "n": ["+", -1]},
    "lf": True,
}


def test_every_field_of_a_stored_session_keeps_its_key() -> None:
    stored = msgspec.msgpack.encode(SESSION)
    assert msgspec.msgpack.decode(Session.decode(stored).encode()) == SESSION
