"""`counterfoil import` and `counterfoil check`: listings that no search found, but a person."""

from pathlib import Path

import click

from console.checking import recognise
from console.link_lists import read_links
from console.output import say
from console.session import Session
from counterfoil.exceptions import ImportFailed, InvalidInput
from counterfoil.marketplaces import get_marketplace
from counterfoil.models import Crawl, FinishReason
from scheduler.by_hand import begin_import, check_addresses, see_import_through
from scheduler.launcher import log_of

_FILE = click.Path(exists=True, path_type=Path)
# What a folder of saved pages may hold; what a file is, its content says.
_ENDINGS = (".html", ".htm", ".mhtml", ".mht", ".har", ".warc", ".wacz", ".json", ".gz")


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--marketplace", required=True, metavar="NAME", help="Whose pages they are.")
@click.option("--url", metavar="URL", help="The address of the page, where the file does not say it; for one file.")
@click.pass_obj
def import_(session: Session, files: tuple[Path, ...], marketplace: str, url: str | None) -> None:
    """Read pages that you saved: HTML, SingleFile, MHTML, HAR, WARC, WACZ, or folders of them.

    Their listings and pictures go the same way as a crawl's, marked as imported. Nothing is fetched.

    \b
    Example:
      counterfoil import page.mhtml visit.har --marketplace taobao
    """
    # Heavy, and needed by no other command.
    from crawlers.archives.unpacked import write_source

    declared = get_marketplace(session.marketplaces, marketplace)
    paths = [path for file in files for path in _expanded(file)]
    if url is not None and len(paths) != 1:
        raise InvalidInput(f"--url is the address of one page, and there are {len(paths)} files.")
    sources = [write_source(path, url) for path in paths]
    with session.act("import", declared.name, files=len(paths)) as connection:
        crawl = begin_import(connection, session.settings, session.owner.id, declared, sources)
    _tell(session, see_import_through(session.store, session.settings, crawl), len(paths))


@click.command()
@click.argument("urls", nargs=-1)
@click.option("--from", "lists", multiple=True, type=_FILE, metavar="FILE", help="CSV, text, RSS, Atom or sitemap.")
@click.pass_obj
def check(session: Session, urls: tuple[str, ...], lists: tuple[Path, ...]) -> None:
    """Have listings looked at whose addresses you know; the workers do it, politely.

    \b
    Example:
      counterfoil check https://www.ebay.com/itm/235412345678 --from links.csv
    """
    wanted = [*urls, *(link for path in lists for link in read_links(path))]
    if not wanted:
        raise InvalidInput("Say which listings: addresses, or --from FILE.")
    found, strange = recognise(session, wanted)
    for url in strange[:20]:
        say(f"skipped, no listing of a declared marketplace: {url[:300]}")
    with session.act("check", f"{len(found)} addresses") as connection:
        run_id = check_addresses(connection, session.owner.id, found)
    skipped = f", {len(strange)} skipped" if strange else ""
    click.echo(f"run {run_id}: {len(found)} addresses{skipped}; see `counterfoil run show {run_id}`")


def _expanded(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(one for one in path.iterdir() if one.is_file() and one.name.lower().endswith(_ENDINGS))
    if not found:
        raise InvalidInput(f"The folder {path} holds no saved page ({', '.join(_ENDINGS)}).")
    return found


def _tell(session: Session, crawl: Crawl, files: int) -> None:
    counted = crawl.counters
    log = log_of(session.settings, crawl)
    if crawl.reason is None:
        raise ImportFailed(f"run {crawl.run_id} was interrupted; a worker on this machine goes on with it: see {log}")
    if crawl.reason not in {FinishReason.FINISHED, FinishReason.LIMIT}:
        raise ImportFailed(f"run {crawl.run_id} read nothing ({crawl.reason}): {crawl.detail or 'see ' + str(log)}")
    click.echo(
        f"run {crawl.run_id}: {files} files, {counted.seen} listings ({counted.new} new, {counted.changed} changed), "
        f"{counted.images} pictures"
    )
    if crawl.detail:
        say(crawl.detail)
    say("The judges look at them while `counterfoil up` runs.")


commands = (import_, check)
