"""Starts one crawl as a Scrapy process, and stops it.

The process holds the other end of a pipe on its standard input: when this process dies, however it dies, the pipe
closes and the crawl stops by itself.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from counterfoil.models import Crawl
from counterfoil.settings import Settings

# What crawlers' processes exit with.
CLOSED = 0
SUPERSEDED = 3
STOPPED = 4

_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What runs a crawl: its command, and the seconds it may take to end itself past its deadline or when asked."""

    command: Callable[[Crawl], Sequence[str]]
    grace_seconds: float = 30
    stop_seconds: float = 15


@dataclass(frozen=True, slots=True)
class CrawlProcess:
    """A running crawl."""

    process: subprocess.Popen[bytes]
    log: Path
    stop_seconds: float

    def wait(self, seconds: float) -> int | None:
        """The exit code, or None if it is still running after so many seconds."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> None:
        """Ask it to stop, then make it; its whole process group, so that no browser is left behind."""
        self._signal(signal.SIGTERM)
        self.wait(self.stop_seconds)
        self._signal(signal.SIGKILL)
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()

    def last_words(self) -> str:
        """The last lines of its log, for people to see why it died."""
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 2_000))
            # PostgreSQL refuses NUL.
            lines = file.read().decode(errors="replace").replace("\0", " ").splitlines()
        return " | ".join(line.strip() for line in lines[-3:])

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


def log_folder(settings: Settings) -> Path:
    """Where the logs of crawls are kept."""
    return settings.data / "logs"


def log_of(settings: Settings, crawl: Crawl) -> Path:
    """The log of this attempt at a crawl."""
    return log_folder(settings) / f"crawl-{crawl.id}-{crawl.attempt}.log"


def scrapy_command(crawl: Crawl) -> list[str]:
    """The command that runs a crawl in Scrapy; the folder it is started in is not searched for modules."""
    arguments = {"crawl_id": crawl.id, "attempt": crawl.attempt, "watch_stdin": 1}
    options = [part for name, value in arguments.items() for part in ("-a", f"{name}={value}")]
    return [sys.executable, "-P", "-m", "scrapy", "crawl", crawl.spider, *options]


SCRAPY = Program(command=scrapy_command)


def start_crawl(crawl: Crawl, settings: Settings, program: Program = SCRAPY) -> CrawlProcess:
    """Start the process of a claimed crawl. Raises OSError where the machine cannot: disk full, no memory.

    It stays in this process's folder: a relative path in a setting means the same to both.
    """
    log_folder(settings).mkdir(parents=True, exist_ok=True)
    log = log_of(settings, crawl)
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the program is ours and the arguments are numbers
            program.command(crawl),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(),
            start_new_session=True,
        )
    return CrawlProcess(process=process, log=log, stop_seconds=program.stop_seconds)


def _environment() -> dict[str, str]:
    path = os.pathsep.join(part for part in (str(_ROOT), os.environ.get("PYTHONPATH", "")) if part)
    return {**os.environ, "PYTHONPATH": path, "SCRAPY_SETTINGS_MODULE": "crawlers.settings"}
