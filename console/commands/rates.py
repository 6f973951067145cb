"""`counterfoil rates`: the exchange rates that prices are compared by."""

from pathlib import Path

import click

from console.output import print_table, say
from console.session import Session
from counterfoil.clock import now
from counterfoil.exceptions import InvalidInput
from counterfoil.rates import read_rates
from counterfoil.store.owners import list_owners, touch_registry
from counterfoil.store.rates import add_rates, latest_rates
from counterfoil.store.reassessments import request_reassessment


@click.group()
def rates() -> None:
    """Exchange rates: without one a price in another currency is no reason, and the suspect says so."""


@rates.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def import_(session: Session, file: Path) -> None:
    """Import a CSV with the columns date, base, currency, rate (1 base = rate currency).

    \b
    Example:
      counterfoil rates import rates.csv
    """
    try:
        tables = read_rates(file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} is not UTF-8 text: {error}.") from error
    with session.act("rates.import", str(file)) as connection:
        for table in tables:
            add_rates(connection, table.as_of, table.base, table.rates)
        for owner in list_owners(connection):
            touch_registry(connection, owner.id)
            request_reassessment(connection, owner.id, None, f"rates of {tables[-1].as_of}", now())
    count, newest = sum(len(table.rates) for table in tables), tables[-1]
    click.echo(f"{count} rates imported; in use are those of {newest.as_of}, base {newest.base}")


@rates.command()
@click.pass_obj
def show(session: Session) -> None:
    """Show the rates in use: those of the newest date.

    \b
    Example:
      counterfoil rates show
    """
    with session.read() as connection:
        newest = latest_rates(connection)
    if newest is None:
        say("No rates yet: counterfoil rates import FILE")
        return
    as_of, base, found = newest
    rows = [(as_of, f"1 {base} =", rate, currency) for currency, rate in sorted(found.items())]
    print_table(["date", "", "rate", "currency"], rows, empty="")


commands = (rates,)
