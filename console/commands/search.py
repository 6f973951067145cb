"""`counterfoil search` and `counterfoil index`: finding suspects, and looking after the index."""

import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.progress import Progress

from console.exports import MOST_EXPORTED, ExportFormat, export
from console.output import print_lines, print_table, say
from console.pictures import read_picture
from console.search import TRIAGES, Filters, among, make_query, notice_of, remark_on, summary, suspects_by_picture
from console.session import Session
from counterfoil.models import VerdictKind
from counterfoil.rates import write_amount
from counterfoil.store.outbox import list_parked, retry_parked
from indexer.base import SuspectIndex
from indexer.decoding import PictureDecoder
from indexer.query import UNJUDGED, Facet, Interval, Sort, SuspectPage, SuspectQuery
from indexer.rebuild import rebuild as rebuild_index
from indexer.rebuild import verify as verify_index


@click.command()
@click.argument("words", required=False, default="")
@click.option("--brand", metavar="NAME", help="Only suspects of this brand.")
@click.option("--product", metavar="ID", help="Only suspects of this product (id, SKU or name).")
@click.option("--marketplace", metavar="NAME")
@click.option("--seller", metavar="ID", help="The marketplace's own id of the seller.")
@click.option("--min-score", type=click.FloatRange(0, 1), metavar="SCORE")
@click.option(
    "--verdict", type=click.Choice([UNJUDGED, *(kind.value for kind in VerdictKind)]), help="'none': not decided yet."
)
@click.option("--triage", type=click.Choice(list(TRIAGES)), help="'todo': what waits for a person.")
@click.option(
    "--run", type=click.IntRange(1), metavar="ID", help="Only what this run found that was not suspected before."
)
@click.option("--since", type=click.DateTime(), metavar="DATE", help="First suspected then or later (UTC).")
@click.option("--until", type=click.DateTime(), metavar="DATE", help="First suspected before then (UTC).")
@click.option("--price", metavar="LOW..HIGH", help="With --currency.")
@click.option("--currency", metavar="CODE")
@click.option("--withdrawn", is_flag=True, help="Also those that later judgements no longer find suspicious.")
@click.option("--image", metavar="FILE_OR_URL", help="Search by picture: suspects that show one like it.")
@click.option("--sort", type=click.Choice([order.value for order in Sort]), default=Sort.SCORE.value, show_default=True)
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Suspects a page.")
@click.option("--cursor", metavar="TEXT", help="The next page, as the last one named it.")
@click.option("--all", "every", is_flag=True, help="All pages.")
@click.option("--facets", is_flag=True, help="Count what was found by brand, product, marketplace, seller, verdict.")
@click.option(
    "--histogram", type=click.Choice([step.value for step in Interval]), help="Count by when they were first suspected."
)
@click.option("--json", "as_json", is_flag=True, help="JSON Lines.")
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in ExportFormat]),
    help=f"All that is found as a file on standard output, its first {MOST_EXPORTED:,} suspects at most.",
)
@click.pass_obj
def search(
    session: Session,
    /,
    words: str,
    since: datetime | None,
    until: datetime | None,
    image: str | None,
    sort: str,
    limit: int,
    cursor: str | None,
    every: bool,
    facets: bool,
    histogram: str | None,
    as_json: bool,
    form: str | None,
    **filters: str | float | bool | None,
) -> None:
    """Search the suspects: all WORDS must occur; a part in double quotes as it stands. Best first.

    \b
    Example:
      counterfoil search 'leather bag' --brand Acme --min-score 0.7 --json
      counterfoil search --verdict counterfeit --format xlsx > counterfeits.xlsx
    """
    times = {"since": _utc(since), "until": _utc(until)}
    asked = Filters(words=words, **times, **filters)  # type: ignore[arg-type]
    query = make_query(session, asked)
    query = among(query, _by_picture(session, image)) if image else query
    query = replace(
        query,
        sort=Sort(sort),
        limit=200 if every else limit,
        cursor=cursor,
        facets=tuple(Facet) if facets else (),
        histogram=Interval(histogram) if histogram else None,
    )
    if form:
        sys.stdout.buffer.writelines(export(session.index, query, ExportFormat(form)))
        return
    pages = _pages(session.index, query) if every else iter([session.index.search(query)])
    for number, page in enumerate(pages):
        _print(page, as_json=as_json, counts=number == 0)
    if page.next_cursor and not every:
        say(f"{page.total} found; next page: --cursor {page.next_cursor}")
    elif not as_json:
        say(f"{page.total} found")


@click.group()
def index() -> None:
    """The suspect index: made from the database, and made anew from it at any time."""


@index.command()
@click.pass_obj
def rebuild(session: Session) -> None:
    """Make the index anew from the database; searches go on meanwhile, and it can be stopped and repeated.

    \b
    Example:
      counterfoil index rebuild
    """
    with Progress(transient=True) as progress:
        bar = progress.add_task("suspects", total=None)
        count = rebuild_index(session.store, session.bare_index, lambda done: progress.update(bar, completed=done))
    click.echo(f"{count} suspects indexed")


@index.command()
@click.pass_obj
def verify(session: Session) -> None:
    """Compare index and database, and name the differences; exit status 1 if there are any.

    \b
    Example:
      counterfoil index verify
    """
    differences = verify_index(session.store, session.index)
    rows = [(one.suspect_id, one.kind) for one in differences]
    print_table(["suspect", "in the index"], rows, empty="Index and database agree.")
    if differences:
        say("Changes still on their way count too; otherwise: counterfoil index rebuild")
        raise click.exceptions.Exit(1)


@index.command()
@click.option("--retry", is_flag=True, help="Send them once more.")
@click.pass_obj
def parked(session: Session, retry: bool) -> None:
    """Name the suspects that the index can never take, with the reason; a changed one is tried again by itself.

    \b
    Example:
      counterfoil index parked --retry
    """
    with session.store.read() as connection:
        rows = [(one.suspect_id, one.revision, one.parked_at, one.reason) for one in list_parked(connection)]
    print_table(["suspect", "revision", "since", "reason"], rows, empty="Nothing is parked.")
    if retry and rows:
        with session.store.write() as connection:
            say(f"{retry_parked(connection)} are sent once more")


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


def _pages(index: SuspectIndex, query: SuspectQuery) -> Iterator[SuspectPage]:
    page = index.search(query)
    yield page
    while page.next_cursor:
        page = index.search(replace(query, cursor=page.next_cursor))
        yield page


def _by_picture(session: Session, source: str) -> tuple[int, ...]:
    picture = read_picture(source, Path(), session.settings)
    with PictureDecoder(session.settings) as decoder:
        found = suspects_by_picture(session, decoder, picture.data)
    remark = remark_on(found)
    if remark:
        say(remark)
    return found.suspect_ids


def _print(page: SuspectPage, *, as_json: bool, counts: bool) -> None:
    notice = notice_of(page)
    if notice:
        say(notice)
    if as_json:
        print_lines(summary(document) for document in page.suspects)
    else:
        rows = [
            (
                one.id,
                f"{one.score:.2f}",
                one.verdict,
                one.products[0].name if one.products else "",
                one.title,
                f"{write_amount(one.price)} {one.currency or ''}" if one.price is not None else "",
                (one.seller.name or one.seller.key) if one.seller else None,
                one.reasons[0].text if one.reasons else "",
                one.url,
            )
            for one in page.suspects
        ]
        columns = ["id", "score", "verdict", "product", "title", "price", "seller", "first reason", "address"]
        print_table(columns, rows, empty="Nothing found.")
    if counts:
        _print_counts(page)


def _print_counts(page: SuspectPage) -> None:
    for facet, found in page.facets.items():
        more = "" if found.exact else _IN_PART
        say(f"{facet}{more}: " + ", ".join(f"{one.label} {one.count}" for one in found.values))
    if page.histogram:
        most = max((count for _, count in page.histogram.steps), default=1)
        say("first suspected" + ("" if page.histogram.exact else _IN_PART))
        for begin, count in page.histogram.steps:
            say(f"{begin:%Y-%m-%d} {'▇' * math.ceil(count * _BAR / most)} {count}")


_IN_PART = " (among the first found)"
_BAR = 40

commands = (search, index)
