"""`counterfoil marketplace`: what is declared, and by which way a market could be read."""

import click

from console.output import json_line, print_fields, print_table, say
from console.session import Session
from counterfoil.access import access_in_words
from counterfoil.marketplaces import get_marketplace


@click.group()
def marketplace() -> None:
    """Marketplaces: what is declared, and what was really tried on each."""


@marketplace.command("list")
@click.pass_obj
def list_marketplaces(session: Session) -> None:
    """List the declared marketplaces with their stated route.

    \b
    Example:
      counterfoil marketplace list
    """
    known = sorted(session.marketplaces.values(), key=lambda one: one.name)
    rows = [(one.name, one.title, access_in_words(one, session.settings), one.exercised) for one in known]
    empty = f"No marketplaces are declared: put declarations into {session.settings.marketplaces_folder}"
    print_table(["name", "title", "route", "exercised"], rows, empty=empty)


@marketplace.command("show")
@click.argument("name")
@click.pass_obj
def show_marketplace(session: Session, name: str) -> None:
    """Show a marketplace's declaration.

    \b
    Example:
      counterfoil marketplace show example
    """
    one = get_marketplace(session.marketplaces, name)
    print_fields(
        {
            "name": one.name,
            "title": one.title,
            "route": access_in_words(one, session.settings),
            "exercised": one.exercised,
            "terms": one.terms,
            "address": one.url,
            "countries": one.countries,
            "languages": one.languages,
            "currencies": one.currencies,
            "politeness": f"{one.politeness.delay} s between requests, {one.politeness.concurrency} at once, "
            f"{one.politeness.crawls} crawls at once",
        }
    )


@marketplace.command()
@click.argument("url")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
@click.pass_obj
def probe(session: Session, url: str, as_json: bool) -> None:
    """Find out which shop system a site runs on, and by which way it could be read.

    A handful of requests, robots.txt first; nothing is written down.

    \b
    Example:
      counterfoil marketplace probe https://shop.example/
    """
    # Heavy, and needed by few commands.
    from console.probe import Prober

    found = Prober(url, session.settings).probe()
    best = found.best
    if as_json:
        routes = [{"route": one.name, "works": one.works, "said": one.said} for one in found.routes]
        told = {"url": found.url, "platform": found.platform, "search": found.search, "routes": routes}
        click.echo(json_line({**told, "best": best.name if best else None}))
        return
    print_fields(
        {
            "address": found.url,
            "platform": found.platform or "none that is known",
            "because of": tuple(clue.said for clue in found.clues[:4]),
        }
    )
    click.echo()
    rows = [(one.name, _WORKS[one.works], one.said) for one in found.routes]
    print_table(["route", "works", ""], rows, empty="")
    if best is None:
        say("\nNo way was found that a crawler may take: save its pages and `counterfoil import` them.")
    else:
        say(f"\nRead it by: {best.name}. `counterfoil marketplace new {found.url}` drafts its declaration.")


_WORKS = {True: "yes", False: "no", None: "not known"}

commands = (marketplace,)
