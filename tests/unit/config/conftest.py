from __future__ import annotations

import json
from pathlib import Path

import pytest

from ses.config import Config, ConfigError, load


class Written:
    """A configuration file of one test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "config.json"

    def load(self, content: object, **environment: str) -> Config:
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        self.path.write_text(text, encoding="utf-8")
        self.path.chmod(0o600)
        return load(self.path, environment)

    def problems(self, content: object, **environment: str) -> list[str]:
        """`LINE:COLUMN: key: message` of each problem."""
        with pytest.raises(ConfigError) as caught:
            self.load(content, **environment)
        return [str(problem).removeprefix(f"{problem.file}:").strip() for problem in caught.value.problems]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    return Written(tmp_path)
