"""`counterfoil brand` and `counterfoil right`: brands, and the rights registered for them."""

import click

from console.output import print_fields, print_table
from console.session import Session
from counterfoil.clock import now
from counterfoil.models import RightKind
from counterfoil.store import brands as stored


@click.group()
def brand() -> None:
    """Brands: the names that fakes carry."""


@brand.command()
@click.argument("name")
@click.option("--alias", "aliases", multiple=True, metavar="NAME", help="Another spelling, in any script; repeatable.")
@click.pass_obj
def add(session: Session, name: str, aliases: tuple[str, ...]) -> None:
    """Register a brand; adding it again with other aliases replaces them.

    \b
    Example:
      counterfoil brand add Acme --alias 艾克美 --alias ACMÉ
    """
    with session.act("brand.add", name) as connection:
        made = stored.add_brand(connection, session.owner.id, name, aliases, now())
    click.echo(f"brand {made.id}: {made.name}")


@brand.command("list")
@click.pass_obj
def list_(session: Session) -> None:
    """List your brands.

    \b
    Example:
      counterfoil brand list
    """
    with session.read() as connection:
        found = stored.list_brands(connection, session.owner.id)
    rows = [(one.id, one.name, one.aliases) for one in found]
    print_table(["id", "name", "aliases"], rows, empty="No brands yet: counterfoil brand add NAME")


@brand.command()
@click.argument("name")
@click.pass_obj
def show(session: Session, name: str) -> None:
    """Show a brand and its rights.

    \b
    Example:
      counterfoil brand show Acme
    """
    with session.read() as connection:
        one = stored.get_brand(connection, session.owner.id, name)
        rights = [right for right in stored.list_rights(connection, session.owner.id) if right.brand_id == one.id]
    print_fields({"id": one.id, "name": one.name, "aliases": one.aliases})
    for right in rights:
        classes = f", classes {', '.join(map(str, right.classes))}" if right.classes else ""
        click.echo(f"right {right.id}: {right.kind} {right.number} ({right.jurisdiction}{classes})")


@brand.command()
@click.argument("name")
@click.pass_obj
def remove(session: Session, name: str) -> None:
    """Take a brand back; its products must be removed first.

    \b
    Example:
      counterfoil brand remove Acme
    """
    with session.act("brand.remove", name) as connection:
        stored.remove_brand(connection, session.owner.id, name, now())
    click.echo(f"brand {name} removed")


@click.group()
def right() -> None:
    """Rights: the registrations that a complaint rests on."""


@right.command("add")
@click.argument("number")
@click.option("--brand", "brand_name", required=True, metavar="NAME", help="The brand that the right protects.")
@click.option("--kind", type=click.Choice([kind.value for kind in RightKind]), default="trademark", show_default=True)
@click.option("--jurisdiction", required=True, metavar="CODE", help="Where it holds, for example EU, US, CN.")
@click.option("--class", "classes", type=click.IntRange(1, 45), multiple=True, help="Nice class; repeatable.")
@click.pass_obj
def add_right(
    session: Session, number: str, brand_name: str, kind: str, jurisdiction: str, classes: tuple[int, ...]
) -> None:
    """Register a right by its NUMBER.

    \b
    Example:
      counterfoil right add 018123456 --brand Acme --jurisdiction EU --class 25 --class 18
    """
    with session.act("right.add", f"{kind} {number} ({jurisdiction})") as connection:
        protected = stored.get_brand(connection, session.owner.id, brand_name)
        made = stored.add_right(
            connection,
            session.owner.id,
            protected.id,
            kind=RightKind(kind),
            number=number,
            jurisdiction=jurisdiction,
            classes=classes,
            now=now(),
        )
    click.echo(f"right {made.id}: {made.kind} {made.number} ({made.jurisdiction})")


@right.command("list")
@click.pass_obj
def list_rights(session: Session) -> None:
    """List your rights.

    \b
    Example:
      counterfoil right list
    """
    with session.read() as connection:
        found = stored.list_rights(connection, session.owner.id)
        names = {one.id: one.name for one in stored.list_brands(connection, session.owner.id)}
    rows = [(one.id, names.get(one.brand_id), one.kind, one.number, one.jurisdiction, one.classes) for one in found]
    print_table(["id", "brand", "kind", "number", "jurisdiction", "classes"], rows, empty="No rights yet.")


@right.command("remove")
@click.argument("right_id", type=int)
@click.pass_obj
def remove_right(session: Session, right_id: int) -> None:
    """Take a right back.

    \b
    Example:
      counterfoil right remove 3
    """
    with session.act("right.remove", f"right {right_id}") as connection:
        stored.remove_right(connection, session.owner.id, right_id, now())
    click.echo(f"right {right_id} removed")


commands = (brand, right)
