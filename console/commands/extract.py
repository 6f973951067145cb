"""`counterfoil extract`: what the reader makes of one page, without storing anything."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.output import json_line, print_fields, print_table, say
from console.session import Session
from counterfoil.egress import guard_from
from counterfoil.exceptions import InvalidInput
from counterfoil.fetching import fetch
from counterfoil.marketplaces import get_marketplace
from counterfoil.version import user_agent

if TYPE_CHECKING:
    from crawlers.reading import ReadPage


@click.command()
@click.argument("page", metavar="FILE_OR_URL")
@click.option("--url", metavar="URL", help="Where the page was fetched from; links are relative to it.")
@click.option("--marketplace", metavar="NAME", help="Read it by this declaration; otherwise told by its addresses.")
@click.option("--json", "as_json", is_flag=True, help="All that was read, with where each value came from.")
@click.pass_obj
def extract(session: Session, page: str, url: str | None, marketplace: str | None, as_json: bool) -> None:
    """Read one page: a saved file or an address, HTML or JSON, packed or not, in any encoding.

    Nothing is stored. Values that the page does not show are absent.

    \b
    Example:
      counterfoil extract page.html --url https://shop.example/item/7 --json
    """
    from crawlers.reading import read_page  # parsers that few commands need

    market = get_marketplace(session.marketplaces, marketplace) if marketplace else None
    if page.startswith(("http://", "https://")):
        body, url = _fetched(session, page), url or page
    else:
        body = _file(page)
    read = read_page(body, url, marketplace=market, known=session.marketplaces)
    if as_json:
        click.echo(json_line(read.as_json()))
    else:
        _show(read)


def _fetched(session: Session, url: str) -> bytes:
    settings = session.settings
    return fetch(
        url,
        guard_from(settings),
        largest=settings.response_megabytes * 1024 * 1024,
        user_agent=user_agent(settings),
        proxy=settings.proxy_address,
    )


def _file(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise InvalidInput(f"{name} cannot be read: {error.strerror}.") from error


def _show(read: "ReadPage") -> None:
    print_fields({"kind": read.kind, "marketplace": read.marketplace, "next page": read.next_page})
    rows = [
        (one.rank or "", one.id, one.title, _price(one.price, one.price_max), one.currency, one.seller, len(one.images))
        for one in read.listings
    ]
    columns = ["rank", "id", "title", "price", "currency", "seller", "pictures"]
    print_table(columns, rows, empty="No listing is shown.")
    if len(read.listings) == 1:
        print_fields(read.listings[0].sources)
    for warning in read.warnings:
        say(warning)


def _price(low: object, high: object) -> str:
    return "" if low is None else f"{low:f}" if high is None else f"{low:f} - {high:f}"


commands = (extract,)
