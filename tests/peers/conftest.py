"""The language model's API with one token, over an engine that does as it is asked."""

import asyncio
import json
from types import SimpleNamespace

import pytest
from aiohttp import web

from doubles.llm import ScriptedEngine
from ses.clock import SystemClock
from ses.gateway.http.access import Access
from ses.gateway.http.application import api
from ses.gateway.ops.metrics import Metrics
from ses.gateway.v1.api import V1Api
from ses.gateway.v1.auth import SingleTokenAuth
from ses.gateway.v1.faults import flat_faults
from ses.gateway.v1.handler import V1Handler
from ses.gateway.v1.serving import Serving
from ses.ledger.contract import NoJournal
from ses.llm.answers import AssistantMessage, ChatAnswer, ChatChoice, FunctionCall, ToolCall, Usage

TOKEN = "peers-token-0123456789"
ANSWER = "Hello from the scripted engine."


def obliging(request):
    """Calls a tool that must be called, fills a schema of enumerations, else says hello."""
    if request.tools and request.tool_choice not in (None, "none", "auto"):
        function = request.tools[0]["function"]
        properties = function.get("parameters", {}).get("properties", {})
        arguments = json.dumps(dict.fromkeys(properties, "CANARY_OK"))
        said = AssistantMessage(
            role="assistant", tool_calls=[ToolCall(FunctionCall(function["name"], arguments), id="1")]
        )
        usage = Usage(prompt_tokens=1, completion_tokens=1, total_tokens=2)
        return ChatAnswer(choices=[ChatChoice(message=said, finish_reason="stop")], usage=usage)
    if request.response_format is not None:
        fields = request.response_format.schema["properties"]
        return json.dumps({name: kind["enum"][0] for name, kind in fields.items()})
    return ANSWER


@pytest.fixture
async def gateway():
    handler = V1Handler(
        SingleTokenAuth(TOKEN), NoJournal(), SystemClock(), body_limit=12 << 20, journaled=False
    )
    engine = ScriptedEngine(obliging)
    operations = V1Api(Serving(engine), handler, began=1).operations()
    app = api(operations, Access(None), Metrics(), [flat_faults(())])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield SimpleNamespace(url=url, token=TOKEN, answer=ANSWER, engine=engine)
    await runner.cleanup()


@pytest.fixture
def run():
    """Runs a program; its standard output."""

    async def run(*words, **environment):
        child = await asyncio.create_subprocess_exec(
            *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment or None
        )
        out, err = await child.communicate()
        assert child.returncode == 0, (out + err).decode()
        return out.decode()

    return run
