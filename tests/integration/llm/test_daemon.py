"""The model in the daemon: it dies under load, it comes back, and it does not outlive the daemon."""

from __future__ import annotations

import asyncio
import signal
import time

import aiohttp
import pytest

from .daemon import Daemon, metric, said, until_healthy

LONG = {
    "model": "smollm2",
    "messages": [{"role": "user", "content": "Tell me everything."}],
    "max_tokens": 1500,
    "ignore_eos": True,
}

pytestmark = pytest.mark.slow


@pytest.fixture
def daemon(tmp_path, model):
    made = Daemon(tmp_path, model)
    yield made
    made.end()


async def model_state(http: aiohttp.ClientSession) -> str:
    async with http.get("/ready") as response:
        return (await response.json())["parts"]["model"]


async def ask_model(http: aiohttp.ClientSession, **more: object) -> tuple[int, dict]:
    async with http.post("/v1/chat/completions", json=LONG | more) as response:
        return response.status, await response.json()


async def test_a_killed_engine_fails_typed_and_comes_back_while_robots_talk_on(daemon):
    async with aiohttp.ClientSession(daemon.api) as http:
        assert "loading" in await model_state(http)
        assert await said(http, "hello") == ["Hello."]
        assert (await ask_model(http))[0] == 503
        await until_healthy(http)
        assert (await ask_model(http, max_tokens=3))[0] == 200

        requests = [asyncio.create_task(ask_model(http)) for _ in range(8)]
        talks = [asyncio.create_task(said(http, "tell", session_id=f"s{n}")) for n in range(4)]
        async with asyncio.timeout(60):
            while await metric(http, "ses_llm_running") < 12 or not await metric(http, "ses_llm_kv_use"):
                await asyncio.sleep(0.02)
        (core,) = daemon.cores()
        core.kill()
        killed = time.monotonic()
        answers = await asyncio.gather(*requests)
        typed = time.monotonic() - killed
        assert await asyncio.gather(*talks) == [["Time 1: llm_unavailable."]] * 4
        assert {status for status, _ in answers} == {503}
        assert all(body["object"] == "error" for _, body in answers)
        while await model_state(http) == "ok":
            await asyncio.sleep(0.01)
        noticed = time.monotonic() - killed
        for n in range(4):  # no conversation is lost, and each knows how it stands
            assert await said(http, "tell", session_id=f"s{n}") == ["Time 2: llm_unavailable."]
        await until_healthy(http)
        ready = time.monotonic() - killed
        assert (await ask_model(http, max_tokens=3))[0] == 200
        assert await model_state(http) == "ok"
        print(
            f"\nengine core killed under 8 requests and 4 conversations: typed errors after {typed:.2f} s, /ready says so after {noticed:.2f} s, back after {ready:.1f} s"
        )

        (core,) = daemon.cores()
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
        core.wait(10)  # raises when it lives on


async def test_a_daemon_that_is_told_to_end_while_the_model_loads_ends(daemon):
    while not daemon.cores():
        await asyncio.sleep(0.05)
    core = daemon.cores()[0]
    daemon.process.terminate()
    told = time.monotonic()
    assert daemon.process.wait(120) == 0
    print(f"\nended {time.monotonic() - told:.1f} s after it was told to, while the model loaded")
    core.wait(10)


ORDERS = """
id: echo
language: en
flows:
  ask:
    on: ["* order *"]
    steps:
      - llm: {prompt: "{{ message.text }}", tools: [order_state], temperature: 0, max_tokens: 60}
        on_error: [{say: "Failed: {{ error.kind }}."}]
  order_state:
    callable: {about: Tells where an order is, args: {number: integer}}
    steps:
      - say: "Looking for {{ number }}."
      - return: {state: "{{ 'delivered' if number == 734 else 'lost' }}"}
  choose:
    on: ["choose *"]
    steps:
      - llm: {prompt: "{{ message.text }}", route: [coffee, tea], max_tokens: 40}
        on_error: [{say: "Failed: {{ error.kind }}."}]
      - say: Neither.
  coffee: {title: The guest wants coffee, steps: [{say: Coffee it is.}]}
  tea: {title: The guest wants tea, steps: [{say: Tea it is.}]}
events:
  fallback: [{say: "Sorry?"}]
"""
WORKED = """
<|im_start|>user
Hello!<|im_end|>
<|im_start|>assistant
Hello! How can I help you?<|im_end|>
""" + "".join(
    f"""<|im_start|>user
Where is order {number}?<|im_end|>
<|im_start|>assistant
<tool_call>
{{"name": "order_state", "arguments": {{"number": {number}}}}}
</tool_call><|im_end|>
<|im_start|>user
<tool_response>
{{"state": "{state}"}}
</tool_response><|im_end|>
<|im_start|>assistant
Order {number} is {state}.<|im_end|>
"""
    for number, state in ((12, "on its way"), (3304, "delivered"), (58, "paid"))
)
"""A small model has not learnt to call functions; the chat template shows it how."""


@pytest.fixture
def taught(model, tmp_path):
    """The model's own template, with examples behind the list of functions."""
    template = (model / "chat_template.jinja").read_text()
    first = "{%- for message in messages -%}"
    assert template.count(first) == 1
    shown = "{%- if tools -%}{{- " + repr(WORKED.lstrip()) + " -}}{%- endif -%}\n"
    path = tmp_path / "taught.jinja"
    path.write_text(template.replace(first, shown + first))
    return path


@pytest.fixture
def shop(tmp_path, model, taught):
    args = {"max_model_len": 2048, "tool_call_parser": "hermes", "chat_template": str(taught)}
    made = Daemon(tmp_path, model, robot=ORDERS, args=args)
    yield made
    made.end()


async def test_a_robots_flows_are_called_by_the_model_and_picked_by_it(shop):
    async with aiohttp.ClientSession(shop.api) as http:
        await until_healthy(http)
        assert await said(http, "Where is order 734?") == ["Looking for 734.", "Order 734 is delivered."]
        assert await said(http, "Where is order 88?") == ["Looking for 88.", "Order 88 is lost."]
        assert await said(http, "choose some tea for me") in (["Coffee it is."], ["Tea it is."], ["Neither."])
