"""`counterfoil clock`: whether this machine's clock agrees with the database, and taking over one that was set."""

from datetime import timedelta

import click

from console.output import print_fields, say
from console.session import Session
from counterfoil.clock import now
from counterfoil.clock_check import apart_from_server, behind_database, refuse_apart_from_server, server_time
from counterfoil.store.instance import newest_time


@click.group()
def clock() -> None:
    """This machine's clock: a start is refused while it contradicts the times in the database."""


@clock.command()
@click.pass_obj
def show(session: Session) -> None:
    """Show what this machine's clock says beside what the database has seen; exit status 1 if they disagree.

    \b
    Example:
      counterfoil clock show
    """
    with session.store.read() as connection:
        moment = now()
        times = {"clock": moment, "database": newest_time(connection), "server": server_time(connection)}
        problem = behind_database(connection, moment) or apart_from_server(connection, moment)
    print_fields(times)
    if problem is not None:
        say(problem)
        raise click.exceptions.Exit(1)


@clock.command()
@click.pass_obj
def accept(session: Session) -> None:
    """Believe this machine's clock from now on: a later time that the database has seen was wrong.

    Monitors and work that the wrong clock had put into the future are brought back. Evidence keeps its times.

    \b
    Example:
      counterfoil clock accept
    """
    from scheduler.clock_change import accept_clock

    lease = timedelta(seconds=session.settings.lease_seconds)
    moment = now()
    with session.store.write() as connection:
        refuse_apart_from_server(connection, moment)
        before = newest_time(connection)
        done = accept_clock(connection, lease, moment)
    if before is not None and before > moment:
        print_fields({"accepted": moment, "instead of": before})
    click.echo(f"{done.monitors} monitors and {done.work} crawls and inspections brought back to now")


commands = (clock,)
