"""`counterfoil account`, `key` and `audit`: who may log in, which programs may ask, and who did what."""

import sys
from datetime import timedelta

import click

from console.output import print_lines, print_table, say
from console.session import Session
from console.set_up_links import link_for
from counterfoil.accounts import make_api_key, set_password
from counterfoil.clock import now
from counterfoil.models import Role
from counterfoil.store import accounts as stored
from counterfoil.store import api_keys as stored_keys
from counterfoil.store.audit import list_audit_entries

_role = click.Choice([role.value for role in Role])


@click.group()
def account() -> None:
    """Accounts: the people who may log in, each for one owner."""


@account.command()
@click.argument("name")
@click.option("--role", type=_role, default=Role.VIEWER.value, show_default=True, help="What they may do.")
@click.pass_obj
def add(session: Session, name: str, role: str) -> None:
    """Make an account, and print the link by which its person sets the password: it works once, for 24 hours.

    \b
    Example:
      counterfoil account add ann@example.com --role analyst
    """
    with session.act("account.add", name, role=role) as connection:
        made = stored.add_account(connection, session.owner.id, name, Role(role), now())
    say(f"account {made.id}: {made.name}, {made.role} of {session.owner.name}; to set the password:")
    click.echo(link_for(session, made))


@account.command("list")
@click.pass_obj
def list_(session: Session) -> None:
    """List the accounts.

    \b
    Example:
      counterfoil account list
    """
    with session.read() as connection:
        found = stored.list_accounts(connection, session.owner.id)
    rows = [(one.id, one.name, one.role, one.created_at, "" if one.password_hash else "no password") for one in found]
    empty = "No accounts yet: counterfoil account link prints the link that makes the first."
    print_table(["id", "name", "role", "made", ""], rows, empty=empty)


@account.command()
@click.argument("name", required=False)
@click.pass_obj
def link(session: Session, name: str | None) -> None:
    """Print a link that sets the password of an account, once, within 24 hours; without NAME, that makes the first.

    \b
    Example:
      counterfoil account link ann@example.com
    """
    with session.read() as connection:
        one = stored.find_account(connection, session.owner.id, name) if name else None
    click.echo(link_for(session, one))


@account.command()
@click.argument("name")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read it from the first line of standard input.")
@click.pass_obj
def password(session: Session, name: str, from_stdin: bool) -> None:
    """Set an account's password, asking for it unseen; its sessions end, and it can log in at once.

    \b
    Example:
      counterfoil account password ann@example.com
    """
    with session.read() as connection:
        one = stored.find_account(connection, session.owner.id, name)
    if from_stdin:
        chosen = sys.stdin.readline().rstrip("\r\n")
    else:
        chosen = click.prompt("New password", hide_input=True, confirmation_prompt="The same once more", err=True)
    set_password(session.store, one, chosen, session.actor, now())
    say(f"the password of {one.name} is set; its sessions have ended")


@account.command()
@click.argument("name")
@click.argument("role", type=_role)
@click.pass_obj
def role(session: Session, name: str, role: str) -> None:
    """Let an account do more or less, from its next request on.

    \b
    Example:
      counterfoil account role ann@example.com manager
    """
    with session.act("account.role", name, role=role) as connection:
        one = stored.find_account(connection, session.owner.id, name)
        stored.set_role(connection, one, Role(role))
    click.echo(f"account {one.name} is now {role}")


@account.command()
@click.argument("name")
@click.pass_obj
def remove(session: Session, name: str) -> None:
    """Take an account back: its sessions end, its API keys are revoked, what it decided stays.

    \b
    Example:
      counterfoil account remove ann@example.com
    """
    with session.act("account.remove", name) as connection:
        one = stored.find_account(connection, session.owner.id, name)
        stored.remove_account(connection, one, now())
    click.echo(f"account {one.name} removed")


@click.group()
def key() -> None:
    """API keys: what programs show instead of logging in."""


@key.command("add")
@click.argument("name")
@click.option("--role", type=_role, default=Role.VIEWER.value, show_default=True, help="What it may do.")
@click.option("--days", type=click.IntRange(1, 3_650), default=365, show_default=True, help="Days until it expires.")
@click.pass_obj
def add_key(session: Session, name: str, role: str, days: int) -> None:
    """Make an API key, named after what will use it, and print it: it cannot be shown again.

    \b
    Example:
      counterfoil key add 'nightly export' --role viewer --days 90
    """
    with session.write() as connection:
        made, token = make_api_key(
            connection,
            session.owner.id,
            name=name,
            role=Role(role),
            expires_at=now() + timedelta(days=days),
            actor=session.actor,
            now=now(),
        )
    say(f"key {made.id}: {made.name}, {made.role} of {session.owner.name}; keep it now, it is not shown again:")
    click.echo(token)


@key.command("list")
@click.option("--json", "as_json", is_flag=True, help="JSON Lines.")
@click.pass_obj
def list_keys(session: Session, as_json: bool) -> None:
    """List the API keys, also the revoked ones.

    \b
    Example:
      counterfoil key list
    """
    with session.read() as connection:
        found = stored_keys.list_api_keys(connection, session.owner.id)
    if as_json:
        print_lines(found)
        return
    rows = [
        (one.id, one.name, one.prefix, one.role, one.created_by, one.expires_at, one.last_used_at, one.revoked_at)
        for one in found
    ]
    columns = ["id", "name", "begins with", "role", "made by", "expires", "last used", "revoked"]
    print_table(columns, rows, empty="No API keys yet: counterfoil key add NAME")


@key.command()
@click.argument("key_id", type=int)
@click.pass_obj
def revoke(session: Session, key_id: int) -> None:
    """Take an API key back: its next request is refused.

    \b
    Example:
      counterfoil key revoke 3
    """
    with session.act("key.revoke", f"key {key_id}") as connection:
        new = stored_keys.revoke_api_key(connection, session.owner.id, key_id, now())
    click.echo(f"key {key_id} {'is now' if new else 'was already'} revoked")


@click.command()
@click.option("--installation", is_flag=True, help="What belongs to no owner: log-ins under names that nobody has.")
@click.option("--before", type=int, metavar="ID", help="Entries before this one.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="JSON Lines.")
@click.pass_obj
def audit(session: Session, installation: bool, before: int | None, limit: int, as_json: bool) -> None:
    """Show who did what, newest first; entries are only ever added.

    \b
    Example:
      counterfoil audit --limit 20
    """
    with session.read() as connection:
        owner_id = None if installation else session.owner.id
        found = list_audit_entries(connection, owner_id, before=before, limit=limit)
    if as_json:
        print_lines(found)
        return
    rows = [
        (
            one.id,
            one.at,
            one.actor,
            one.channel,
            one.action,
            one.subject,
            ", ".join(f"{name}: {value}" for name, value in one.detail.items()),
            one.address,
        )
        for one in found
    ]
    print_table(["id", "when", "who", "by", "did", "to", "", "from"], rows, empty="Nothing was done yet.")


commands = (account, key, audit)
