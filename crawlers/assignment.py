"""What one crawl process is to do: read from its row in the database, or said by a person on the command line."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from counterfoil.access import no_way_to_search
from counterfoil.egress import EgressGuard, Target, guard_from
from counterfoil.exceptions import AddressRefused, InvalidInput, Superseded
from counterfoil.marketplaces import Marketplace, get_marketplace, load_marketplaces
from counterfoil.models import Canary, CrawlCounters, CrawlLimits, CrawlQuality, CrawlState, PastResults
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.captures import WantedCapture, captures_of_crawl
from counterfoil.store.crawls import get_crawl
from counterfoil.store.listings import listings_seen
from counterfoil.store.monitors import canaries_of_crawl
from counterfoil.store.past_quality import past_quality
from counterfoil.store.past_results import past_results
from crawlers.addresses import search_address
from crawlers.browser.choice import browser_needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One marketplace and the queries to ask it; `crawl_id` and `attempt` are None when a person asks.

    `stored` are the listings that earlier attempts at the crawl have stored, key to listing id; `counters` are theirs.
    `past` says what the queries found in earlier crawls; nobody knows without a database. `captures` are the pages that
    are to be captured, `canaries` the listings that it must find again; `quality` is how well earlier attempts could
    see, `past_quality` how well earlier crawls could. `robots_override` is why the marketplace's robots.txt is gone
    against; None: it is obeyed, as always where a person asks.
    """

    marketplace: Marketplace
    queries: tuple[str, ...]
    limits: CrawlLimits = field(default_factory=CrawlLimits)
    crawl_id: int | None = None
    attempt: int | None = None
    stored: Mapping[str, int] = field(default_factory=dict)
    counters: CrawlCounters = field(default_factory=CrawlCounters)
    past: Mapping[str, PastResults] = field(default_factory=dict)
    captures: tuple[WantedCapture, ...] = ()
    canaries: tuple[Canary, ...] = ()
    quality: CrawlQuality = field(default_factory=CrawlQuality)
    past_quality: tuple[CrawlQuality, ...] = ()
    robots_override: str | None = None


def assigned(settings: Settings, store: Store, crawl_id: int, attempt: int) -> Assignment:
    """The assignment of a claimed crawl. Raises NotFound, UnknownMarketplace, or Superseded."""
    with store.read() as connection:
        crawl = get_crawl(connection, crawl_id)
        stored = listings_seen(connection, crawl_id)
        past = past_results(connection, crawl)
        captures = tuple(captures_of_crawl(connection, crawl_id))
        canaries = canaries_of_crawl(connection, crawl_id)
        earlier = tuple(past_quality(connection, crawl))
    if crawl.attempt != attempt or crawl.state is not CrawlState.CLAIMED:
        raise Superseded(
            f"Attempt {attempt} at crawl {crawl_id} is over: it is {crawl.state}, attempt {crawl.attempt}."
        )
    marketplace = get_marketplace(load_marketplaces(settings), crawl.marketplace)
    return Assignment(
        marketplace=marketplace,
        queries=crawl.queries,
        limits=crawl.limits,
        crawl_id=crawl_id,
        attempt=attempt,
        stored=stored,
        counters=crawl.counters,
        past=past,
        captures=captures,
        canaries=(*_declared_canaries(marketplace), *canaries),
        quality=crawl.quality,
        past_quality=earlier,
        robots_override=crawl.robots_override,
    )


def by_hand(settings: Settings, marketplace: str | None, query: str | None) -> Assignment:
    """The assignment that a person gives. Raises InvalidInput, or UnknownMarketplace."""
    if not marketplace:
        raise InvalidInput("Say which marketplace to crawl, and for what: -a marketplace=NAME -a query=WORDS.")
    declared = get_marketplace(load_marketplaces(settings), marketplace)
    return Assignment(marketplace=declared, queries=(query,) if query else ())


def _declared_canaries(marketplace: Marketplace) -> list[Canary]:
    return [Canary(marketplace=marketplace.name, query=one.query, listing=one.listing) for one in marketplace.canaries]


def refusal(assignment: Assignment, settings: Settings) -> str | None:
    """Why this crawl must not start at all, in words for its operator; None if it may."""
    if not assignment.queries:
        return "There is nothing to search for: -a query=WORDS."
    closed = no_way_to_search(assignment.marketplace, settings)
    if closed is not None:
        return closed
    obstacle = unreadable(assignment.marketplace, settings)
    if obstacle is not None:
        return obstacle
    guard = guard_from(settings)
    try:
        target = guard.check_url(search_address(assignment.marketplace, "x", 1))
    except AddressRefused as error:
        return f"{assignment.marketplace.name} cannot be searched: {error}"
    return anonymous(target, guard, settings)


def unreadable(marketplace: Marketplace, settings: Settings) -> str | None:
    """Why the pages of a marketplace cannot be read here at all; None if they can."""
    obstacle = browser_needed(marketplace, settings)
    return f"{marketplace.name} is read by a browser, and {obstacle}" if obstacle is not None else None


def anonymous(target: Target, guard: EgressGuard, settings: Settings) -> str | None:
    """Why a host that nobody listed is not asked: its operators could reach nobody; None where they can."""
    if settings.contact is None and not guard.lists(target.host, target.port):
        return (
            f"{target.host} is not crawled anonymously: set COUNTERFOIL_CONTACT to an address or e-mail where its "
            "operators can reach you."
        )
    return None
