"""Recordings as people's devices make them become what services and channels take; anything else harms nobody."""

from __future__ import annotations

import io
import wave

import pytest

from doubles.recordings import CODECS, tone
from ses.audio.conversion import Converter, seconds_of
from ses.audio.worker import container_of
from ses.errors import StepError


@pytest.mark.parametrize("container", CODECS)
async def test_every_container_becomes_what_the_recogniser_takes(container):
    wav = await Converter().converted(tone(0.5, container), "wav")
    with wave.open(io.BytesIO(wav)) as read:
        assert (read.getframerate(), read.getnchannels(), read.getsampwidth()) == (16000, 1, 2)
    assert 0.4 < seconds_of(wav) < 0.7
    samples = memoryview(wav[44:]).cast("h")
    assert max(samples) > 4000, "the tone is gone"


@pytest.mark.parametrize(("form", "sign"), [("ogg", b"OggS"), ("mp3", b"\xff")])
async def test_speech_becomes_what_people_listen_to(form, sign):
    made = await Converter().converted(tone(0.5, "wav"), form)
    assert made[:8].startswith(sign) or made.startswith(b"ID3")
    assert 0.4 < seconds_of(await Converter().converted(made, "wav")) < 0.7
    assert (b"OpusHead" in made[:64]) == (form == "ogg")


@pytest.mark.parametrize(
    "hostile",
    [b"", b"OggS", b"OggS" + bytes(500), b"ID3" + b"\xff" * 3000, b"RIFF\xff\xff\xff\xffWAVEfmt ", tone(0.3)[:60],
     b"\x1aE\xdf\xa3" + b"\x42" * 2000, b"\x00\x00\x00\x18ftypM4A " + b"\x00" * 100, b"<html>", b"\xff\xfb" * 900],
    ids=["nothing", "ogg-sign", "ogg-of-zeros", "id3", "wav-header", "cut-ogg", "webm", "m4a", "html", "mp3-frames"],
)  # fmt: skip
async def test_what_is_no_recording_is_refused(hostile):
    with pytest.raises(StepError) as refused:
        await Converter().converted(hostile, "wav")
    assert (refused.value.kind, refused.value.service) == ("malformed", "audio")


@pytest.mark.parametrize(
    "names_others", [b"#EXTM3U\n/etc/passwd\n", b"ffconcat version 1.0\nfile /etc/passwd\n", b"<MPD/>"]
)
def test_lists_of_other_files_are_no_recordings(names_others):
    assert container_of(names_others) is None


async def test_a_recording_that_is_too_long_is_not_heard_to_its_end():
    with pytest.raises(StepError, match="longer than 0.2 s") as refused:
        await Converter(longest=0.2).converted(tone(1.0), "wav")
    assert refused.value.kind == "value"


async def test_a_converter_that_takes_too_long_is_ended(tmp_path):
    sleepy = tmp_path / "sleepy.py"
    sleepy.write_text("import time; time.sleep(600)")
    with pytest.raises(StepError) as refused:
        await Converter(patience=0.05, worker=sleepy).converted(b"x", "wav")
    assert refused.value.kind == "timeout"


async def test_a_decoder_that_dies_harms_its_recording_only(tmp_path):
    dying = tmp_path / "dying.py"
    dying.write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(StepError, match="brought its converter down"):
        await Converter(worker=dying).converted(tone(0.2), "wav")
    assert seconds_of(await Converter().converted(tone(0.2), "wav")) > 0.1


async def test_without_the_library_the_error_says_what_to_install(tmp_path):
    poor = tmp_path / "poor.py"
    poor.write_text("raise SystemExit(5)")
    with pytest.raises(StepError, match="pip install av"):
        await Converter(worker=poor).converted(b"x", "wav")
