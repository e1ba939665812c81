"""Recordings lie under random names, a conversation's for that conversation, and go when their time is over."""

from __future__ import annotations

import os
import stat

import pytest

from ses.audio.store import SLACK, AudioStore
from ses.clock import VirtualClock
from ses.messages import Conversation

ANN, BEN = Conversation("telegram.shop", "1"), Conversation("telegram.shop", "2")
HOUR = 3600.0


@pytest.fixture
def clock():
    return VirtualClock(1_795_348_800.0)


@pytest.fixture
def store(tmp_path, clock):
    return AudioStore(tmp_path / "web", tmp_path / "hot", None, clock)


async def test_a_recording_is_its_conversations_own(store):
    media = await store.keep(ANN, b"sound", "bin", HOUR)
    assert await store.read(ANN, media) == b"sound"
    assert await store.read(BEN, media) is None


async def test_other_users_of_the_machine_cannot_read_it(store):
    path = store.path(await store.keep(ANN, b"sound", "bin", HOUR))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "media", ["audio:../../etc/passwd", "audio:" + "a" * 32 + "/../x.ogg", "upload:x", "audio:", ""]
)
async def test_no_name_leads_out_of_the_store(store, media):
    assert store.path(media) is None
    assert await store.read(ANN, media) is None


async def test_what_the_robot_says_to_a_website_lies_with_the_websites(store, tmp_path):
    media = await store.keep(Conversation("web.site", "s"), b"sound", "mp3", HOUR)
    assert store.path(media).is_relative_to(tmp_path / "web")


async def test_recordings_go_when_their_session_is_over_and_not_before(store, clock):
    media = await store.keep(ANN, b"sound", "bin", 30 * 24 * HOUR)
    clock.advance(29 * 24 * HOUR)
    assert store.sweep() == 0
    assert await store.read(ANN, media) == b"sound"
    clock.advance(24 * HOUR + SLACK + 1)
    assert store.sweep() == 1
    assert await store.read(ANN, media) is None


async def test_with_a_cold_place_they_are_put_there(tmp_path, clock):
    store = AudioStore(tmp_path / "web", tmp_path / "hot", tmp_path / "cold", clock)
    await store.keep(ANN, b"sound", "bin", HOUR)
    await store.archive(Conversation("web.site", "s"), b"from the widget")
    clock.advance(HOUR + SLACK + 1)
    store.sweep()
    kept = sorted(path.read_bytes() for path in (tmp_path / "cold").rglob("*.bin"))
    assert kept == [b"from the widget", b"sound"]
    assert list((tmp_path / "hot").iterdir()) == []


async def test_an_endless_conversation_keeps_its_last_recordings(store, tmp_path):
    first = await store.keep(ANN, b"first", "bin", HOUR)
    path = store.path(first)
    os.utime(path, (1, 1))
    for _ in range(100):
        await store.keep(ANN, b"x", "bin", HOUR)
    assert not path.exists()
    assert len(list(path.parent.iterdir())) == 100
