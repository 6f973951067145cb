"""`counterfoil evidence`: what is kept of crawled pages, whether it is sound, and what may go."""

import click

from console.output import capture_words, deleted_words, print_lines, print_table, say
from console.session import Session
from counterfoil.clock import now
from counterfoil.evidence import Kind
from counterfoil.models import Capture, CaptureState
from counterfoil.store.captures import list_captures
from counterfoil.store.suspects import get_suspect


@click.group()
def evidence() -> None:
    """Evidence: captured pages, stored pictures and response bodies, and how long they are kept."""


@evidence.command()
@click.argument("suspect", type=int)
@click.option("--json", "as_json", is_flag=True, help="JSON Lines: a capture on each.")
@click.pass_obj
def show(session: Session, suspect: int, as_json: bool) -> None:
    """Show what was captured of a suspect's page: when, by which means, in which files, and whether they are whole.

    Exit status 1 if a file is missing or damaged.

    \b
    Example:
      counterfoil evidence show 12
    """
    from counterfoil.verification import capture_problems

    with session.read() as connection:
        get_suspect(connection, session.owner.id, suspect)
        found = list_captures(connection, session.owner.id, suspect)
    if as_json:
        print_lines(found)
        return
    if not found:
        say("No capture of this suspect's page was asked for.")
    damaged = False
    for capture in found:
        _show_capture(session, capture)
        for problem in capture_problems(capture, session.evidence) if capture.state is CaptureState.DONE else ():
            damaged = True
            click.echo(f"    WRONG {problem}")
    if damaged:
        raise click.exceptions.Exit(1)


@evidence.command()
@click.option("--dry-run", is_flag=True, help="Only count what would be deleted.")
@click.option("--also-most", is_flag=True, help="Delete files that the database does not know, even if most are such.")
@click.pass_obj
def sweep(session: Session, dry_run: bool, also_most: bool) -> None:
    """Delete pictures and bodies whose time has come, and files that nothing refers to.

    The service does it daily. Rows, fingerprints and verdicts stay: past listings are still found by them.

    \b
    Example:
      counterfoil evidence sweep --dry-run
    """
    from counterfoil.retention import Sweep

    made = Sweep(session.store, session.evidence, session.settings, now=now(), dry=dry_run)
    report = made.run(also_most=also_most)
    rows = [
        (name, *(f"{count:,}" for count in (swept.images, swept.bodies, swept.captures, swept.bytes)))
        for name, swept in report.classes.items()
    ]
    print_table(["class", "pictures", "bodies", "captures", "bytes"], rows, empty="")
    if report.drafts:
        say(f"{report.drafts} half-written files of killed writers were removed")
    say("nothing was deleted: this only counted" if dry_run else "deleted")


@evidence.command()
@click.pass_obj
def verify(session: Session) -> None:
    """Read every stored file, compare it with its name and the database, and name what differs.

    Of captured pages the digests and dates inside their WARC files are verified too.

    Exit status 1 if anything does.

    \b
    Example:
      counterfoil evidence verify
    """
    from counterfoil.verification import Verification

    verification = Verification(session.store, session.evidence, now())
    differences = 0
    for difference in verification.run():
        differences += 1
        click.echo(f"{difference.where} {difference.problem}")
    say(f"{verification.files:,} files with {verification.bytes:,} bytes were read: {differences or 'no'} differences")
    if differences:
        raise click.exceptions.Exit(1)


def _show_capture(session: Session, capture: Capture) -> None:
    click.echo(f"capture {capture.id}  {capture_words(capture)}")
    click.echo(f"    {capture.final_url or capture.url}")
    if capture.detail:
        click.echo(f"    {capture.detail}")
    for file in capture.files:
        where = session.evidence.where(Kind.CAPTURE, file.sha256)
        kept = deleted_words(file.deleted_at) if file.deleted_at else where
        click.echo(f"    {file.role:<10}  {file.size:>12,} bytes  sha256 {file.sha256}  {kept}")


commands = (evidence,)
