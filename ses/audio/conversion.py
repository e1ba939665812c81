"""Recordings in the form that a service or a channel takes, made in a child process (`worker.py`)."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Literal

from ses.audio.worker import NO_LIBRARY, SPEECH_RATE, TOO_LONG, UNREADABLE
from ses.errors import StepError

Form = Literal["wav", "ogg", "mp3"]
LONGEST = 600.0
"""Seconds of sound in a recording."""
PATIENCE = 60.0
"""Seconds that one conversion may take."""
AT_ONCE = 2
"""Conversions; others wait for them, and nothing else does."""
SERVICE = "audio"
"""What errors of conversion name as their service."""
_HEADER = 44
WORKER = Path(__file__).with_name("worker.py")


class Converter:
    """Converts a few recordings at a time."""

    def __init__(
        self,
        *,
        longest: float = LONGEST,
        patience: float = PATIENCE,
        at_once: int = AT_ONCE,
        worker: Path = WORKER,
    ) -> None:
        self._longest = longest
        self._patience = patience
        self._worker = worker
        self._room = asyncio.Semaphore(at_once)

    async def converted(self, data: bytes, form: Form) -> bytes:
        """The recording as wav for the services (16 kHz, mono, 16 bits), or as ogg (Opus) or mp3 for people.

        Raises `StepError` of service `audio`: malformed when it is no recording, value when it is too long, timeout.
        """
        async with self._room:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-I", str(self._worker), form, str(self._longest),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
                env={},
            )  # fmt: skip
            try:
                async with asyncio.timeout(self._patience):
                    result, _ = await child.communicate(data)
            except TimeoutError:
                raise StepError("timeout", "a recording was not converted in time", service=SERVICE) from None
            finally:
                if child.returncode is None:
                    child.kill()
                    await child.wait()
        match child.returncode:
            case 0:
                return result
            case code if code == TOO_LONG:
                raise StepError("value", f"a recording is longer than {self._longest:g} s", service=SERVICE)
            case code if code == NO_LIBRARY:
                raise StepError("denied", "recordings need PyAV: pip install av", service=SERVICE)
            case code if code == UNREADABLE:
                raise StepError("malformed", "a recording cannot be read", service=SERVICE)
            case code:
                raise StepError(
                    "malformed", f"a recording brought its converter down ({code})", service=SERVICE
                )


def seconds_of(wav: bytes) -> float:
    """How long a wav of `Converter` lasts."""
    return max(len(wav) - _HEADER, 0) / (2 * SPEECH_RATE)
