from __future__ import annotations

import io
import json
import logging
import threading
import warnings

import pytest
import structlog

from ses.logs import Logging, log_to_stderr, start_logging
from ses.redaction import MASK, Redactor


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Started:
    def __init__(self, folder) -> None:
        self.folder = folder
        self.stderr = io.StringIO()
        self.running: Logging | None = None

    def start(self, secrets=(), **settings):
        self.running = start_logging(
            folder=self.folder,
            redactor=Redactor(secrets),
            stderr=settings.pop("stderr", self.stderr),
            **settings,
        )
        return self.running

    def lines(self) -> list[dict]:
        """Everything written, after the end of the log."""
        assert self.running is not None
        self.running.stop()
        self.running = None
        return [json.loads(line) for line in (self.folder / "ses.log").read_text().splitlines()]


@pytest.fixture
def log(tmp_path):
    started = Started(tmp_path / "logs")
    yield started
    if started.running:
        started.running.stop()
    structlog.contextvars.clear_contextvars()


def test_a_record_is_a_line_of_json_with_conversation_and_trace(log):
    log.start()
    structlog.contextvars.bind_contextvars(conversation="web.site/abc", trace="t1")
    structlog.get_logger("ses.test").info("turn done", robot="pizzeria", ms=3)
    (line,) = log.lines()
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info", "logger": "ses.test", "event": "turn done", "robot": "pizzeria", "ms": 3,
        "conversation": "web.site/abc", "trace": "t1",
    }  # fmt: skip


def test_no_secret_reaches_the_file_by_any_way(log):
    secret = "hunter2-hunter2"
    log.start([secret])
    logger = structlog.get_logger("ses.test")
    logger.info(
        f"called with {secret}", url=f"https://x/{secret}", data={"deep": [secret]}, token="other-secret"
    )
    logging.getLogger("library").warning("%s and %s", secret, {"a": secret})
    try:
        raise ValueError(f"bad {secret}")
    except ValueError:
        logger.exception("failed")
        logging.getLogger("library").exception("failed too")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"careful with {secret}", stacklevel=1)
    lines = log.lines()
    text = json.dumps(lines)
    assert len(lines) == 5
    assert secret not in text
    assert "other-secret" not in text
    assert sum(f"ValueError: bad {MASK}" in line.get("exception", "") for line in lines) == 2
    assert secret not in log.stderr.getvalue()


def test_errors_and_nothing_else_go_to_stderr_for_the_journal(log, monkeypatch):
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")
    log.start()
    logger = structlog.get_logger()
    logger.info("quiet")
    logger.error("loud", part="store")
    log.lines()
    (line,) = log.stderr.getvalue().splitlines()
    assert line.startswith("<3>{")
    assert json.loads(line[3:])["event"] == "loud"


def test_a_terminal_shows_everything_readably(log):
    terminal = Terminal()
    log.start(stderr=terminal)
    structlog.get_logger().info("started", port=6190)
    log.lines()
    shown = terminal.getvalue()
    assert "started" in shown
    assert "6190" in shown
    assert not shown.startswith("{")


@pytest.mark.parametrize("debug,events", [(False, ["told"]), (True, ["details", "told"])])
def test_details_are_written_only_when_asked_for(log, debug, events):
    log.start(debug=debug)
    structlog.get_logger().debug("details")
    structlog.get_logger().info("told")
    logging.getLogger("httpx").info("GET /bot123/…")
    assert [line["event"] for line in log.lines()] == events


def test_files_are_rotated_by_size_and_the_oldest_goes(log):
    log.start(max_size=2000, backups=2)
    logger = structlog.get_logger()
    for number in range(100):
        logger.info("filling", number=number)
    assert log.lines()[-1]["number"] == 99
    files = sorted(path.name for path in log.folder.iterdir())
    assert files == ["ses.log", "ses.log.1", "ses.log.2"]
    assert all(path.stat().st_size <= 2000 for path in log.folder.iterdir())
    assert all(path.stat().st_mode & 0o777 == 0o640 for path in log.folder.iterdir()), (
        "others must not read them"
    )


def test_without_backups_the_file_begins_anew_instead_of_growing(log):
    log.start(max_size=2000, backups=0)
    for number in range(100):
        structlog.get_logger().info("filling", number=number)
    assert log.lines()[-1]["number"] == 99
    assert [path.name for path in log.folder.iterdir()] == ["ses.log"]
    assert (log.folder / "ses.log").stat().st_size <= 2000


def test_another_program_may_rotate(log):
    logging_at_work = log.start(rotate="external", max_size=1024)
    logger = structlog.get_logger()
    for _ in range(50):
        logger.info("before", filler="x" * 100)
    logging_at_work._handler.queue.join()
    (log.folder / "ses.log").rename(log.folder / "moved")
    logging_at_work.reopen()
    logger.info("after")
    assert [line["event"] for line in log.lines()] == ["after"]
    assert len((log.folder / "moved").read_text().splitlines()) == 50, (
        "nothing is lost and nothing was rotated by us"
    )


def test_a_full_queue_drops_and_counts_and_never_waits(log, monkeypatch):
    logging_at_work = log.start(waiting=5)
    disk, held = threading.Event(), threading.Event()
    file = logging_at_work._file
    emit = file.emit

    def held_up(record):
        held.set()
        disk.wait()
        emit(record)

    monkeypatch.setattr(file, "emit", held_up)
    logger = structlog.get_logger()
    logger.info("first")
    assert held.wait(20), "one is in the writer's hands"
    for number in range(20):
        logger.info("flood", number=number)
    dropped = logging_at_work.dropped
    assert dropped == 15, "five wait"
    disk.set()
    logging_at_work._handler.queue.join()
    logger.info("later")
    assert log.lines()[-1]["dropped_before"] == dropped


def test_a_disk_that_refuses_is_counted_and_told_once(log, capsys):
    logging_at_work = log.start()
    full = open("/dev/full", "w")  # noqa: SIM115  closed with the log
    logging_at_work._file.stream.close()
    logging_at_work._file.stream = full
    logger = structlog.get_logger()
    for _ in range(3):
        logger.info("lost")
    logging_at_work._handler.queue.join()
    assert logging_at_work.failed == 3
    assert capsys.readouterr().err.count("cannot write the log") == 1
    logging_at_work.reopen()
    logger.info("back")
    assert [line["event"] for line in log.lines()] == ["back"]


def test_what_changes_after_logging_does_not_change_the_line(log):
    log.start()
    basket = {"items": ["pizza"]}
    structlog.get_logger().info("order", basket=basket)
    basket["items"].append("cola")
    assert log.lines()[0]["basket"] == {"items": ["pizza"]}


def test_stopping_gives_the_process_its_logging_back(tmp_path):
    before = logging.getLogger().handlers[:]
    start_logging(folder=tmp_path, redactor=Redactor(), stderr=io.StringIO()).stop()
    assert logging.getLogger().handlers == before


@pytest.fixture
def fresh_structlog():
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("fresh_structlog")
def test_commands_warn_on_stderr_and_keep_stdout_clean(capsys):
    log_to_stderr()
    structlog.get_logger().info("nobody asked")
    structlog.get_logger().warning("look here")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "look here" in captured.err
    assert "nobody asked" not in captured.err


@pytest.mark.usefixtures("fresh_structlog")
def test_a_command_warns_on_the_stderr_of_that_moment(monkeypatch):
    monkeypatch.setattr("sys.stderr", gone := io.StringIO())
    log_to_stderr()
    monkeypatch.setattr("sys.stderr", now := io.StringIO())
    gone.close()
    structlog.get_logger().warning("look here")
    assert "look here" in now.getvalue()
