"""From `llm` in config.json to an engine, and to what is told of it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from prometheus_client import generate_latest

from ses.clock import SystemClock
from ses.config import load
from ses.daemon import language_model
from ses.gateway.ops.llm_metrics import ModelMetrics
from ses.gateway.ops.metrics import Metrics
from ses.llm.contract import EngineState


@pytest.fixture
def engine_of(tmp_path):
    def make(llm):
        (tmp_path / "config.json").write_text(json.dumps({"llm": llm} if llm else {}))
        return language_model.engine(load(tmp_path / "config.json", {}), SystemClock(), Metrics())

    return make


def test_no_model(engine_of):
    engine = engine_of(None)
    assert engine.state().phase == "off"
    assert language_model.readiness(engine.state()) == {}
    assert language_model.healthy(engine.state())


async def test_a_model_and_its_embeddings(engine_of, tmp_path):
    (tmp_path / "models/mine").mkdir(parents=True)
    engine = engine_of({"engine": "vllm", "model": "models/mine", "embeddings": "models/vectors"})
    assert [(model.name, model.task) for model in engine.models()] == [
        ("mine", "chat"),
        ("vectors", "embeddings"),
    ]
    assert not language_model.healthy(engine.state())


async def test_servers(engine_of):
    engine = engine_of(
        {
            "engine": "remote",
            "name": "assistant",
            "servers": [{"url": "http://127.0.0.1:9/v1"}],
            "embeddings": "e",
        }
    )
    assert [model.name for model in engine.models()] == ["assistant", "e"]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (EngineState("ready"), "ok"),
        (EngineState("starting", "it loads"), "degraded: it loads"),
        (EngineState("ready", "one server is missing"), "degraded: one server is missing"),
    ],
)
def test_readiness(state, told):
    assert language_model.readiness(state) == {"model": told}


def test_metrics():
    metrics = Metrics()
    seen = ModelMetrics(metrics.registry)
    seen.watch(lambda: EngineState("ready", running=3, waiting=2, kv_use=0.25, restarts=1))
    seen.generated("m", "gateway", "ok", waited=0.0, first_token=0.2, seconds=1.0, usage=(10, 20))
    text = generate_latest(metrics.registry).decode()
    assert 'ses_llm_tokens_total{kind="answer",model="m"} 20.0' in text
    assert 'ses_llm_first_token_seconds_count{model="m",priority="gateway"} 1.0' in text
    for line in (
        "ses_llm_running 3.0",
        "ses_llm_waiting 2.0",
        "ses_llm_kv_use 0.25",
        "ses_llm_restarts_total 1.0",
    ):
        assert line in text


def test_a_daemon_without_a_model_imports_nothing_of_one():
    code = (
        "import sys, ses.daemon.daemon; "
        "print([m for m in sys.modules if m.split('.')[0] in ('vllm', 'torch', 'transformers') "
        "or m in ('ses.llm.frontend', 'ses.llm.remote', 'ses.llm.supervised')])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
