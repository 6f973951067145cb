"""`counterfoil seller`: the sellers an owner has authorised."""

from pathlib import Path

import click

from console.output import print_fields, print_table, say
from console.product_entries import BadEntry
from console.seller_entries import sellers_of_sheet
from console.session import Session
from console.sheets import read_sheet_file
from counterfoil.clock import now
from counterfoil.exceptions import NotFound
from counterfoil.marketplaces import get_marketplace
from counterfoil.store import sellers as stored


@click.group()
def seller() -> None:
    """Authorised sellers: never suspects."""


@seller.command()
@click.argument("marketplace")
@click.argument("seller_id")
@click.option("--name", metavar="TEXT", help="Their name, for people.")
@click.pass_obj
def add(session: Session, marketplace: str, seller_id: str, name: str | None) -> None:
    """Authorise a seller by the marketplace's own SELLER_ID; past listings are judged again.

    \b
    Example:
      counterfoil seller add example acme-official --name 'Acme flagship store'
    """
    get_marketplace(session.marketplaces, marketplace)
    with session.act("seller.authorise", f"{seller_id} on {marketplace}") as connection:
        new = stored.authorise_seller(connection, session.owner.id, marketplace, seller_id, name, now())
    click.echo(f"{seller_id} on {marketplace} {'is now' if new else 'was already'} authorised")


@seller.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def import_(session: Session, file: Path) -> None:
    """Authorise the sellers of a CSV or XLSX with the columns marketplace, seller_id, name; twice changes nothing.

    \b
    Example:
      counterfoil seller import sellers.csv
    """
    refused = 0
    for one in sellers_of_sheet(str(file), read_sheet_file(file), session.marketplaces, "line"):
        if isinstance(one, BadEntry):
            refused += 1
            say(f"{one.place}: refused: {one.reason}")
            continue
        with session.act("seller.authorise", f"{one.seller_id} on {one.marketplace}") as connection:
            new = stored.authorise_seller(connection, session.owner.id, one.marketplace, one.seller_id, one.name, now())
        click.echo(f"{one.seller_id} on {one.marketplace} {'is now' if new else 'was already'} authorised")
    if refused:
        raise click.exceptions.Exit(1)


@seller.command("list")
@click.pass_obj
def list_(session: Session) -> None:
    """List the authorised sellers.

    \b
    Example:
      counterfoil seller list
    """
    with session.read() as connection:
        found = stored.list_authorised_sellers(connection, session.owner.id)
    rows = [(one.marketplace, one.seller_key, one.name) for one in found]
    print_table(["marketplace", "seller id", "name"], rows, empty="No authorised sellers yet.")


@seller.command()
@click.argument("marketplace")
@click.argument("seller_id")
@click.pass_obj
def show(session: Session, marketplace: str, seller_id: str) -> None:
    """Show one authorised seller.

    \b
    Example:
      counterfoil seller show example acme-official
    """
    with session.read() as connection:
        found = stored.list_authorised_sellers(connection, session.owner.id)
    for one in found:
        if (one.marketplace, one.seller_key) == (marketplace, seller_id):
            print_fields({"marketplace": one.marketplace, "seller id": one.seller_key, "name": one.name})
            return
    raise NotFound(f"{seller_id!r} on {marketplace!r} is not an authorised seller.")


@seller.command()
@click.argument("marketplace")
@click.argument("seller_id")
@click.pass_obj
def remove(session: Session, marketplace: str, seller_id: str) -> None:
    """Stop trusting a seller; its listings are judged again.

    \b
    Example:
      counterfoil seller remove example acme-official
    """
    with session.act("seller.remove", f"{seller_id} on {marketplace}") as connection:
        stored.remove_authorised_seller(connection, session.owner.id, marketplace, seller_id, now())
    click.echo(f"{seller_id} on {marketplace} is no longer authorised")


commands = (seller,)
