"""`ses model`."""

from __future__ import annotations

import json

import pytest

from ses.cli.main import main


def run(capsys, *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["model", *words])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


@pytest.fixture
def models(tmp_path):
    folder = tmp_path / "models/mine"
    folder.mkdir(parents=True)
    shape = {"num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4, "dtype": "float32"}
    (folder / "config.json").write_text(json.dumps(shape))
    (folder / "model.safetensors").write_bytes(bytes(1 << 20))
    return folder.parent


def test_what_is_there_and_what_can_be_pulled(capsys, models):
    code, out, _ = run(capsys, "list", "--folder", str(models))
    assert code == 0
    assert "your own" in out
    assert "can be pulled: SmolLM2" in out


def test_the_memory_of_a_model(capsys, models):
    code, out, _ = run(capsys, "fit", str(models / "mine"), "--tokens", "1024")
    assert code == 0
    assert "1.0 KiB a token (float32)" in out
    assert "1,024 tokens" in out
    code, _, err = run(capsys, "fit", str(models / "mine"), "--tokens", "99999999", "--memory", "1")
    assert code == 2
    assert "1 GiB are not" in err


def test_an_unknown_model(capsys, tmp_path):
    code, _, err = run(capsys, "pull", "gpt", "--folder", str(tmp_path))
    assert code == 2
    assert "only smollm2, minilm" in err
    assert list(tmp_path.iterdir()) == []


def test_a_machine_that_cannot_is_told_why(capsys, monkeypatch):
    monkeypatch.setattr("ses.cli.model.is_installed", lambda: False)
    monkeypatch.setattr("ses.cli.model.hindrance", lambda: "it has no room")
    assert run(capsys, "install")[0] == 1
    code, _, err = run(capsys, "install", "--if-possible")
    assert code == 0
    assert "it has no room" in err
