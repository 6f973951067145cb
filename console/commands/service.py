"""`counterfoil up` and its parts: `schedule`, `work`, `serve`; and the settings they run with."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click
from pydantic import SecretStr

from console.logs import configure_logging
from console.output import print_table
from console.public_address import address
from console.session import Session
from counterfoil.exceptions import CounterfoilError
from counterfoil.lifeline import follow_parent, stop_event
from counterfoil.presence import present
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

    with _part(session, "schedule", lifeline) as stop:
        run_scheduler(session.store, session.settings, stop)


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
    roles = roles or ROLES
    with _part(session, f"work ({', '.join(roles)})", lifeline) as stop:
        _run_roles(session, roles, stop)


@click.command()
@click.option("--host", metavar="ADDRESS", help="Instead of COUNTERFOIL_HTTP_HOST.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Instead of COUNTERFOIL_HTTP_PORT.")
@_lifeline
@click.pass_obj
def serve(session: Session, host: str | None, port: int | None, lifeline: bool) -> None:
    """Serve pages and HTTP interface, and print a set-up link for every owner for whom nobody can log in yet.

    \b
    Example:
      counterfoil serve --port 8787
    """
    from console.server import run_server

    chosen = session.settings.http_port if port is None else port
    with _part(session, "serve", lifeline) as stop:
        if not lifeline:
            _print_first_links(session)
        run_server(session.installation, host or session.settings.http_host, chosen, stop)


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
    from scheduler.supervisor import REFUSED, supervise

    with _part(session, "up", lifeline) as stop:
        check_integrity(session.store)
        click.echo(f"data folder: {session.settings.data}")
        click.echo(f"address: {address(session.settings)}")
        _print_first_links(session)
        try:
            supervise(_parts(), stop)
        except CounterfoilError as error:
            click.echo(f"Error: {error}", err=True)
            raise click.exceptions.Exit(REFUSED) from error


def _print_first_links(session: Session) -> None:
    from console.set_up_links import first_links

    for owner, link in first_links(session):
        click.echo(f"nobody can log in for {owner} yet; to make the first account, within 24 hours: {link}")


def _parts() -> dict[str, Sequence[str]]:
    roles = {f"work ({role})": ["work", "--lifeline", "--role", role] for role in ROLES}
    return {"schedule": ["schedule", "--lifeline"], **roles, "serve": ["serve", "--lifeline"]}


@contextmanager
def _part(session: Session, role: str, lifeline: bool) -> Iterator[threading.Event]:
    """Be a part of the service; yields the event that asks it to stop."""
    configure_logging(session.settings)
    stop = stop_event()
    if lifeline:
        follow_parent(stop)
    with present(session.store, session.settings, role, stop):
        yield stop


def _run_roles(session: Session, roles: Sequence[str], stop: threading.Event) -> None:
    """Do the work of all roles; the first that fails stops the others, and its error is raised."""
    failures: list[Exception] = []
    work = [_work_of(session, role, stop) for role in roles]
    threads = [threading.Thread(target=_guarded, args=(run, stop, failures)) for run in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise _worst(failures)


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


def _guarded(run: Callable[[], None], stop: threading.Event, failures: list[Exception]) -> None:
    try:
        run()
    except Exception as error:  # the process ends, so that its supervisor starts it again whole
        known = isinstance(error, CounterfoilError)
        log.error("a role failed: stopping the process: %s", error, exc_info=not known)
        failures.append(error)
        stop.set()


def _worst(failures: Sequence[Exception]) -> Exception:
    """The error to end with: one that a restart cannot mend, else a plain failure, after which it is started again."""
    fatal = next((error for error in failures if isinstance(error, CounterfoilError) and error.fatal), None)
    return fatal or click.exceptions.Exit(1)


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "(secret)"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)


commands = (settings, schedule, work, serve, up)
