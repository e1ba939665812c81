"""From the command to the running daemon, in little time and memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ses.config import Config


def launch(config: Config) -> None:
    """Run the daemon until told to end. Raises `SesError` when it cannot start."""
    from ses.daemon.robot_files import RobotFiles
    from ses.daemon.word_cache import WordCache

    files = RobotFiles(config.scenarios, WordCache(config.data / "words"))
    pool = ThreadPoolExecutor(1, thread_name_prefix="robots")
    # Reading robots waits for child processes half of its time; the rest of the program is imported meanwhile.
    files.begin(pool)
    pool.shutdown(wait=False)
    from ses.daemon.daemon import run_daemon

    run_daemon(config, files)
