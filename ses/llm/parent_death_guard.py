"""Parent-death guard of the processes of an engine: when the daemon is gone, however it went, they end too and leave the card free.

vLLM calls `tie_to_daemon` in each process it starts (entry point `vllm.general_plugins`). The kernel's own means, PR_SET_PDEATHSIG,
looks at the *thread* that started a process, and ours ends when the engine is up; a pidfd looks at the process.
"""

from __future__ import annotations

import os
import select
import signal
import threading

VARIABLE = "SES_ENGINE_OF"
"""Environment: the daemon's process id, inherited by everything it starts."""


def tie_to_daemon() -> None:
    """End this process when the daemon does. Does nothing in the daemon itself and in processes of nobody's."""
    daemon = os.environ.get(VARIABLE, "")
    if not daemon.isdigit() or int(daemon) == os.getpid():
        return
    try:
        pidfd = os.pidfd_open(int(daemon))
    except ProcessLookupError:
        _end()
    except (
        OSError
    ):  # the machine of another node of a cluster, or a kernel without pidfds: vLLM's own watch has to do
        return
    else:
        threading.Thread(target=_watch, args=(pidfd,), name="parent-death guard", daemon=True).start()


def _watch(pidfd: int) -> None:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    poll.poll()
    _end()


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
