"""`counterfoil owner`: the tenants of this installation."""

import click

from console.output import print_fields, print_table
from console.session import Session
from counterfoil.clock import now
from counterfoil.store import owners as stored
from counterfoil.store.audit import add_audit_entry


@click.group()
def owner() -> None:
    """Owners: brand owners who share this installation and see nothing of each other."""


@owner.command()
@click.argument("name")
@click.pass_obj
def add(session: Session, name: str) -> None:
    """Make an owner; one that exists stays as it is.

    \b
    Example:
      counterfoil owner add 'Acme Ltd'
    """
    with session.store.write() as connection:
        made = stored.add_owner(connection, name, now())
        add_audit_entry(connection, made.id, session.actor, "owner.add", name, now())
    click.echo(f"owner {made.id}: {made.name}")


@owner.command("list")
@click.pass_obj
def list_(session: Session) -> None:
    """List the owners.

    \b
    Example:
      counterfoil owner list
    """
    with session.store.read() as connection:
        found = stored.list_owners(connection)
    print_table(["id", "name"], [(one.id, one.name) for one in found], empty="No owners yet.")


@owner.command()
@click.argument("name")
@click.pass_obj
def show(session: Session, name: str) -> None:
    """Show an owner.

    \b
    Example:
      counterfoil owner show 'Acme Ltd'
    """
    with session.store.read() as connection:
        one = stored.get_owner(connection, name)
    print_fields({"id": one.id, "name": one.name, "registry revision": one.registry_revision})


commands = (owner,)
