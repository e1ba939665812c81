"""Whatever stands in the file, the answer is a configuration or a list of problems, never a crash."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses.config import Config, ConfigError, load
from ses.config.problems import dotted
from ses.config.schema import all_keys

ROOT = Path(__file__).parents[3]
KEYS = sorted(
    {str(step) for path, _ in all_keys(Config) for step in path}
    | {"site", "https://a.example~t", "vad", "max"}
)
LEAVES = (
    st.none() | st.booleans() | st.integers(-10, 10**12) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
    | st.sampled_from(["env:A", "file:x", "vllm", "remote", "https://a.example", "sqlite:///x", "http://[", "postgresql://[", "1.2.3.4", "polling", "admin"])
)  # fmt: skip
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from(sorted(Config.model_fields)), TREES, max_size=4))
def test_no_tree_of_known_keys_crashes_the_loader(tree):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config.json")
        path.write_text(json.dumps(tree))
        try:
            config = load(path, {"A": "1"})
        except ConfigError as error:
            assert all(problem.message and problem.line >= 1 for problem in error.problems)
        else:
            assert isinstance(config, Config)


@pytest.mark.parametrize("key", sorted({dotted(path) for path, _ in all_keys(Config)}))
def test_the_example_shows_every_key(key):
    """Of `llm`, it shows the remote kind; of the paths and fields of services, some."""
    if key in {"llm.model", "llm.args", "llm.embeddings_args", "llm.preload"}:
        pytest.skip("belongs to the other kind of `llm`")
    value = json.loads((ROOT / "config.json.example").read_text())
    for step in key.split("."):
        if isinstance(value, list):
            value = value[0]
        value = next(iter(value.values())) if step == "*" else value[step]
