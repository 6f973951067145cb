"""A real Elasticsearch server for the tests, from Maven Central, on free ports of this machine."""

import os
import signal
import ssl
import subprocess
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from servers import free_port, unprivileged

# What tools/elasticsearch fetches.
ARCHIVE = "elasticsearch-9.2.0.zip"
_JAVA = Path(__file__).parents[1] / "tools" / "java"
_START_SECONDS = 180
# No server of a test runs long enough to be worth the second compiler: without it one starts in two thirds of the time.
_JAVA_OPTIONS = {
    "ES_JAVA_OPTS": "-Xms512m -Xmx512m -XX:TieredStopAtLevel=1",
    "CLI_JAVA_OPTS": "-XX:TieredStopAtLevel=1",
}


class ElasticsearchServer:
    """One node with its data in `folder`; it can be killed, frozen and started again."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.scheme = "http"
        self.auth: tuple[str, str] | None = None
        self.authority: Path | None = None
        self._settings = {
            "discovery.type": "single-node",
            "xpack.security.enabled": "false",
            "http.port": str(self.port),
            "transport.port": str(free_port()),
            "path.data": f"{folder}/data",
            "path.logs": f"{folder}/logs",
            # The machine's disk is not what is tested.
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            **(settings or {}),
        }
        self._user = unprivileged(folder, "nobody")
        self._process: subprocess.Popen[bytes] | None = None
        with zipfile.ZipFile(archive()) as packed:  # type: ignore[arg-type]
            packed.extractall(folder)
        self.home = next(folder.glob("elasticsearch-*"))
        for program in (self.home / "bin").iterdir():
            program.chmod(0o755)
        self._own()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = [part for name, value in self._settings.items() for part in ("-E", f"{name}={value}")]
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [*self._user, str(self.home / "bin" / "elasticsearch"), *options],
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "ES_JAVA_HOME": str(java()), **_JAVA_OPTIONS},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._wait()

    def configure(self, settings: Mapping[str, str]) -> None:
        """Change settings; they hold from the next start."""
        self._settings.update(settings)

    def run(self, program: str, *arguments: str, answer: str = "") -> None:
        """Run one of its programs, such as elasticsearch-keystore."""
        command = [*self._user, str(self.home / "bin" / program), *arguments]
        environment = {"PATH": os.environ["PATH"], "ES_JAVA_HOME": str(java()), **_JAVA_OPTIONS}
        subprocess.run(command, check=True, input=answer.encode(), env=environment, capture_output=True)

    def write(self, name: str, data: bytes) -> Path:
        """Put a file into its configuration folder."""
        path = self.home / "config" / name
        path.write_bytes(data)
        self._own()
        return path

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server and its launcher."""
        if self._process is not None:
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self.signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _own(self) -> None:
        if self._user:
            subprocess.run(["chown", "-R", "nobody", str(self.folder)], check=True)

    def _wait(self) -> None:
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            assert self._process is not None and self._process.poll() is None, self._log()
            try:
                verify = ssl.create_default_context(cafile=self.authority)
                answer = httpx.get(f"{self.url}/_cluster/health", auth=self.auth, verify=verify, timeout=5)
                if answer.status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
        raise AssertionError(f"Elasticsearch does not start: {self._log()}")

    def _log(self) -> str:
        return (self.folder / "output").read_text(errors="replace")[-3_000:]


@contextmanager
def running(folder: Path) -> Iterator[ElasticsearchServer]:
    """A started server; it is gone afterwards."""
    server = ElasticsearchServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def drop(url: str, name: str) -> None:
    """Delete every index whose name begins so; servers refuse to delete by a pattern."""
    found = httpx.get(f"{url}/{name}*/_alias?expand_wildcards=all", timeout=60).raise_for_status().json()
    for index in found:
        httpx.delete(f"{url}/{index}", timeout=60).raise_for_status()


def missing() -> str | None:
    """Why no server can be started here, or None."""
    if archive() is None:
        return "Elasticsearch is not there (make services)"
    if java() is None:
        return "Elasticsearch needs Java 21 or newer: set JAVA_HOME, or install one into /usr/lib/jvm"
    return None


def archive() -> Path | None:
    """The server's files, as `make services` has fetched them."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = cache / "counterfoil" / ARCHIVE
    return path if path.exists() else None


def java() -> Path | None:
    """The home of an installed Java that is new enough."""
    found = subprocess.run(["sh", str(_JAVA)], capture_output=True, text=True)
    return Path(found.stdout.strip()) if found.returncode == 0 else None
