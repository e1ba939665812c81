"""One conversion: a recording at stdin, the same in another form at stdout.

A child process runs this file by its path, with an empty environment and limits of its own. Decoders are large programs
in C, and what they are fed comes from strangers: a recording that brings one down harms nobody else. Nothing of the
daemon is imported, so a child is at work in a tenth of a second.
"""

from __future__ import annotations

import io
import os
import resource
import sys
import wave
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

UNREADABLE, TOO_LONG, NO_LIBRARY = 3, 4, 5
"""Exit codes; any other but 0 is a death."""
SPEECH_RATE = 16_000
"""Samples a second that the recogniser takes."""
CPU = 60
"""Seconds of processor time."""
MEMORY = 1 << 30
NOBODY = 65534
FORMATS = {"ogg": ("libopus", 48_000, 32_000), "mp3": ("libmp3lame", 44_100, 64_000)}
"""Encoder, samples and bits a second of what people listen to."""


def container_of(data: bytes) -> str | None:
    """The demuxer for a recording by its first bytes. What is not named here is not opened: among the formats of the
    library are lists of other files and addresses."""
    head = data[:16]
    for sign, name in ((b"OggS", "ogg"), (b"\x1aE\xdf\xa3", "matroska"), (b"ID3", "mp3"), (b"fLaC", "flac"), (b"#!AMR", "amr")):  # fmt: skip
        if head.startswith(sign):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    if head[4:8] == b"ftyp":
        return "mov"
    if head[:1] == b"\xff" and len(head) > 1:
        if head[1] & 0xF6 == 0xF0:
            return "aac"
        if head[1] & 0xE0 == 0xE0:
            return "mp3"
    return None


def restrain() -> None:
    """Give up what a decoder does not need."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU, CPU))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if os.getuid() == 0:
        with suppress(OSError):  # a container may not allow it
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)


class TooLong(Exception):
    """There is more sound than is taken."""


def converted(av: Any, data: bytes, target: str, longest: float) -> bytes:
    """The first sound of a recording as wav (16 kHz, mono, 16 bits), ogg (Opus) or mp3.

    Raises `TooLong`, and errors of the library for what is no recording.
    """
    container = container_of(data)
    if container is None:
        raise ValueError("no recording of a known kind")
    with av.open(io.BytesIO(data), mode="r", format=container) as source:
        frames = source.decode(source.streams.audio[0])
        if target == "wav":
            return _wav(av, frames, longest)
        return _encoded(av, frames, target, longest)


def _resampled(av: Any, frames: Any, longest: float, rate: int, **form: Any) -> Iterator[Any]:
    resampler = av.AudioResampler(layout="mono", rate=rate, **form)
    samples = 0
    for frame in frames:
        frame.pts = None  # what a stranger's clock says is of no use
        for piece in resampler.resample(frame):
            samples += piece.samples
            if samples > longest * rate:
                raise TooLong
            yield piece
    yield from resampler.resample(None)


def _wav(av: Any, frames: Any, longest: float) -> bytes:
    result = io.BytesIO()
    with wave.open(result, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(SPEECH_RATE)
        for piece in _resampled(av, frames, longest, SPEECH_RATE, format="s16"):
            written.writeframesraw(bytes(piece.planes[0])[: piece.samples * 2])
    return result.getvalue()


def _encoded(av: Any, frames: Any, target: str, longest: float) -> bytes:
    codec, rate, bits = FORMATS[target]
    result = io.BytesIO()
    with av.open(result, mode="w", format=target) as written:
        stream = written.add_stream(codec, rate=rate, layout="mono", bit_rate=bits)
        encoder = stream.codec_context
        encoder.open()  # before it is open it does not know how many samples it takes at once
        for piece in _resampled(
            av, frames, longest, rate, format=encoder.format, frame_size=encoder.frame_size or None
        ):
            written.mux(stream.encode(piece))
        written.mux(stream.encode(None))
    return result.getvalue()


def main() -> int:
    """`worker.py wav|ogg|mp3 SECONDS`"""
    target, longest = sys.argv[1], float(sys.argv[2])
    data = sys.stdin.buffer.read()
    try:
        import av
    except ImportError:
        return NO_LIBRARY
    av.logging.set_level(None)
    restrain()
    try:
        result = converted(av, data, target, longest)
    except TooLong:
        return TOO_LONG
    except (av.error.FFmpegError, ValueError, IndexError, OverflowError, MemoryError):
        return UNREADABLE
    sys.stdout.buffer.write(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
