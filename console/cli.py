"""The command line: `counterfoil`. Data goes to standard output, talk to standard error.

Exit status: 0 done, 1 refused, not found or not possible just now, 2 wrong use or unusable settings and data.
"""

import sys
from typing import Any

import click

from console.commands import (
    accounts,
    backup,
    brands,
    clock,
    doctor,
    evidence,
    extract,
    imports,
    marketplaces,
    matching,
    monitors,
    owners,
    products,
    rates,
    runs,
    search,
    sellers,
    service,
    suspects,
)
from console.session import Session
from counterfoil.exceptions import CounterfoilError, InvalidInput, StoreError


class Group(click.Group):
    """A group that turns our errors into one line and an exit status, instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except CounterfoilError as error:
            click.echo(f"Error: {error}", err=True)
            unusable = isinstance(error, InvalidInput) or (isinstance(error, StoreError) and error.permanent)
            ctx.exit(2 if unusable else 1)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="counterfoil")
@click.option("--owner", metavar="NAME", help="Work for this owner; otherwise COUNTERFOIL_OWNER, or 'default'.")
@click.pass_context
def cli(ctx: click.Context, owner: str | None) -> None:
    """Watch online marketplaces for counterfeit listings.

    \b
    Example:
      counterfoil brand add Acme
      counterfoil product import products.csv
      counterfoil monitor add daily --marketplace example --cron '30 2 * * *'
      counterfoil up
    """
    ctx.obj = Session(owner)


for module in (
    owners,
    accounts,
    brands,
    products,
    sellers,
    rates,
    marketplaces,
    monitors,
    imports,
    runs,
    search,
    suspects,
    evidence,
    extract,
    matching,
    service,
    doctor,
    backup,
    clock,
):
    for command in module.commands:
        cli.add_command(command)


def main() -> None:
    """Run the command line."""
    try:
        cli(prog_name="counterfoil")
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
