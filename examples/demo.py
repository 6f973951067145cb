"""`make demo`: the main job from registration to verdict, on the made-up marketplace of this folder.

Everything runs as it does for a real owner: the same commands, the same scheduler, workers and index, in a data folder
of its own. Only the marketplace is ours, and the truth that says at the end whether the suspects are the right ones.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from counterfoil.models import CrawlState, RunKind
from counterfoil.settings import load_settings
from counterfoil.store import Store, open_store
from counterfoil.store.crawls import list_crawls
from counterfoil.store.inspections import count_inspections
from counterfoil.store.outbox import outbox_size
from counterfoil.store.owners import get_owner
from counterfoil.store.runs import list_runs

_FOLDER = Path(".demo")
_MOST_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the demo plays: its folders, the marketplace's address, and the environment of every command."""

    folder: Path
    market: str
    port: int
    once: bool

    @property
    def environment(self) -> dict[str, str]:
        """The settings: a data folder of its own, and leave to reach the marketplace on this machine."""
        host = self.market.removeprefix("http://").rstrip("/")
        own = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERFOIL_")}
        return {
            **own,
            "COUNTERFOIL_DATA": str(self.folder / "data"),
            "COUNTERFOIL_ALLOW_HOSTS": host,
            "COUNTERFOIL_HTTP_PORT": str(self.port),
            "COUNTERFOIL_LOG_LEVEL": "WARNING",
            # It would end in the middle of them, and show none.
            "COUNTERFOIL_CAPTURES": "false" if self.once else "true",
        }


@click.command()
@click.option("--once", is_flag=True, help="Stop afterwards: exit 0 when the expected suspects were found, 1 when not.")
def demo(once: bool) -> None:
    """Run the demo."""
    # Asked to stop either way, it takes the marketplace and the service with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    with ExitStack() as stack:
        folder = _fresh_folder()
        market = stack.enter_context(_marketplace(folder))
        scene = Scene(folder=folder, market=market, port=_free_port(), once=once)
        _register(scene)
        stack.enter_context(_service(scene))
        _add_monitor(scene)
        _watch(scene)
        found = _suspects(scene)
        _print(found)
        right = _compare(scene, found)
        _say(f"done in {time.monotonic() - started:.0f} s")
        _invite(scene)
        if not once:
            _stay()
    sys.exit(0 if right or not once else 1)


def _say(text: str) -> None:
    click.echo(f"== {text}", err=True)


def _fresh_folder() -> Path:
    folder = _FOLDER.absolute()
    if folder.exists():
        _say(f"removing what an earlier demo left in {folder}")
        shutil.rmtree(folder)
    folder.mkdir()
    return folder


@contextmanager
def _marketplace(folder: Path) -> Iterator[str]:
    _say("starting the example marketplace")
    command = [sys.executable, "-m", "examples.marketplace", "serve", "--port", "0"]
    with (folder / "marketplace.log").open("wb") as errors:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)  # noqa: S603
    try:
        assert server.stdout is not None  # noqa: S101 - asked for one line above
        line = server.stdout.readline().strip()
        if "http://" not in line:
            raise click.ClickException(f"the example marketplace did not start: see {folder / 'marketplace.log'}")
        _say(line)
        yield "http://" + line.split("http://")[1].split()[0]
    finally:
        server.terminate()
        server.wait()


def _register(scene: Scene) -> None:
    kit = scene.folder / "brand"
    _example("brand", "--folder", str(kit))
    declaration = scene.folder / "data" / "marketplaces" / "example" / "marketplace.yaml"
    declaration.parent.mkdir(parents=True)
    declaration.write_text(_example("declaration", "--url", scene.market), encoding="utf-8")
    brand = json.loads((kit / "brand.json").read_text(encoding="utf-8"))
    _say(f"registering the brand {brand['name']}, its products and authorised sellers")
    aliases = [part for alias in brand["aliases"] for part in ("--alias", alias)]
    _counterfoil(scene, "brand", "add", brand["name"], *aliases)
    _counterfoil(scene, "rates", "import", str(kit / "rates.csv"))
    _counterfoil(scene, "product", "import", str(kit / "products.csv"))
    _counterfoil(scene, "seller", "import", str(kit / "sellers.csv"))


@contextmanager
def _service(scene: Scene) -> Iterator[None]:
    _say("starting the service (counterfoil up)")
    with (scene.folder / "service.log").open("wb") as log:
        service = subprocess.Popen(
            [sys.executable, "-m", "console", "up", "--lifeline"],
            env=scene.environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        service.terminate()
        service.wait()


def _add_monitor(scene: Scene) -> None:
    _say("setting up a monitor that is due at once; the scheduler fires it")
    _counterfoil(scene, "monitor", "add", "demo", "--marketplace", "example", "--every", "1d", "--now")


def _watch(scene: Scene) -> None:
    """Follow the run until it has ended, everything is judged and the index has it."""
    store = open_store(load_settings(scene.environment))
    deadline = time.monotonic() + _MOST_SECONDS
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        bar = progress.add_task("waiting for the scheduler", total=None)
        shown = ""
        while not (state := _state(store)).done:
            if time.monotonic() > deadline:
                raise click.ClickException(f"not done after {_MOST_SECONDS} s: see {scene.folder / 'service.log'}")
            progress.update(bar, description=state.text, total=state.seen or None, completed=state.judged)
            if progress.disable and state.text != shown:
                shown = state.text
                _say(shown)
            time.sleep(0.5)
    _say(_state(store).text)
    store.close()


@dataclass(frozen=True, slots=True)
class _State:
    text: str
    seen: int
    judged: int
    done: bool


def _state(store: Store) -> _State:
    with store.read() as connection:
        owner = get_owner(connection, "default")
        runs = list_runs(connection, owner.id)
        # The pages of suspects are captured beside it.
        search = next((run for run in runs if run.kind is RunKind.SEARCH), None)
        crawls = list_crawls(connection, owner.id, search.id) if search else []
        inspections = count_inspections(connection, owner.id)
        waiting = outbox_size(connection)
    judged, seen = inspections.get("done", 0), sum(inspections.values())
    ended = [crawl for crawl in crawls if crawl.state is CrawlState.FINISHED]
    reasons = ", ".join(str(crawl.reason) for crawl in ended) or "under way"
    pages = sum(crawl.counters.requests for crawl in crawls)
    text = f"crawls {len(ended)}/{len(crawls)} ({reasons}), {pages} requests, {seen} listings, {judged} judged"
    done = bool(crawls) and len(ended) == len(crawls) and judged == seen and waiting == 0
    return _State(text=text, seen=seen, judged=judged, done=done)


def _suspects(scene: Scene) -> list[dict[str, Any]]:
    lines = _counterfoil(scene, "search", "--json", "--all").splitlines()
    return [json.loads(line) for line in lines]


def _print(found: Sequence[dict[str, Any]]) -> None:
    for one in found:
        distance = one["image_distance"]
        picture = f"; image distance {distance} of 256 bits" if distance is not None else ""
        reasons = "; ".join(reason["text"] for reason in one["reasons"])
        click.echo(f"{one['score']:.2f}  {one['product']}  <-  {one['title']}")
        click.echo(f"      {reasons}{picture}")
        click.echo(f"      {one['url']}")


def _compare(scene: Scene, found: Sequence[dict[str, Any]]) -> bool:
    """Whether every counterfeit was found, and nothing honest was."""
    truth = [json.loads(line) for line in _example("truth").splitlines()]
    suspects = {one["listing"] for one in found}
    expected = {row["id"] for row in truth if row["counterfeit"]}
    honest = {row["id"] for row in truth if not row["counterfeit"]}
    edited = {row["id"] for row in truth if row["found_by"] == "matching"}
    _say(
        f"{len(suspects)} suspects; expected and found {len(expected & suspects)} of {len(expected)}, "
        f"{len(edited & suspects)} of {len(edited)} of them by cropped, mirrored, collaged or covered photos; "
        f"false alarms {len(honest & suspects)} among {len(honest)} honest listings"
    )
    for missed in sorted(expected - suspects):
        _say(f"missed: listing {missed}")
    for wrong in sorted(honest & suspects):
        _say(f"false alarm: listing {wrong}")
    return expected <= suspects and not honest & suspects


def _invite(scene: Scene) -> None:
    """Where the console is, and how to get in. Raises ClickException where it does not answer."""
    console = f"http://127.0.0.1:{scene.port}"
    try:
        httpx.get(f"{console}/log-in", timeout=30).raise_for_status()
    except httpx.HTTPError as error:
        raise click.ClickException(f"the console does not answer: {error}") from error
    _say(f"the console is at {console}/suspects and the marketplace at {scene.market}")
    _say(f"choose your name and password, and look at the suspects: {_counterfoil(scene, 'account', 'link').strip()}")


def _stay() -> None:
    _say("both stay up; on the command line: COUNTERFOIL_DATA=.demo/data .venv/bin/counterfoil search --facets")
    _say("Ctrl-C stops")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        _say("stopping")


def _counterfoil(scene: Scene, *arguments: str) -> str:
    return _output([sys.executable, "-m", "console", *arguments], scene.environment)


def _example(*arguments: str) -> str:
    return _output([sys.executable, "-m", "examples.marketplace", *arguments], dict(os.environ))


def _output(command: Sequence[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603
    if done.returncode:
        raise click.ClickException(f"{' '.join(command[2:])} failed with exit code {done.returncode}")
    return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    demo()
