"""`counterfoil doctor`: what is wrong with this installation, and what to do about it."""

from collections.abc import Iterator

import click

from console.doctor.examination import examine, not_examined, worst
from console.doctor.findings import Finding, Level
from console.doctor.place import Place
from console.output import print_lines
from console.session import Session
from counterfoil.exceptions import InvalidSetting

_COLOURS = {Level.OK: "green", Level.HINT: "yellow", Level.WRONG: "red"}


@click.command()
@click.option("--strict", is_flag=True, help="Exit status 1 when there are hints.")
@click.option("--json", "as_json", is_flag=True, help="JSON Lines.")
@click.option(
    "--seconds", type=click.FloatRange(1, 86_400), default=30, show_default=True, help="Deadline of each check."
)
@click.option(
    "--files",
    type=click.IntRange(0, 1_000_000),
    default=20,
    show_default=True,
    help="Pictures, and as many bodies, to read and verify.",
)
@click.pass_obj
def doctor(session: Session, strict: bool, as_json: bool, seconds: float, files: int) -> None:
    """Look at everything this installation stands on, and say what is wrong and what to do.

    It changes nothing, and works while the service runs and when the database cannot be opened. Exit status, for
    monitoring: 0 all is well, 1 there are hints and --strict was given, 2 something is wrong.

    \b
    Example:
      counterfoil doctor --strict --json
    """
    found = []
    for name, finding in _findings(session, seconds, files):
        found.append(finding)
        _print(name, finding, as_json=as_json)
    level = worst(found)
    if level is Level.WRONG:
        raise click.exceptions.Exit(2)
    if level is Level.HINT and strict:
        raise click.exceptions.Exit(1)


def _findings(session: Session, seconds: float, files: int) -> Iterator[tuple[str, Finding]]:
    try:
        settings = session.settings
    except InvalidSetting as error:
        return not_examined(error)
    return examine(Place(settings=settings, seconds=seconds, files=files))


def _print(name: str, finding: Finding, *, as_json: bool) -> None:
    if as_json:
        line = {"check": name, "level": finding.level, "text": finding.text, "remedy": finding.remedy}
        print_lines([line])
        return
    level = click.style(f"{finding.level.value:<7}", fg=_COLOURS[finding.level])
    remedy = f" -> {finding.remedy}" if finding.remedy else ""
    click.echo(f"{level}{name:<14}{_one_line(finding.text + remedy)}")


def _one_line(text: str) -> str:
    # Names in the database and messages of other programs may hold anything.
    return "".join(character if character.isprintable() else " " for character in text)


commands = (doctor,)
