"""An installation as a user has it: a data folder, the commands, the service as real processes, a real marketplace."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from counterfoil.settings import Settings, load_settings
from counterfoil.store import Store, open_store


def wait_until(true: Callable[[], Any], seconds: float, what: str) -> Any:
    """Poll until it is true, and fail with a sentence when it does not become so."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


@contextmanager
def marketplace(folder: Path, *arguments: str) -> Iterator[str]:
    """The example marketplace on a free port; yields its address without a slash at the end."""
    log = folder / "marketplace.log"
    with log.open("wb") as errors:
        server = subprocess.Popen(
            [sys.executable, "-m", "examples.marketplace", "serve", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        line = server.stdout.readline()
        assert "http://" in line, log.read_text()
        yield "http://" + line.split("http://")[1].split()[0].rstrip("/")
    finally:
        server.terminate()
        server.wait(20)


@dataclass
class Installation:
    """A data folder with the example marketplace declared in it, unless it is there already.

    `folder` is where the data folder is, and the service's log, unless `logs` says where that goes.
    """

    folder: Path
    market: str
    extra: dict[str, str] = field(default_factory=dict)
    declare: bool = True
    declared_with: Sequence[str] = ()
    logs: Path | None = None

    def __post_init__(self) -> None:
        if self.declare:
            self._declare()

    def _declare(self) -> None:
        declared = subprocess.run(
            [sys.executable, "-m", "examples.marketplace", "declaration", "--url", self.market, *self.declared_with],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        file = self.folder / "data" / "marketplaces" / "example" / "marketplace.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(declared)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every command."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERFOIL_")}
        own = {
            "COUNTERFOIL_DATA": str(self.folder / "data"),
            "COUNTERFOIL_ALLOW_HOSTS": self.market.removeprefix("http://"),
            "COUNTERFOIL_HTTP_PORT": "0",
            "COUNTERFOIL_LEASE_SECONDS": "5",
            # What they are is tested by themselves: here they would only take time.
            "COUNTERFOIL_CAPTURES": "false",
        }
        return {**clean, **own, **self.extra}

    @property
    def service_log(self) -> Path:
        """Where the service's processes write what they say."""
        return (self.logs or self.folder) / "service.log"

    @property
    def settings(self) -> Settings:
        """The same settings for the test itself."""
        return load_settings(self.environment)

    def store(self) -> Store:
        """The database, to look at."""
        return open_store(self.settings)

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run one command; its standard output."""
        done = subprocess.run(
            [sys.executable, "-m", "console", *arguments], env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout if expect == 0 else done.stderr

    def scrapy(self, *arguments: str) -> str:
        """Run one Scrapy command inside the project; its log."""
        environment = {**self.environment, "COUNTERFOIL_CONTACT": "tests@example.com"}
        done = subprocess.run(
            [sys.executable, "-m", "scrapy", *arguments],
            env={**environment, "SCRAPY_SETTINGS_MODULE": "crawlers.settings"},
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stderr

    def lines(self, *arguments: str) -> list[dict[str, Any]]:
        """Run one command that prints JSON Lines."""
        return [json.loads(line) for line in self.run(*arguments).splitlines()]

    @contextmanager
    def service(self, *command: str) -> Iterator[psutil.Process]:
        """`counterfoil up` (or another part) as a real process; stopped politely afterwards."""
        with self.service_log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "console", *(command or ("up",))],
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        try:
            yield psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    def finished(self) -> bool:
        """Whether every crawl has ended, everything is judged and the index has been told."""
        with self.store().read() as connection:
            numbers = {name: connection.exec_driver_sql(query).scalar_one() for name, query in _OPEN_QUESTIONS.items()}
        return numbers["runs"] > 0 and not any(count for name, count in numbers.items() if name != "runs")

    def log(self) -> str:
        """What the service has said."""
        return self.service_log.read_text()


_OPEN_QUESTIONS = {
    "runs": "SELECT count(*) FROM runs",
    "open runs": "SELECT count(*) FROM runs WHERE state = 'open'",
    "inspections": "SELECT count(*) FROM inspections WHERE state IN ('waiting', 'claimed')",
    "outbox": "SELECT count(*) FROM outbox",
}
