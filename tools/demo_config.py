"""Prints the configuration that `make run` begins with: the demo robots, and the language model where it is there."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

MODEL = "models/smollm2"
EMBEDDINGS = "models/minilm"

config = json.loads(Path(__file__).with_name("demo.config.json").read_text(encoding="utf-8"))
if importlib.util.find_spec("vllm") is not None and Path(MODEL, "ses-model.json").exists():
    config["llm"] = {
        "engine": "vllm",
        "model": MODEL,
        "name": "smollm2",
        "args": {"max_model_len": 4096, "tool_call_parser": "hermes"},
    }
sys.stdout.write(json.dumps(config, ensure_ascii=False, indent=2) + "\n")
