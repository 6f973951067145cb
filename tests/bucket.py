"""A bucket on this machine: moto's S3 server as a process, from an environment of its own (tools/moto-server)."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import count
from pathlib import Path

_NUMBERS = count(1)


@dataclass(frozen=True)
class BucketServer:
    """The running server."""

    port: int
    process: subprocess.Popen[bytes]

    @staticmethod
    def program() -> Path | None:
        """What starts it; None where it is not installed."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        program = cache / "counterfoil" / "moto" / "bin" / "moto_server"
        return program if program.exists() else None

    @staticmethod
    @contextmanager
    def running(log: Path) -> Iterator["BucketServer"]:
        """Start the server on a free port, and end it."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [str(BucketServer.program()), "-H", "127.0.0.1", "-p", str(port)]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait_until_up(port, process, log)
            yield BucketServer(port, process)
        finally:
            process.kill()
            process.wait()

    def new_bucket(self) -> str:
        """The name of a fresh, empty bucket."""
        name = f"evidence-{next(_NUMBERS)}"
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("PUT", f"/{name}")
        assert connection.getresponse().status == 200
        connection.close()
        return name

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs besides our settings to reach it."""
        return {"AWS_ENDPOINT_URL": self.address, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1"}


def _wait_until_up(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"moto does not start: {log.read_text(errors='replace')[-2_000:]}")
