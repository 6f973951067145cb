"""`counterfoil marketplace`: what is declared, and by which way a market could be read."""

from pathlib import Path

import click

from console.output import json_line, print_fields, print_table, robots_words, say
from console.session import Session
from counterfoil.access import access_in_words
from counterfoil.backup.durable import write_whole
from counterfoil.clock import now
from counterfoil.exceptions import Conflict, InvalidInput
from counterfoil.marketplaces import get_marketplace
from counterfoil.models import RobotsOverride
from counterfoil.store.robots_overrides import (
    find_robots_override,
    obey_robots,
    override_robots,
    robots_overrides_of,
)


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
    with session.read() as connection:
        overrides = robots_overrides_of(connection, session.owner.id)
    rows = [
        (one.name, one.title, access_in_words(one, session.settings), one.exercised, _robots(overrides.get(one.name)))
        for one in known
    ]
    empty = f"No marketplaces are declared: put declarations into {session.settings.marketplaces_folder}"
    print_table(["name", "title", "route", "exercised", "robots.txt"], rows, empty=empty)


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
    with session.read() as connection:
        override = find_robots_override(connection, session.owner.id, name)
    print_fields(
        {
            "name": one.name,
            "title": one.title,
            "route": access_in_words(one, session.settings),
            "exercised": one.exercised,
            "terms": one.terms,
            "robots.txt": robots_words(override),
            "address": one.url,
            "countries": one.countries,
            "languages": one.languages,
            "currencies": one.currencies,
            "sites": tuple(f"{domain} ({code})" if code else domain for domain, code in one.domains.items()),
            "layouts read": one.reading.layouts,
            "always there": one.listing.required,
            "expected": f"{one.expectations.fewest} to {one.expectations.most} listings a page of results",
            "browser": "needed" if one.browser else "not needed",
            "politeness": f"{one.politeness.delay} s between requests, {one.politeness.concurrency} at once, "
            f"{one.politeness.crawls} crawls at once",
        }
    )


@marketplace.command()
@click.argument("name")
@click.option("--override", "wanted", flag_value="override", help="Go against it in all your crawls of this market.")
@click.option("--obey", "wanted", flag_value="obey", help="Take that back.")
@click.option("--reason", metavar="TEXT", help="Why: by whose permission, on which ground. Kept in the audit log.")
@click.pass_obj
def robots(session: Session, name: str, wanted: str | None, reason: str | None) -> None:
    """Override a marketplace's robots.txt, with a written reason, or obey it again; without options say which.

    It holds for your own crawls, checks and captures of that marketplace's hosts, from the next one that starts. Each
    of them says so. Its Crawl-delay is kept (60 seconds at most).

    \b
    Example:
      counterfoil marketplace robots shop --override --reason 'Written permission of its operator, 3 May 2026'
    """
    get_marketplace(session.marketplaces, name)
    if (wanted == "override") != (reason is not None):
        raise InvalidInput("Give --override and --reason TEXT together.")
    if wanted is None:
        with session.read() as connection:
            override = find_robots_override(connection, session.owner.id, name)
    elif reason is not None:
        with session.act("marketplace.override_robots", name, reason=reason) as connection:
            override = override_robots(connection, session.owner.id, name, reason, session.person, now())
    else:
        override = None
        with session.act("marketplace.obey_robots", name) as connection:
            obey_robots(connection, session.owner.id, name, now())
    click.echo(f"robots.txt of {name}: {robots_words(override)}")


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


@marketplace.command()
@click.argument("url")
@click.option("--query", "words", metavar="WORDS", help="What the page of results at URL was searched for.")
@click.option("--name", metavar="NAME", help="Its name here; without it one is made from its host.")
@click.option("--write", is_flag=True, help="Put it into your folder of declarations, instead of on the screen.")
@click.pass_obj
def new(session: Session, url: str, words: str | None, name: str | None, write: bool) -> None:
    """Draft the declaration of a site from a live page: best from a page of results.

    \b
    Example:
      counterfoil marketplace new 'https://shop.example/search?q=lamp' --query lamp > shop.yaml
    """
    from console.declaration_drafts import as_yaml, draft

    said = draft(url, words, name, session.settings)
    text = as_yaml(said)
    if not write:
        click.echo(text, nl=False)
        say(f"Look it over, then put it into {session.settings.marketplaces_folder}/{said['name']}/marketplace.yaml")
        return
    path = session.settings.marketplaces_folder / said["name"] / "marketplace.yaml"
    if path.exists():
        raise Conflict(f"{path} exists already: choose another --name, or remove it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode())
    click.echo(
        f"written to {path}: look it over, then `counterfoil marketplace record URL --marketplace {said['name']}`"
    )


@marketplace.command()
@click.argument("name")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--url", metavar="URL", help="The address of the page, where the file does not say it; for one file.")
@click.option("--all", "show_all", is_flag=True, help="Every listing of a page of results, not only the first three.")
@click.pass_obj
def check(session: Session, name: str, files: tuple[Path, ...], url: str | None, show_all: bool) -> None:
    """Run a declaration on saved pages: what it reads, field by field, and from where.

    Without files it reads the pages that were recorded, and fails where something is read otherwise than expected.

    \b
    Example:
      counterfoil marketplace check shop page.html other.mhtml
    """
    from console.declaration_check import check_files, check_recorded

    one = get_marketplace(session.marketplaces, name)
    if files:
        check_files(one, files, url, show_all)
    else:
        check_recorded(session.settings, one)


@marketplace.command()
@click.argument("url")
@click.option("--marketplace", "name", required=True, metavar="NAME", help="Whose page it is.")
@click.option(
    "--from", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A saved page of it."
)
@click.pass_obj
def record(session: Session, url: str, name: str, file: Path | None) -> None:
    """Keep a page with what is read of it, so that `marketplace check` notices when that changes.

    \b
    Example:
      counterfoil marketplace record https://shop.example/item/7 --marketplace shop
    """
    from console.declaration_cases import record_case
    from console.declaration_check import print_read
    from console.probe import Prober
    from crawlers.addresses import is_of

    one = get_marketplace(session.marketplaces, name)
    if file is not None:
        body = file.read_bytes()
    else:
        with session.read() as connection:
            override = find_robots_override(connection, session.owner.id, name)
        body = Prober(url, session.settings).fetch_allowed(url, overridden=override is not None and is_of(one, url))
    path, read = record_case(session.settings, one, url, body)
    print_read(read, one, show_all=False)
    say(f"\nKept as {path}. Correct it by hand where the page says something else: it is what is expected from now on.")


def _robots(override: RobotsOverride | None) -> str:
    return "obeyed" if override is None else "OVERRIDDEN"


_WORKS = {True: "yes", False: "no", None: "not known"}

commands = (marketplace,)
