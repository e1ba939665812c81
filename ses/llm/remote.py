"""The engine over other servers: each request goes to the least busy one, and to another if that one cannot be reached."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar

import aiohttp
import msgspec

from ses.clock import Clock
from ses.llm import wire
from ses.llm.answers import ChatAnswer, ChatChunk, CompletionAnswer, EmbeddingAnswer
from ses.llm.contract import EngineState, ModelInfo, Phase, Task
from ses.llm.errors import EngineDied, EngineUnavailable
from ses.llm.requests import ChatRequest, CompletionRequest, EmbeddingRequest
from ses.llm.servers import Server, Servers, ServerSettings

T = TypeVar("T")

LARGEST_ANSWER = 64 << 20
"""Bytes of an answer that are read at most."""
LONGEST_LINE = 1 << 20
"""Bytes of one event of a stream."""
BUSY = frozenset({429, 503})
"""Statuses that say: not now, nothing was begun."""
BROKEN = (aiohttp.ClientError, OSError, TimeoutError)
"""What an exchange raises when the connection breaks."""


class RemoteEngine:
    """Implements `ses.llm.contract.Engine`. `name` is how requests know the model; the servers' own name is theirs."""

    def __init__(
        self,
        settings: Sequence[ServerSettings],
        *,
        name: str = "",
        embeddings: str = "",
        clock: Clock,
    ) -> None:
        self._servers = Servers(settings, clock)
        self._name = name
        self._embeddings = embeddings
        self._stopped = False

    # --- the contract --------------------------------------------------------------------------------------

    def models(self) -> Sequence[ModelInfo]:
        offered = {one.id: one for server in self._servers.all for one in server.models}
        lengths = {name: one.max_model_len for name, one in offered.items()}
        others = [name for name in offered if name != self._embeddings]
        if self._name:
            first = lengths.get(self._name) or (lengths[others[0]] if len(others) == 1 else None)
            found = [ModelInfo(self._name, "chat", first)]
        else:
            found = [ModelInfo(name, "chat", lengths[name]) for name in others]
        if self._embeddings:
            found.append(ModelInfo(self._embeddings, "embeddings", lengths.get(self._embeddings)))
        return found

    def state(self) -> EngineState:
        there = [server for server in self._servers.all if server.up]
        trouble = self._servers.trouble()
        asked = any(server.trouble != "has not been asked yet" for server in self._servers.all)
        phase: Phase = "stopped" if self._stopped else "ready" if there else "failed" if asked else "starting"
        return EngineState(phase, trouble, running=sum(server.running for server in self._servers.all))

    async def chat(self, request: ChatRequest) -> ChatAnswer:
        data = await self._answer("/chat/completions", request, "chat")
        return _decoded(wire.chat_answer, data)

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[ChatChunk, None]:
        async with aclosing(self._stream("/chat/completions", request, wire.chat_chunk)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def complete(self, request: CompletionRequest) -> CompletionAnswer:
        data = await self._answer("/completions", request, "chat")
        return _decoded(wire.completion_answer, data)

    async def stream_complete(self, request: CompletionRequest) -> AsyncGenerator[CompletionAnswer, None]:
        async with aclosing(self._stream("/completions", request, wire.completion_answer)) as pieces:
            async for piece in pieces:
                yield piece

    async def embed(self, request: EmbeddingRequest) -> EmbeddingAnswer:
        data = await self._answer("/embeddings", request, "embeddings")
        try:
            return wire.embedding_answer(data, self._embeddings)
        except msgspec.MsgspecError as error:
            raise EngineDied("a model server answered something that is not OpenAI's protocol") from error

    async def count_tokens(self, request: ChatRequest | CompletionRequest) -> int | None:
        """vLLM's servers can count (`/tokenize`, beside `/v1`); of others it is not known."""
        if isinstance(request, ChatRequest):
            asked: dict[str, Any] = {"messages": request.messages}
            if request.tools:
                asked["tools"] = request.tools
        elif isinstance(request.prompt, str):
            asked = {"prompt": request.prompt}
        else:
            return None
        server = self._servers.choose(self._name)
        asked["model"] = self._known_as(server, request.model, "chat")
        url = f"{server.url.removesuffix('/v1')}/tokenize"
        try:
            async with self._servers.session.post(url, json=asked, headers=server.headers) as response:
                count = (await response.json()).get("count") if response.status == 200 else None
        except (*BROKEN, ValueError, AttributeError):
            return None
        return count if isinstance(count, int) else None

    def cache_prompts(self, name: str, prompts: Sequence[ChatRequest]) -> None:
        """The servers keep their own caches: nothing is computed for them ahead."""
        del name, prompts

    async def start(self) -> None:
        self._servers.start()

    async def stop(self) -> None:
        self._stopped = True
        await self._servers.stop()

    # --- exchanges -----------------------------------------------------------------------------------------

    async def _answer(
        self, path: str, request: ChatRequest | CompletionRequest | EmbeddingRequest, task: Task
    ) -> bytes:
        async with self._exchange(path, request, task, stream=False) as (server, response):
            try:
                data = await _limited(response)
            except BROKEN as error:
                server.failed("breaks off")
                raise EngineDied("a model server broke off before its answer was whole") from error
            server.succeeded()
            return data

    async def _stream(
        self,
        path: str,
        request: ChatRequest | CompletionRequest,
        decoder: msgspec.json.Decoder[T],
    ) -> AsyncGenerator[T, None]:
        async with self._exchange(path, request, "chat", stream=True) as (server, response):
            whole = False
            try:
                async for line in _lines(response):
                    if line == b"[DONE]":
                        whole = True
                        break
                    if line.startswith(b'{"error"'):
                        refusal = wire.refusal(line)
                        status = refusal.code if isinstance(refusal.code, int) else 500
                        raise wire.failure(status, refusal, model=request.model)
                    yield _decoded(decoder, line)
            except BROKEN as error:
                server.failed("breaks off")
                raise EngineDied("a model server broke off in the middle of a stream") from error
            if not whole:
                server.failed("breaks off")
                raise EngineDied("a model server ended a stream before its end")
            server.succeeded()

    @asynccontextmanager
    async def _exchange(
        self,
        path: str,
        request: ChatRequest | CompletionRequest | EmbeddingRequest,
        task: Task,
        *,
        stream: bool,
    ) -> AsyncIterator[tuple[Server, aiohttp.ClientResponse]]:
        """An answer with status 200, being read. A server that says nothing, or that it is busy, is passed over."""
        tried: list[Server] = []
        while True:
            server = self._servers.choose(request.model or self._name, tried)
            tried.append(server)
            server.running += 1
            try:
                response = await self._post(server, path, request, task, tried, stream=stream)
                if response is None:
                    continue
                async with response:
                    if response.status in BUSY and self._servers.others(tried):
                        continue
                    if response.status >= 400:
                        raise await self._refused(server, response, request.model)
                    yield server, response
                    return
            finally:
                server.running -= 1

    async def _post(
        self,
        server: Server,
        path: str,
        request: ChatRequest | CompletionRequest | EmbeddingRequest,
        task: Task,
        tried: Sequence[Server],
        *,
        stream: bool,
    ) -> aiohttp.ClientResponse | None:
        """None when another server is to be asked. Raises `EngineDied` when this was the last and broke off."""
        asked = wire.body(request, model=self._known_as(server, request.model, task), stream=stream)
        try:
            return await self._servers.session.post(
                f"{server.url}{path}",
                data=msgspec.json.encode(asked),
                headers={**server.headers, "Content-Type": "application/json"},
                allow_redirects=False,
            )
        except aiohttp.ClientConnectorError as error:
            server.unreachable(f"cannot be reached ({type(error).__name__})")
            return None
        except BROKEN as error:
            server.failed("breaks off")
            if self._servers.others(tried):  # nothing was answered, and to compute it twice harms nobody
                return None
            raise EngineDied("a model server broke off before it answered") from error

    async def _refused(self, server: Server, response: aiohttp.ClientResponse, model: str) -> Exception:
        try:
            refusal = wire.refusal(await response.content.read(65536))
        except BROKEN:
            refusal = wire.Refusal()
        if response.status >= 500:
            server.failed(f"answers {response.status}")
        if response.status in (401, 403):
            server.unreachable(f"refuses the key ({response.status})")
            return EngineUnavailable("a model server refuses the key in config.json")
        after = response.headers.get("Retry-After", "")
        return wire.failure(
            response.status,
            refusal,
            model=model or self._name,
            retry_after=float(after) if after.isdigit() else 5.0,
        )

    def _known_as(self, server: Server, model: str, task: Task) -> str:
        """The model's name at this server: a server with one model need not know ours."""
        wanted = model or (self._embeddings if task == "embeddings" else self._name)
        names = [one.id for one in server.models]
        if wanted in names or not names:
            return wanted
        return names[0] if task == "chat" and (not wanted or wanted == self._name) else wanted


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    parts: list[bytes] = []
    left = LARGEST_ANSWER
    async for part in response.content.iter_any():
        parts.append(part)
        left -= len(part)
        if left < 0:
            raise EngineDied(f"a model server answers more than {LARGEST_ANSWER >> 20} MB")
    return b"".join(parts)


async def _lines(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The data of each server-sent event."""
    rest = b""
    async for part in response.content.iter_any():
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            if line.startswith(b"data:"):
                yield line[5:].strip()
        if len(rest) > LONGEST_LINE:
            raise EngineDied("a model server sends an event without end")


def _decoded(decoder: msgspec.json.Decoder[T], data: bytes) -> T:
    try:
        return decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise EngineDied("a model server answered something that is not OpenAI's protocol") from error
