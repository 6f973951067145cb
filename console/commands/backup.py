"""`counterfoil backup` and `counterfoil restore`: a copy of everything while the service runs, and the way back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from console.output import say, size, when
from console.session import Session
from counterfoil.backup import restore_backup, take_backup, verify_backup
from counterfoil.backup.manifest import Manifest
from counterfoil.backup.manifest import Progress as Told
from counterfoil.exceptions import Conflict, IndexUnavailable, StoreError
from counterfoil.store import Store
from indexer.opening import open_index
from indexer.rebuild import rebuild


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--verify", "only_verify", is_flag=True, help="Take none: read the one that is there, and verify it.")
@click.pass_obj
def backup(session: Session, target: Path, only_verify: bool) -> None:
    """Copy everything into the folder TARGET, or into one file if the name ends in .tar, while the service runs.

    A second backup into the same folder copies only what is new; killed at any moment, it leaves the last whole one
    usable. Exit status 1 if the installation has lost files of evidence, or a verified backup is damaged.

    \b
    Example:
      counterfoil backup /mnt/backups/counterfoil
      counterfoil backup /mnt/backups/counterfoil --verify
    """
    if only_verify:
        _verify(target)
        return
    with _progress() as told, _disk_errors(target):
        taken = take_backup(session.settings, target, told)
    click.echo(f"{_summary(taken.manifest)}; copied {taken.copied} files of evidence ({size(taken.bytes)})")
    if taken.manifest.lost:
        say(f"{len(taken.manifest.lost)} files of evidence are missing or damaged in the installation itself, such as:")
        say(f"  {taken.manifest.lost[0]}")
        raise click.exceptions.Exit(1)


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.pass_obj
def restore(session: Session, target: Path) -> None:
    """Put the backup TARGET in place, into an empty data folder (COUNTERFOIL_DATA): all of it or nothing.

    Everything is verified on the way. Killed at any moment, it can be repeated. The suspect index is made anew.

    \b
    Example:
      counterfoil restore /mnt/backups/counterfoil
    """
    problems: list[str] = []

    def finish(store: Store) -> None:
        index = open_index(session.settings)
        try:
            rebuild(store, index, lambda done: told("index", done, 0))
        except (IndexUnavailable, Conflict) as error:
            problems.append(str(error))
        finally:
            index.close()

    with _progress() as told, _disk_errors(session.settings.data):
        manifest = restore_backup(session.settings, target, told, finish)
    click.echo(f"restored into {session.settings.data}: {_summary(manifest)}")
    for problem in problems:
        say(f"{problem} Then: counterfoil index rebuild")
    if problems:
        raise click.exceptions.Exit(1)


def _verify(target: Path) -> None:
    with _progress() as told:
        found = verify_backup(target, told)
    for problem in found.problems:
        click.echo(problem)
    if found.lost:
        say(f"{found.lost} files of evidence were missing or damaged in the installation already.")
    if found.problems:
        say(f"{len(found.problems)} problems. A file of evidence: delete it there and take the backup again.")
        raise click.exceptions.Exit(1)
    click.echo(f"whole: {_summary(found.manifest)}")


def _summary(manifest: Manifest) -> str:
    database = f"{size(manifest.database_bytes)}, schema {manifest.schema_revision}"
    files = f"{manifest.images} pictures, {manifest.bodies} bodies, {manifest.captures} files of captures"
    return f"database of {when(manifest.started_at)} ({database}), {files}"


@contextmanager
def _progress() -> Iterator[Told]:
    console = Console(stderr=True)
    with Progress(transient=True, console=console, disable=not console.is_terminal) as progress:
        bars = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(what, total=None)
            progress.update(bars[what], completed=done, total=total or None)

        yield told


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where, why = error.filename or folder, error.strerror or error
        raise StoreError(f"{where} cannot be read or written: {why}. What was whole before stays so.") from error


commands = (backup, restore)
