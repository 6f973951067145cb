"""`counterfoil run`: what monitors did, and how each crawl ended."""

import click

from console.output import print_fields, print_lines, print_table, when
from console.session import Session
from counterfoil.clock import now
from counterfoil.models import Crawl, CrawlQuality
from counterfoil.store import runs as stored
from counterfoil.store.crawls import cancel_crawls, list_crawl_events, list_crawls
from counterfoil.store.monitors import find_monitor

# What a spider's queries are, where they are no search words.
_ASKED = {"saved": "files", "urls": "addresses"}
_MOST_QUERIES = 25
_MOST_FAILURES = 5


@click.group()
def run() -> None:
    """Runs: the firings of monitors, each with its crawls."""


@run.command("list")
@click.option("--monitor", metavar="NAME", help="Only this monitor's.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="JSON Lines.")
@click.pass_obj
def list_(session: Session, monitor: str | None, limit: int, as_json: bool) -> None:
    """List runs, newest first.

    \b
    Example:
      counterfoil run list --monitor nightly
    """
    with session.read() as connection:
        monitor_id = find_monitor(connection, session.owner.id, monitor).id if monitor else None
        found = stored.list_runs(connection, session.owner.id, monitor_id, limit)
    if as_json:
        print_lines(found)
        return
    rows = [
        (one.id, one.kind, one.monitor_id, one.nominal_at, one.trigger, one.state, "late" if one.late else "")
        for one in found
    ]
    print_table(["id", "kind", "monitor", "time", "trigger", "state", ""], rows, empty="No runs yet.")


@run.command()
@click.argument("run_id", type=int)
@click.option("--json", "as_json", is_flag=True, help="JSON Lines: the run, then its crawls.")
@click.pass_obj
def show(session: Session, run_id: int, as_json: bool) -> None:
    """Show a run: its crawls, why each ended, and what it counted.

    \b
    Example:
      counterfoil run show 12
    """
    with session.read() as connection:
        one = stored.get_run(connection, session.owner.id, run_id)
        crawls = list_crawls(connection, session.owner.id, run_id)
        events = {crawl.id: list_crawl_events(connection, session.owner.id, crawl.id) for crawl in crawls}
    if as_json:
        print_lines([one, *crawls])
        return
    print_fields(
        {
            "run": one.id,
            "monitor": one.monitor_id,
            "kind": one.kind,
            "time": when(one.nominal_at) + (" (late)" if one.late else ""),
            "trigger": one.trigger,
            "state": one.state,
            "ended": one.finished_at,
        }
    )
    for crawl in crawls:
        _show_crawl(crawl)
        for at, attempt, event, detail in events[crawl.id]:
            click.echo(f"    {when(at)}  attempt {attempt}  {event}  {detail}".rstrip())


@run.command()
@click.argument("run_id", type=int)
@click.pass_obj
def cancel(session: Session, run_id: int) -> None:
    """End a run's unfinished crawls; what they have found stays.

    \b
    Example:
      counterfoil run cancel 12
    """
    with session.act("run.cancel", f"run {run_id}") as connection:
        stored.get_run(connection, session.owner.id, run_id)
        count = cancel_crawls(connection, session.owner.id, run_id, now())
    click.echo(f"run {run_id}: {count} crawls cancelled")


def _show_crawl(crawl: Crawl) -> None:
    ended = crawl.reason or crawl.state
    click.echo(f"\ncrawl {crawl.id}  {crawl.marketplace}  {ended}  {crawl.detail or ''}".rstrip())
    if crawl.degraded:
        click.echo(f"    DEGRADED: {crawl.degraded}")
    if crawl.robots_override:
        click.echo(f"    robots.txt OVERRIDDEN: {crawl.robots_override}")
    if crawl.quality.pages:
        click.echo(f"    {_quality(crawl.quality)}")
    for failure in crawl.quality.failures[:_MOST_FAILURES]:
        click.echo(f"    {failure.fate}: {failure.words}")
    counted = crawl.counters
    click.echo(
        f"    listings {counted.seen} (new {counted.new}, changed {counted.changed}), pages {counted.pages}, "
        f"requests {counted.requests}, images {counted.images} ({counted.image_errors} failed), "
        f"{counted.bytes:,} bytes, errors {counted.errors}"
    )
    more = f", and {len(crawl.queries) - _MOST_QUERIES} more" if len(crawl.queries) > _MOST_QUERIES else ""
    click.echo(f"    {_ASKED.get(crawl.spider, 'queries')}: {', '.join(crawl.queries[:_MOST_QUERIES])}{more}")


def _quality(quality: CrawlQuality) -> str:
    """How well a crawl could see, in a line."""
    rates = {"read": quality.parse_rate, "blocked": quality.block_rate}
    said = [f"{name} {rate:.0%} of the pages" for name, rate in rates.items() if rate is not None]
    fields = [f"{name} {quality.coverage(name) or 0:.0%}" for name in sorted(quality.fields)]
    return "; ".join([*said, *([f"of {quality.listings} listings show: {', '.join(fields)}"] if fields else [])])


commands = (run,)
