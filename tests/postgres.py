"""A real PostgreSQL server for the tests, from Debian's packages, on a free port of this machine."""

import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from pydantic import SecretStr


@dataclass(frozen=True)
class Postgres:
    """A running server; `new_database` gives each test one of its own."""

    port: int
    binaries: Path
    user: tuple[str, ...]

    @staticmethod
    def programs() -> Path | None:
        """The folder with initdb and postgres, newest version first."""
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
        return found[0].parent if found else None

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator["Postgres"]:
        """Start a server whose data lies in `folder`; it is stopped and gone afterwards."""
        binaries = cls.programs()
        assert binaries is not None
        server = cls(port=_free_port(), binaries=binaries, user=_unprivileged(folder))
        server._run("initdb", "--no-sync", "--auth=trust", "--username=test", "--encoding=UTF8", "-D", f"{folder}/data")
        options = f"-p {server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        server._run("pg_ctl", "-w", "-D", f"{folder}/data", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield server
        finally:
            server._run("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")

    def new_database(self, template: str = "template1") -> SecretStr:
        """The address of a fresh database: empty, or a copy of another that nobody is connected to."""
        name = f"test_{uuid.uuid4().hex}"
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        address = f"postgresql://test@127.0.0.1:{self.port}"
        with psycopg.connect(f"{address}/postgres", autocommit=True) as admin:
            admin.execute(create)
        return SecretStr(f"{address.replace('postgresql', 'postgresql+psycopg')}/{name}")

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self.user, str(self.binaries / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


def _unprivileged(folder: Path) -> tuple[str, ...]:
    """PostgreSQL refuses to run as root: there, run it as the user that its package made."""
    if os.getuid() != 0:
        return ()
    shutil.chown(folder, "postgres")
    for parent in (folder, *folder.parents):
        if parent.stat().st_uid == 0 and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    return ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
