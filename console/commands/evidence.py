"""`counterfoil evidence`: what is kept of crawled pages, whether it is sound, and what may go."""

import click

from console.output import print_table, say
from console.session import Session
from counterfoil.clock import now


@click.group()
def evidence() -> None:
    """Evidence: stored pictures and response bodies, and how long they are kept."""


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
        (name, f"{swept.images:,}", f"{swept.bodies:,}", f"{swept.bytes:,}") for name, swept in report.classes.items()
    ]
    print_table(["class", "pictures", "bodies", "bytes"], rows, empty="")
    if report.drafts:
        say(f"{report.drafts} half-written files of killed writers were removed")
    say("nothing was deleted: this only counted" if dry_run else "deleted")


@evidence.command()
@click.pass_obj
def verify(session: Session) -> None:
    """Read every stored file, compare it with its name and the database, and name what differs.

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


commands = (evidence,)
