"""`ses run`: the daemon, in the foreground."""

from __future__ import annotations

from ses.cli.options import ConfigOption, configuration


def run(config: ConfigOption = None) -> None:
    """Run the daemon until it is told to end (SIGTERM, Ctrl-C).

    SIGHUP reads the configuration and the robots again, SIGUSR1 opens the log files anew.
    """
    import os

    from ses.config.environment import for_the_engine
    from ses.daemon.launch import launch

    os.environ.update(for_the_engine(os.environ))
    launch(configuration(config))
