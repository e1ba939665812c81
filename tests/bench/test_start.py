"""The daemon with the demo robots, from the command to its first answer: seconds, processor time, memory."""

from __future__ import annotations

import compileall
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
MEMORY = 80
"""MiB resident."""
FIRST_ANSWER = 1.0
"""Seconds."""
PATIENCE = 60.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def write_config(folder: Path, port: int) -> Path:
    config = json.loads((ROOT / "tools" / "demo.config.json").read_text())
    config |= {
        "port": port,
        "widget": {"port": 0},
        "scenarios": str(ROOT / "scenarios"),
        "testapi": str(ROOT / "testapi"),
        "tmp": str(folder / "tmp"),
    }
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return path


def first_answer(port: int, daemon: subprocess.Popen[bytes]) -> None:
    question = json.dumps({"text": "хочу пиццу", "session_id": f"s{daemon.pid}"}).encode()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert daemon.poll() is None, "the daemon ended"
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/ses/ask/pizzeria", question, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert json.load(answer)["error"] == 0
                return
        except urllib.error.HTTPError:
            raise
        except OSError:  # nobody listens yet
            time.sleep(0.005)
    raise AssertionError(f"no answer within {PATIENCE} s")


def started(tmp_path, times, *, new):
    """Seconds to the first answer, of processor time (its children's too), and MiB resident, for each start."""
    port = free_port()
    config = write_config(tmp_path, port)
    measured = []
    for _ in range(times):
        if new:
            shutil.rmtree(tmp_path / "data", ignore_errors=True)
        began = time.perf_counter()
        daemon = subprocess.Popen(
            [sys.executable, "-m", "ses", "run", "--config", str(config)], cwd=ROOT,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            first_answer(port, daemon)
            took = time.perf_counter() - began
            process = psutil.Process(daemon.pid)
            used = process.cpu_times()
            whole = used.user + used.system + used.children_user + used.children_system
            measured.append((took, whole, process.memory_info().rss / 2**20))
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait()
    return [min(column) for column in zip(*measured, strict=True)]


def test_the_first_answer_and_the_memory_at_start(tmp_path, figure):
    # As pip and tools/prepare.sh leave the code; Python itself may have been told to write no bytecode.
    compileall.compile_dir(ROOT / "ses", quiet=1)
    took, used, resident = started(tmp_path, 3, new=True)
    figure(
        "from the command to the first answer, demo robots, first start", took, FIRST_ANSWER, "s", wall=True
    )
    figure("… processor time", used, unit="s CPU")
    figure("resident at start, demo robots", resident, MEMORY, "MiB")
    started(tmp_path, 1, new=True)
    took, used, resident = started(tmp_path, 3, new=False)
    figure("from the command to the first answer, started again", took, FIRST_ANSWER, "s", wall=True)
    figure("… processor time", used, unit="s CPU")
    figure("resident, started again", resident, MEMORY, "MiB")
