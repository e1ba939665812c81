"""Recorded generations: what a real model once answered, so that tests hear it again without one.

A cassette is `tests/model.json` of a robot. Each recording stands under the key of its request: the same words to the
model, with the same tools and form, get the same answer; an edit of a prompt misses it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from ses.dialogue.state.ports import Model
from ses.errors import SesError
from ses.llm.answers import ChatAnswer, ChatChunk, ChatPiece
from ses.llm.requests import ChatRequest
from ses.testing.mock_model import MockModel

NAME = "model.json"


class Recording(msgspec.Struct):
    """A question and its answer."""

    request: ChatRequest
    answer: ChatAnswer


class Cassette:
    """The recordings of one robot."""

    def __init__(self, path: Path) -> None:
        """Raises `SesError` for a file that is no cassette."""
        self.path = path
        self.recordings: dict[str, Recording] = {}
        self.used: set[str] = set()
        self.changed = False
        if path.exists():
            try:
                self.recordings = _decode(path.read_bytes())
            except (OSError, msgspec.DecodeError) as error:
                raise SesError(f"{path} cannot be read: {error}; remove it to record anew") from None

    def find(self, request: ChatRequest) -> ChatAnswer | None:
        key = key_of(request)
        found = self.recordings.get(key)
        if found is None:
            return None
        self.used.add(key)
        return found.answer

    def keep(self, request: ChatRequest, answer: ChatAnswer) -> None:
        key = key_of(request)
        self.recordings[key] = Recording(request, answer)
        self.used.add(key)
        self.changed = True

    def save(self, *, only_used: bool) -> None:
        """Write it, if it changed; `only_used` drops what no test asked for any more."""
        if only_used and self.used != self.recordings.keys():
            self.recordings = {key: one for key, one in self.recordings.items() if key in self.used}
            self.changed = True
        if self.changed:
            kept = dict(sorted(self.recordings.items()))
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
            self.changed = False


def cassette_of(robot: Path) -> Cassette | None:
    """The cassette of a robot's folder; a robot that is a single file has none."""
    return Cassette(robot / "tests" / NAME) if robot.is_dir() else None


def key_of(request: ChatRequest) -> str:
    """Names what was asked, whichever model it was asked of."""
    asked: dict[str, Any] = msgspec.to_builtins(request)
    asked.pop("model", None)
    asked.pop("priority", None)
    return sha256(msgspec.json.encode(asked, order="sorted")).hexdigest()[:24]


class Taped:
    """`ses.dialogue.state.ports.Model`: a test's mocks, else the recordings, else (when recording) the model itself."""

    def __init__(self, mocks: MockModel, cassette: Cassette, live: Model | None) -> None:
        self._mocks = mocks
        self._cassette = cassette
        self._live = live

    async def chat(self, request: ChatRequest) -> ChatAnswer:
        if self._mocks.covers(request):
            return await self._mocks.chat(request)
        answer = self._cassette.find(request)
        if answer is None and self._live is not None:
            answer = await self._live.chat(request)
            self._cassette.keep(request, answer)
        return answer if answer is not None else await self._mocks.chat(request)

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        answer = await self.chat(request)
        for choice in answer.choices:
            yield ChatChunk(choices=[ChatPiece(delta=choice.message, finish_reason=choice.finish_reason)])


_decode = msgspec.json.Decoder(dict[str, Recording]).decode
