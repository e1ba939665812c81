"""A PostgreSQL server of one's own, for tests: in a folder that goes with it, on a port of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path

import asyncpg


def _program(name: str) -> str:
    """Debian keeps the server's programs out of the search path."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True
    )
    found = next(
        (str(folder / name) for folder in folders if (folder / name).exists()), None
    ) or shutil.which(name)
    if found is None:
        raise FileNotFoundError(
            f"there is no {name}: apt-get install postgresql (tools/prepare.sh test does it)"
        )
    return found


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


class Server:
    """Started by `start`, ended by `stop`, started again by `start`; `remove` at the end."""

    def __init__(self, *settings: str) -> None:
        """`settings` as `name=value`."""
        self._user = self._unprivileged()
        self.folder = Path(tempfile.mkdtemp(prefix="ses-postgres-"))
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port: int = one.getsockname()[1]
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._run(
            "initdb", "-D", str(self.folder / "data"), "-U", "ses", "-A", "trust", "-E", "UTF8", "--no-sync"
        )

    @staticmethod
    def _unprivileged() -> str | None:
        """The server refuses to be root's; a system user lends its name."""
        if os.geteuid():
            return None
        return "postgres" if _exists("postgres") else "nobody"

    def _run(self, name: str, *arguments: str) -> None:
        command = [_program(name), *arguments]
        subprocess.run(command, user=self._user, cwd="/", check=True, capture_output=True)

    @property
    def pid(self) -> int:
        """Of the server's first process."""
        assert self._process is not None
        return self._process.pid

    def url(self, database: str) -> str:
        return f"postgresql://ses@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Returns when it takes connections."""
        options = [option for setting in self._settings for option in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    _program("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), "-h", "127.0.0.1",
                    "-k", str(self.folder), *options,
                ],
                user=self._user, cwd="/", stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._await()

    def _await(self) -> None:
        for _ in range(600):
            ready = subprocess.run(
                [_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False
            )
            if ready.returncode == 0:
                return
            assert self._process is not None
            assert self._process.poll() is None, (self.folder / "log").read_text()
        raise TimeoutError((self.folder / "log").read_text())

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: connections are cut off and it ends well; SIGQUIT: it ends like in a crash, and recovers at the next start."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    async def new_database(self) -> str:
        """The address of an empty database."""
        name = f"ses_{uuid.uuid4().hex[:12]}"
        await self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    async def execute(self, sql: str, database: str = "postgres") -> str:
        """Run a statement as the administrator."""
        connection = await asyncpg.connect(self.url(database))
        try:
            return str(await connection.execute(sql))
        finally:
            await connection.close()


async def cut(server: Server, url: str) -> int:
    """End every connection to a database, as an administrator does; how many there were."""
    name = url.rpartition("/")[2]
    ended = await server.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )
    return int(ended.split()[-1])
