"""A real PostgreSQL server for the tests, from Debian's packages, on a free port of this machine."""

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import sqlalchemy as sa
from psycopg import sql
from pydantic import SecretStr
from servers import free_port, unprivileged

# What a test server need not survive, need not do, and shall not leave behind in memory.
_HASTE = "-c fsync=off -c full_page_writes=off -c autovacuum=off -c jit=off -c dynamic_shared_memory_type=mmap"


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
        server = cls(port=free_port(), binaries=binaries, user=unprivileged(folder, "postgres"))
        server._run("initdb", "--no-sync", "--auth=trust", "--username=test", "--encoding=UTF8", "-D", f"{folder}/data")
        options = f"-p {server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} {_HASTE}"
        server._run("pg_ctl", "-w", "-D", f"{folder}/data", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield server
        finally:
            server._run("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")

    def new_database(self, template: str = "template1") -> SecretStr:
        """The address of a fresh database: empty, or a copy of another that nobody is connected to."""
        name = f"test_{uuid.uuid4().hex}"
        # Quicker than by way of the log, where nothing is synced.
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        self._administer(create.format(sql.Identifier(name), sql.Identifier(template)))
        return SecretStr(f"postgresql+psycopg://test@127.0.0.1:{self.port}/{name}")

    def drop(self, address: SecretStr) -> None:
        """Take a database away, whoever is connected to it: its ten megabytes may lie in memory."""
        name = address.get_secret_value().rpartition("/")[2]
        self._administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(f"postgresql://test@127.0.0.1:{self.port}/postgres", autocommit=True) as admin:
            admin.execute(statement)

    @contextmanager
    def outage(self, address: sa.URL) -> Iterator[None]:
        """A database that lets nobody in, and has thrown out who was, until the block ends."""
        name = sql.Identifier(str(address.database))
        with psycopg.connect(f"postgresql://test@127.0.0.1:{self.port}/postgres", autocommit=True) as admin:
            admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (address.database,)
            )
            try:
                yield
            finally:
                admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self.user, str(self.binaries / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")
