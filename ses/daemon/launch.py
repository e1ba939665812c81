"""From the command to the running daemon, in little time and memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ses.config import Config


def launch(config: Config) -> None:
    """Run the daemon until told to end. Raises `SesError` when it cannot start."""
    from ses.daemon.lexicon_preload import PreloadingLexicon
    from ses.daemon.word_cache import WordCache

    words = config.data / "words"
    preloading = PreloadingLexicon()
    if not words.is_dir():  # the first start: dictionaries are needed, and take longer than the imports
        preloading.begin(config.scenarios)
    from ses.daemon.robot_files import RobotFiles

    files = RobotFiles(config.scenarios, WordCache(words, preloading))
    pool = ThreadPoolExecutor(1, thread_name_prefix="robots")
    # Reading robots waits for child processes half of its time; the rest of the program is imported meanwhile.
    files.begin(pool).add_done_callback(lambda _: preloading.end())
    pool.shutdown(wait=False)
    from ses.daemon.daemon import run_daemon

    run_daemon(config, files)
