"""Recordings for tests, made by code: a tone in any container that people's devices make."""

from __future__ import annotations

import array
import io
import math
from typing import Any

import av

CODECS = {
    "ogg": "libopus", "webm": "libopus", "mp3": "libmp3lame", "mp4": "aac", "adts": "aac", "wav": "pcm_s16le",
    "flac": "flac",
}  # fmt: skip
"""By container; `mp4` is what phones call m4a."""
RATE = 48_000


def tone(seconds: float = 1.0, container: str = "ogg") -> bytes:
    """A hum of so many seconds."""
    result = io.BytesIO()
    with av.open(result, mode="w", format=container) as written:
        stream: Any = written.add_stream(CODECS[container], rate=RATE, layout="mono")
        encoder = stream.codec_context
        encoder.open()
        fitting = av.AudioResampler(
            format=encoder.format, layout="mono", rate=RATE, frame_size=encoder.frame_size or None
        )
        for start in range(0, int(seconds * RATE), 960):
            for piece in fitting.resample(_hum(start)):
                written.mux(stream.encode(piece))
        for piece in fitting.resample(None):
            written.mux(stream.encode(piece))
        written.mux(stream.encode(None))
    return result.getvalue()


def _hum(start: int) -> av.AudioFrame:
    samples = array.array(
        "h", (int(8000 * math.sin(2 * math.pi * 440 * at / RATE)) for at in range(start, start + 960))
    )
    frame = av.AudioFrame(format="s16", layout="mono", samples=960)
    frame.sample_rate = RATE
    frame.pts = start
    frame.planes[0].update(samples.tobytes())
    return frame
