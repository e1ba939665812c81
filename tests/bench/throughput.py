"""Tokens a second of the daemon's model and of vLLM's own API server, in turn: `make bench-model`.

Both servers hold the same model with the same settings and stay up; the load goes from one to the other in short runs, so that
whatever else the machine does falls on both. What counts is the median of the pairs' ratios. A third server, vLLM with two
threads, shows at the highest load what SES leaves to conversations by computing with one thread less than there are cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import aiohttp
import psutil

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "models/smollm2"
NAME = "smollm2"
CONTEXT = 2048
CACHE = 1 << 30
"""Bytes."""
TOKENS = {1: 200, 8: 150, 32: 100}
"""Of an answer, by the number of streams: a run takes some seconds."""
ALIKE = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_CONFIGURE_LOGGING": "0", "VLLM_NO_USAGE_STATS": "1",
         "TOKENIZERS_PARALLELISM": "false", "TORCHDYNAMO_DISABLE": "1"}  # fmt: skip
"""What the daemon puts into vLLM's environment."""


class Run(NamedTuple):
    """One load on one server."""

    rate: float
    """Tokens a second, all streams together."""
    first: float
    """Seconds until the first token, the median of the streams."""
    gap: float
    """Seconds between two pieces of a stream, the longest of all."""
    cpu: float
    """Seconds of processor time of the server's own process (not of the engine core) for a token."""


class Server(NamedTuple):
    name: str
    url: str
    process: psutil.Process


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def started(name: str, words: list[str], port: int, threads: int) -> AsyncIterator[Server]:
    """Up and answering. Its output goes to a file that is shown when it ends before it answers."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", *words],
            env={**os.environ, **ALIKE, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(ROOT)},
            stdout=said,
            stderr=said,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            async with aiohttp.ClientSession() as http:
                while not await answers(http, url):
                    if process.poll() is not None:
                        said.seek(0)
                        sys.exit(f"{name} did not start:\n{said.read().decode(errors='replace')[-3000:]}")
                    await asyncio.sleep(0.2)
            yield Server(name, url, psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait(60)


async def answers(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(f"{url}/health") as response:
            return response.status == 200
    except aiohttp.ClientConnectionError:
        return False


def daemon(folder: Path, port: int) -> list[str]:
    """SES with the model and a robot that says nothing."""
    (folder / "robots/mute").mkdir(parents=True)
    (folder / "robots/mute/robot.yaml").write_text("id: mute\nlanguage: en\nevents: {fallback: [end]}\n")
    args = {"max_model_len": CONTEXT, "kv_cache_memory_bytes": CACHE, "enforce_eager": True}
    llm = {"engine": "vllm", "model": str(MODEL), "name": NAME, "args": args}
    config = {
        "port": port,
        "widget": {"port": free_port()},
        "scenarios": "robots/",
        "testapi": None,
        "llm": llm,
    }
    (folder / "config.json").write_text(json.dumps(config))
    return ["ses", "run", "--config", str(folder / "config.json")]


def vllm(port: int) -> list[str]:
    """vLLM's own server with the arguments that the daemon gives vLLM."""
    return [
        "vllm.entrypoints.launchers.api_server.entry", "--host", "127.0.0.1", "--port", str(port), "--model", str(MODEL),
        "--served-model-name", NAME, "--max-model-len", str(CONTEXT), "--kv-cache-memory-bytes", str(CACHE),
        "--enforce-eager", "--distributed-executor-backend", "uni", "--scheduling-policy", "priority",
        "--enable-prompt-tokens-details", "--disable-log-stats", "--disable-uvicorn-access-log",
    ]  # fmt: skip


async def load(server: Server, streams: int) -> Run:
    """So many conversations at once, each with a prompt of its own, the same in every run."""
    before = server.process.cpu_times()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        began = time.perf_counter()
        told = await asyncio.gather(
            *(converse(http, server.url, number, streams) for number in range(streams))
        )
        seconds = time.perf_counter() - began
    after = server.process.cpu_times()
    tokens = sum(one[0] for one in told)
    assert tokens == streams * TOKENS[streams], f"{server.name} generated {tokens} tokens"
    spent = after.user + after.system - before.user - before.system
    return Run(tokens / seconds, median(one[1] for one in told), max(one[2] for one in told), spent / tokens)


async def converse(
    http: aiohttp.ClientSession, url: str, number: int, streams: int
) -> tuple[int, float, float]:
    """Tokens as the server counts them, seconds to the first piece, the longest pause."""
    asked = {
        "model": NAME,
        "messages": [{"role": "user", "content": f"Tell me a long story of the number {number}."}],
        "max_tokens": TOKENS[streams],
        "ignore_eos": True,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    began = last = time.perf_counter()
    first = longest = 0.0
    tail = b""
    async with http.post(f"{url}/v1/chat/completions", json=asked) as response:
        assert response.status == 200, await response.text()
        async for part in response.content.iter_any():
            now = time.perf_counter()
            first, longest = (first, max(longest, now - last)) if first else (now - began, longest)
            last = now
            tail = (tail + part)[-2000:]
    *_, counted, done, _ = tail.split(b"\n\n")
    assert done == b"data: [DONE]", tail
    return json.loads(counted.removeprefix(b"data: "))["usage"]["completion_tokens"], first, longest


async def compare(one: Server, other: Server, streams: int, pairs: int) -> list[tuple[Run, Run]]:
    found = []
    for turn in range(pairs):
        if turn % 2:
            later = await load(other, streams)
            found.append((await load(one, streams), later))
        else:
            found.append((await load(one, streams), await load(other, streams)))
    return found


def show(one: Server, other: Server, streams: int, pairs: list[tuple[Run, Run]]) -> None:
    ratios = sorted(ours.rate / theirs.rate for ours, theirs in pairs)
    quarter = len(ratios) // 4
    print(f"{streams:>2} streams, {one.name} ÷ {other.name}: {median(ratios):.3f} "
          f"(middle half {ratios[quarter]:.3f}–{ratios[-1 - quarter]:.3f}, {len(pairs)} pairs)")  # fmt: skip
    for server, runs in zip((one, other), zip(*pairs, strict=True), strict=True):
        rate, first, gap, cpu = (median(values) for values in zip(*runs, strict=True))
        print(f"   {server.name:24} {rate:7.1f} tokens/s   first after {first * 1e3:5.0f} ms   longest pause {gap * 1e3:5.0f} ms   "
              f"{cpu * 1e6:5.0f} µs of the server a token", flush=True)  # fmt: skip


async def main(pairs: int, streams: list[int], part: float) -> None:
    for many, tokens in TOKENS.items():
        TOKENS[many] = max(10, round(tokens * part))
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        ours = await stack.enter_async_context(started("SES", daemon(folder, port), port, 1))
        port = free_port()
        theirs = await stack.enter_async_context(started("vLLM's server", vllm(port), port, 1))
        port = free_port()
        wide = await stack.enter_async_context(started("vLLM's, two threads", vllm(port), port, 2))
        for server in (ours, theirs, wide):
            await load(server, max(streams))  # everything is imported, prompts are in the cache
        for many in streams:
            show(ours, theirs, many, await compare(ours, theirs, many, pairs))
        show(ours, wide, max(streams), await compare(ours, wide, max(streams), pairs))


if __name__ == "__main__":
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--pairs", type=int, default=9)
    reader.add_argument("--streams", type=int, nargs="+", default=[1, 8, 32], choices=list(TOKENS))
    reader.add_argument(
        "--part", type=float, default=1.0, help="shorter answers, for a machine that others use"
    )
    given = reader.parse_args()
    if not (MODEL / "ses-model.json").exists():
        sys.exit("the model is not here: `make bench-model` brings it")
    asyncio.run(main(given.pairs, given.streams, given.part))
