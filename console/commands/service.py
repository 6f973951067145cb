"""`counterfoil up` and its parts: `schedule`, `work`, `serve`; and the settings they run with."""

import logging
import threading
from collections.abc import Callable, Sequence

import click
from pydantic import SecretStr

from console.logs import configure_logging
from console.output import print_table
from console.session import Session
from counterfoil.lifeline import follow_parent, stop_event
from counterfoil.settings import Settings, variable
from counterfoil.store import check_integrity

log = logging.getLogger(__name__)

ROLES = ("crawl", "judge", "deliver")
# Set by `up` for its children: their standard input is a pipe that closes when `up` is gone.
_lifeline = click.option("--lifeline", is_flag=True, hidden=True)


@click.command()
@click.pass_obj
def settings(session: Session) -> None:
    """List every setting: its variable, its value here, and what it is for.

    \b
    Example:
      counterfoil settings
    """
    rows = [
        (variable(name), _shown(getattr(session.settings, name)), field.description)
        for name, field in Settings.model_fields.items()
    ]
    print_table(["variable", "value", "meaning"], rows, empty="")


@click.command()
@_lifeline
@click.pass_obj
def schedule(session: Session, lifeline: bool) -> None:
    """Fire monitors that are due; any number may run on one database.

    \b
    Example:
      counterfoil schedule
    """
    from scheduler.service import run_scheduler

    run_scheduler(session.store, session.settings, _begin(session, lifeline))


@click.command()
@click.option("--role", "roles", type=click.Choice(ROLES), multiple=True, help="Only this work; repeatable.")
@_lifeline
@click.pass_obj
def work(session: Session, roles: tuple[str, ...], lifeline: bool) -> None:
    """Run crawls, judge what they find, and deliver suspects to the index.

    \b
    Example:
      counterfoil work --role crawl
    """
    _run_roles(session, roles or ROLES, _begin(session, lifeline))


@click.command()
@click.option("--host", metavar="ADDRESS", help="Instead of COUNTERFOIL_HTTP_HOST.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Instead of COUNTERFOIL_HTTP_PORT.")
@_lifeline
@click.pass_obj
def serve(session: Session, host: str | None, port: int | None, lifeline: bool) -> None:
    """Serve the HTTP interface, on this machine only as long as there are no accounts.

    \b
    Example:
      counterfoil serve --port 8787
    """
    from console.server import run_server

    chosen = session.settings.http_port if port is None else port
    run_server(session, host or session.settings.http_host, chosen, _begin(session, lifeline))


@click.command()
@_lifeline
@click.pass_obj
def up(session: Session, lifeline: bool) -> None:
    """Run the whole service on this machine: scheduler, workers, HTTP interface.

    Set COUNTERFOIL_CONTACT first, so that crawled sites can reach you.

    \b
    Example:
      counterfoil up
    """
    from scheduler.supervisor import supervise

    stop = _begin(session, lifeline)
    check_integrity(session.store)
    click.echo(f"data folder: {session.settings.data}")
    click.echo(f"address: http://{session.settings.http_host}:{session.settings.http_port}/")
    supervise(_parts(), stop)


def _parts() -> dict[str, Sequence[str]]:
    roles = {f"work ({role})": ["work", "--lifeline", "--role", role] for role in ROLES}
    return {"schedule": ["schedule", "--lifeline"], **roles, "serve": ["serve", "--lifeline"]}


def _begin(session: Session, lifeline: bool) -> threading.Event:
    configure_logging(session.settings)
    stop = stop_event()
    if lifeline:
        follow_parent(stop)
    return stop


def _run_roles(session: Session, roles: Sequence[str], stop: threading.Event) -> None:
    failed = threading.Event()
    work = [_work_of(session, role, stop) for role in roles]
    threads = [threading.Thread(target=_guarded, args=(run, stop, failed)) for run in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed.is_set():
        raise click.exceptions.Exit(1)


def _work_of(session: Session, role: str, stop: threading.Event) -> Callable[[], None]:
    from indexer.delivery import run_delivery
    from indexer.ingest import run_ingest
    from scheduler.worker import run_worker

    store, settings = session.store, session.settings
    if role == "crawl":
        return lambda: run_worker(store, settings, stop)
    if role == "judge":
        return lambda: run_ingest(store, session.evidence, settings, stop)
    return lambda: run_delivery(store, session.bare_index, stop, settings.tick_seconds)


def _guarded(run: Callable[[], None], stop: threading.Event, failed: threading.Event) -> None:
    try:
        run()
    except Exception:  # the process ends, so that its supervisor starts it again whole
        log.exception("a role failed: stopping the process")
        failed.set()
        stop.set()


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "(secret)"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)


commands = (settings, schedule, work, serve, up)
