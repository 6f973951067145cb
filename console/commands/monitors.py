"""`counterfoil monitor`: what is watched, where, and when."""

from collections import Counter
from collections.abc import Iterable

import click
import sqlalchemy as sa

from console.monitoring import (
    Plan,
    name_canaries,
    next_five,
    pause_monitor,
    require_started,
    resume_monitor,
    set_up_monitor,
    start_run,
)
from console.output import print_fields, print_table, robots_words, say, when
from console.session import Session
from counterfoil.access import access_in_words
from counterfoil.clock import now
from counterfoil.exceptions import InvalidInput, NotFound
from counterfoil.marketplaces import get_marketplace
from counterfoil.models import Canary, Crawl, CrawlLimits, Monitor, Schedule, ScheduleKind
from counterfoil.store import monitors as stored
from counterfoil.store.crawls import list_crawls
from counterfoil.store.products import find_product
from counterfoil.store.robots_overrides import robots_overrides_of
from counterfoil.store.runs import list_runs
from scheduler.planning import choose_searches, plan

_LIMITS = CrawlLimits()


@click.group()
def monitor() -> None:
    """Monitors: products x marketplaces x queries x schedule."""


@monitor.command()
@click.argument("name")
@click.option("--marketplace", "marketplaces", multiple=True, required=True, metavar="NAME", help="Repeatable.")
@click.option("--product", "products", multiple=True, metavar="ID", help="Id, SKU or name; repeatable. Without: all.")
@click.option("--query", "queries", multiple=True, metavar="WORDS", help="Repeatable. Without: made from the products.")
@click.option("--cron", metavar="LINE", help="Five fields: minute hour day month weekday.")
@click.option("--every", metavar="TIME", help="An interval instead, such as 6h or 1d.")
@click.option("--time-zone", default="UTC", show_default=True, metavar="ZONE", help="IANA name.")
@click.option("--jitter", type=click.IntRange(0, 86_400), default=0, metavar="SECONDS", help="Spread the start.")
@click.option("--now", "at_once", is_flag=True, help="Make it due at once, then by its schedule.")
@click.option("--pages", type=click.IntRange(1), default=_LIMITS.pages, show_default=True, help="Most pages a crawl.")
@click.option(
    "--depth", type=click.IntRange(1), default=_LIMITS.depth, show_default=True, help="Most result pages a query."
)
@click.option(
    "--seconds", type=click.IntRange(1), default=_LIMITS.seconds, show_default=True, help="Deadline of a crawl."
)
@click.option(
    "--megabytes", type=click.IntRange(1), default=_LIMITS.megabytes, show_default=True, help="Most MB a crawl."
)
@click.option(
    "--barren-pages", type=click.IntRange(1), default=_LIMITS.barren_pages, show_default=True, help="Nothing new: stop."
)
@click.pass_obj
def add(
    session: Session,
    /,
    name: str,
    marketplaces: tuple[str, ...],
    products: tuple[str, ...],
    queries: tuple[str, ...],
    cron: str | None,
    every: str | None,
    time_zone: str,
    jitter: int,
    at_once: bool,
    **limits: int,
) -> None:
    """Set up a monitor.

    \b
    Example:
      counterfoil monitor add nightly --marketplace example --cron '30 2 * * *' --time-zone Europe/Berlin
    """
    with session.read() as connection:
        overrides = robots_overrides_of(connection, session.owner.id)
    for one in (get_marketplace(session.marketplaces, market) for market in dict.fromkeys(marketplaces)):
        robots = robots_words(overrides.get(one.name))
        say(f"{one.title}: route {access_in_words(one, session.settings)}; {one.exercised}; robots.txt {robots}")
    schedule = _schedule(cron, every, time_zone, jitter)
    with session.act("monitor.add", name) as connection:
        wanted = Plan(
            name=name,
            marketplaces=marketplaces,
            schedule=schedule,
            product_ids=_product_ids(connection, session.owner.id, products),
            queries=queries,
            limits=CrawlLimits(**limits),
        )
        made = set_up_monitor(connection, session, wanted, now(), at_once=at_once)
        crawls = plan(connection, made, choose_searches(session.settings))
    count = sum(len(crawl.queries) for crawl in crawls)
    click.echo(f"monitor {made.id}: {made.name}, {count} queries, first run {when(made.next_due_at)}")


@monitor.command("list")
@click.pass_obj
def list_(session: Session) -> None:
    """List your monitors.

    \b
    Example:
      counterfoil monitor list
    """
    with session.read() as connection:
        found = stored.list_monitors(connection, session.owner.id)
    rows = [(one.id, one.name, one.state, _schedule_text(one), one.marketplaces, one.next_due_at) for one in found]
    columns = ["id", "name", "state", "schedule", "marketplaces", "next run"]
    print_table(columns, rows, empty="No monitors yet: counterfoil monitor add NAME --marketplace NAME --every 1d")


@monitor.command()
@click.argument("monitor")
@click.pass_obj
def show(session: Session, monitor: str) -> None:
    """Show a monitor: its queries, its next five times, its last runs.

    \b
    Example:
      counterfoil monitor show nightly
    """
    with session.read() as connection:
        one = stored.find_monitor(connection, session.owner.id, monitor)
        crawls = plan(connection, one, choose_searches(session.settings))
        runs = list_runs(connection, session.owner.id, one.id, limit=10)
        ended = {run.id: _ended(list_crawls(connection, session.owner.id, run.id)) for run in runs}
    print_fields(
        {
            "id": one.id,
            "name": one.name,
            "state": one.state,
            "schedule": _schedule_text(one),
            "marketplaces": one.marketplaces,
            "products": one.product_ids,
            "queries": tuple(dict.fromkeys(query for crawl in crawls for query in crawl.queries)),
            "canaries": tuple(f'{canary.marketplace} {canary.listing} by "{canary.query}"' for canary in one.canaries),
            "next times": tuple(map(when, next_five(one))),
        }
    )
    rows = [(run.id, run.nominal_at, run.trigger, run.state, ended[run.id], "late" if run.late else "") for run in runs]
    print_table(["run", "time", "trigger", "state", "crawls", ""], rows, empty="It has not run yet.")


@monitor.command()
@click.argument("monitor")
@click.argument("marketplace")
@click.argument("listing")
@click.option("--query", metavar="WORDS", help="The search that must find it; required unless it is removed.")
@click.option("--remove", "removed", is_flag=True, help="Take it back.")
@click.pass_obj
def canary(session: Session, monitor: str, marketplace: str, listing: str, query: str | None, removed: bool) -> None:
    """Name a listing (its id) that every crawl must find again by a query, or it is marked as degraded.

    \b
    Example:
      counterfoil monitor canary nightly example 841028151 --query 'steel watch'
    """
    if not removed and not (query or "").strip():
        raise InvalidInput("Say which search must find it: --query WORDS.")
    with session.act("monitor.canary", monitor) as connection:
        one = stored.find_monitor(connection, session.owner.id, monitor)
        kept = [other for other in one.canaries if (other.marketplace, other.listing) != (marketplace, listing)]
        if removed and len(kept) == len(one.canaries):
            raise NotFound(f"The monitor {one.name!r} has no canary {listing!r} on {marketplace!r}.")
        if not removed:
            kept.append(Canary(marketplace=marketplace, query=(query or "").strip(), listing=listing))
        one = name_canaries(connection, session, one, kept)
    click.echo(f"monitor {one.name}: {len(one.canaries)} canaries")


@monitor.command()
@click.argument("monitor")
@click.pass_obj
def pause(session: Session, monitor: str) -> None:
    """Stop firing a monitor; runs under way go on.

    \b
    Example:
      counterfoil monitor pause nightly
    """
    with session.act("monitor.pause", monitor) as connection:
        one = stored.find_monitor(connection, session.owner.id, monitor)
        pause_monitor(connection, one)
    click.echo(f"monitor {one.name} paused")


@monitor.command()
@click.argument("monitor")
@click.pass_obj
def resume(session: Session, monitor: str) -> None:
    """Fire a paused monitor again, from its next time on.

    \b
    Example:
      counterfoil monitor resume nightly
    """
    with session.act("monitor.resume", monitor) as connection:
        one = stored.find_monitor(connection, session.owner.id, monitor)
        due = resume_monitor(connection, one, now())
    click.echo(f"monitor {one.name} resumed, next run {when(due)}")


@monitor.command("run")
@click.argument("monitor")
@click.pass_obj
def run_(session: Session, monitor: str) -> None:
    """Run a monitor now; its schedule stays as it is.

    \b
    Example:
      counterfoil monitor run nightly
    """
    with session.act("monitor.run", monitor) as connection:
        one = stored.find_monitor(connection, session.owner.id, monitor)
        run = start_run(connection, session, one, now())
    require_started(one, run)
    click.echo(f"run {run.id} waits for a worker (counterfoil up, or counterfoil work)")


@monitor.command()
@click.argument("monitor")
@click.pass_obj
def remove(session: Session, monitor: str) -> None:
    """Take a monitor back; its runs and what they found stay.

    \b
    Example:
      counterfoil monitor remove nightly
    """
    with session.act("monitor.remove", monitor) as connection:
        one = stored.find_monitor(connection, session.owner.id, monitor)
        stored.remove_monitor(connection, one, now())
    click.echo(f"monitor {one.name} removed")


def _ended(crawls: Iterable[Crawl]) -> str:
    """How a run's crawls ended, each kind once, and what they may have been blind to."""
    counts = Counter(f"{crawl.reason or crawl.state}" for crawl in crawls)
    told = [f"{count} {name}" if count > 1 else name for name, count in counts.items()]
    blind = dict.fromkeys(crawl.degraded for crawl in crawls if crawl.degraded)
    return "; ".join([", ".join(told), *(f"DEGRADED: {words}" for words in blind)])


def _schedule(cron: str | None, every: str | None, time_zone: str, jitter: int) -> Schedule:
    if (cron is None) == (every is None):
        raise InvalidInput("Give either --cron or --every.")
    kind = ScheduleKind.CRON if cron is not None else ScheduleKind.INTERVAL
    return Schedule(kind=kind, expression=str(cron or every), time_zone=time_zone, jitter_seconds=jitter)


def _product_ids(connection: sa.Connection, owner_id: int, products: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(find_product(connection, owner_id, text).id for text in products))


def _schedule_text(one: Monitor) -> str:
    jitter = f", spread over {one.schedule.jitter_seconds} s" if one.schedule.jitter_seconds else ""
    if one.schedule.kind is ScheduleKind.INTERVAL:
        return f"every {one.schedule.expression}{jitter}"
    return f"{one.schedule.expression} ({one.schedule.time_zone}){jitter}"


commands = (monitor,)
