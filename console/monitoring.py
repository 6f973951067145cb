"""Setting up and changing monitors: what commands, pages and the HTTP interface share."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from console.session import Session
from counterfoil.access import IMAGE_QUERY, Search, no_way_to_search, search_of
from counterfoil.egress import guard_from
from counterfoil.exceptions import AddressRefused, Conflict, InvalidInput
from counterfoil.marketplaces import Marketplace, get_marketplace
from counterfoil.models import Canary, CrawlLimits, Monitor, MonitorState, Run, RunState, Schedule
from counterfoil.store import monitors as stored
from counterfoil.store.products import list_products
from counterfoil.store.runs import list_runs
from scheduler.planning import plan
from scheduler.service import next_times, run_now
from scheduler.triggers import next_nominal


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a person wants watched; without products all are meant, without queries they are made from the products."""

    name: str
    marketplaces: tuple[str, ...]
    schedule: Schedule
    product_ids: tuple[int, ...] = ()
    queries: tuple[str, ...] = ()
    limits: CrawlLimits = field(default_factory=CrawlLimits)


def set_up_monitor(
    connection: sa.Connection, session: Session, wanted: Plan, moment: datetime, *, at_once: bool = False
) -> Monitor:
    """Set up a monitor. Raises InvalidInput, NotFound or Conflict, which say what is wrong with it."""
    entry = _entry(connection, session, wanted)
    nominal = moment if at_once else next_nominal(wanted.schedule, moment)
    return stored.add_monitor(
        connection, session.owner.id, entry, next_nominal_at=nominal, next_due_at=nominal, now=moment
    )


def change_monitor(
    connection: sa.Connection, session: Session, monitor: Monitor, wanted: Plan, moment: datetime
) -> Monitor:
    """Change what a monitor looks for, where or when; its next time stays unless its schedule is another.

    Raises as `set_up_monitor` does; a marketplace that it watches already is not held against it.
    """
    entry = _entry(connection, session, wanted, watched=monitor.marketplaces)
    nominal, due = monitor.next_nominal_at, monitor.next_due_at
    if wanted.schedule != monitor.schedule:
        nominal = next_nominal(wanted.schedule, moment)
        due = nominal
    if monitor.state is not MonitorState.ACTIVE:
        nominal = due = None
    return stored.update_monitor(connection, monitor, entry, next_nominal_at=nominal, next_due_at=due)


def name_canaries(connection: sa.Connection, session: Session, monitor: Monitor, canaries: Iterable[Canary]) -> Monitor:
    """Say which listings every crawl of a monitor must find again, in the place of those said before.

    Raises InvalidInput for a new one on a marketplace that it does not watch.
    """
    named = {(one.marketplace, one.listing): one for one in canaries}
    for canary in set(named.values()).difference(monitor.canaries):
        if get_marketplace(session.marketplaces, canary.marketplace).name not in monitor.marketplaces:
            raise InvalidInput(
                "The monitor {name!r} does not watch {marketplace!r}.",
                name=monitor.name,
                marketplace=canary.marketplace,
            )
    stored.set_canaries(connection, monitor, list(named.values()))
    return stored.get_monitor(connection, monitor.owner_id, monitor.id)


def pause_monitor(connection: sa.Connection, monitor: Monitor) -> None:
    """Stop firing a monitor; runs under way go on."""
    stored.set_state(connection, monitor, MonitorState.PAUSED)


def resume_monitor(connection: sa.Connection, monitor: Monitor, moment: datetime) -> datetime:
    """Fire a paused monitor again, from its next time on, which is answered. Raises Conflict where it is not paused."""
    if monitor.state is MonitorState.ACTIVE:
        raise Conflict("The monitor {name!r} is not paused.", name=monitor.name)
    nominal, due = next_times(monitor, moment)
    stored.set_state(connection, monitor, MonitorState.ACTIVE, next_nominal_at=nominal, next_due_at=due)
    return due


def start_run(connection: sa.Connection, session: Session, monitor: Monitor, moment: datetime) -> Run:
    """Run a monitor now; its schedule stays as it is. A run that cannot be is kept as skipped (`require_started`)."""
    run_now(connection, monitor, moment, searches_of(session))
    return list_runs(connection, session.owner.id, monitor.id, limit=1)[0]


def require_started(monitor: Monitor, run: Run) -> None:
    """Raise Conflict for a run that was skipped."""
    if run.state is RunState.SKIPPED:
        raise Conflict(
            "The monitor {name!r} was not run: an earlier run is still open, or nothing is to be searched for.",
            name=monitor.name,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a monitor will do: the words that it searches for, how many pictures, in how many crawls, and when next."""

    queries: tuple[str, ...]
    pictures: int
    crawls: int
    next_times: tuple[datetime, ...]


def preview_plan(
    connection: sa.Connection, session: Session, wanted: Plan, moment: datetime, monitor: Monitor | None = None
) -> Preview:
    """What a monitor would do that is not set up yet, or this one once changed. Raises as `set_up_monitor` does."""
    entry = _entry(connection, session, wanted, monitor.marketplaces if monitor else ())
    draft = Monitor(
        id=0,
        owner_id=session.owner.id,
        name=entry.name,
        state=MonitorState.ACTIVE,
        schedule=entry.schedule,
        product_ids=entry.product_ids,
        marketplaces=entry.marketplaces,
        queries=entry.queries,
        limits=entry.limits,
        next_nominal_at=next_nominal(entry.schedule, moment),
    )
    return preview_monitor(connection, session, draft)


def preview_monitor(connection: sa.Connection, session: Session, monitor: Monitor) -> Preview:
    """What a monitor will do."""
    crawls = plan(connection, monitor, searches_of(session))
    asked = list(dict.fromkeys(query for crawl in crawls for query in crawl.queries))
    queries = tuple(query for query in asked if not query.startswith(IMAGE_QUERY))
    return Preview(
        queries=queries,
        pictures=len(asked) - len(queries),
        crawls=len(crawls),
        next_times=tuple(next_five(monitor)),
    )


def searches_of(session: Session) -> dict[str, Search]:
    """How each declared marketplace is searched, by name."""
    return {name: search_of(one, session.settings) for name, one in session.marketplaces.items()}


def next_five(monitor: Monitor) -> list[datetime]:
    """The next times at which a monitor fires, at most five; none while it is paused."""
    times: list[datetime] = []
    at = monitor.next_nominal_at
    while at is not None and len(times) < 5:
        times.append(at.astimezone(UTC))
        at = next_nominal(monitor.schedule, at + timedelta(microseconds=1), at)
    return times


def require_reachable(session: Session, marketplace: Marketplace) -> None:
    """Raise InvalidInput for a marketplace that no crawl of ours could, or may, ask."""
    guard = guard_from(session.settings)
    try:
        listed = guard.check_url(marketplace.url)
    except AddressRefused as error:
        raise InvalidInput(
            "The marketplace {name!r} cannot be crawled: {error}", name=marketplace.name, error=error
        ) from error
    if not session.settings.contact and not guard.lists(listed.host, listed.port):
        raise InvalidInput(
            "COUNTERFOIL_CONTACT is not set: crawled sites must be able to reach you. Set an e-mail or a web page."
        )


def require_searchable(session: Session, marketplace: Marketplace) -> None:
    """Raise InvalidInput for a marketplace that no crawl may search with these settings."""
    obstacle = no_way_to_search(marketplace, session.settings)
    if obstacle is not None:
        raise InvalidInput(obstacle)


def obstacle_of(session: Session, marketplace: Marketplace) -> str | None:
    """Why a marketplace cannot be watched, with the remedy; None where it can."""
    try:
        require_searchable(session, marketplace)
        require_reachable(session, marketplace)
    except InvalidInput as error:
        return str(error)
    return None


def _entry(
    connection: sa.Connection, session: Session, wanted: Plan, watched: Collection[str] = ()
) -> stored.MonitorEntry:
    for name in wanted.marketplaces:
        marketplace = get_marketplace(session.marketplaces, name)
        if name not in watched:
            require_searchable(session, marketplace)
        require_reachable(session, marketplace)
    if not wanted.product_ids and not any(wanted.queries) and not list_products(connection, session.owner.id):
        raise InvalidInput("There is nothing to search for: register products first, or name queries.")
    return stored.MonitorEntry(
        name=wanted.name,
        schedule=wanted.schedule,
        product_ids=wanted.product_ids,
        marketplaces=tuple(dict.fromkeys(wanted.marketplaces)),
        queries=_each_once(wanted.queries),
        limits=wanted.limits,
    )


def _each_once(queries: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(query.strip() for query in queries if query.strip()))
