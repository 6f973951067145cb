"""Marketplaces, monitors, runs and crawls."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from console.outcomes import Sight
from console.schemas.fields import Id, Line100, Line200, Line300, Said, Shown, Whole
from counterfoil.models import (
    CrawlLimits,
    CrawlState,
    FinishReason,
    MonitorState,
    RunKind,
    RunState,
    RunTrigger,
    ScheduleKind,
)

_LARGEST = 1_000_000_000
_Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\x00-\x20\x7f]+$", max_length=2_000)]
_DEFAULTS = CrawlLimits()
_SCHEDULE: dict[str, Any] = {
    "kind": "cron",
    "expression": "30 2 * * *",
    "time_zone": "Europe/Berlin",
    "jitter_seconds": 0,
}
_MONITOR: dict[str, Any] = {
    "name": "nightly",
    "marketplaces": ["example"],
    "product_ids": [7],
    "queries": [],
    "schedule": _SCHEDULE,
}


class RobotsOverrideSaid(Said):
    """Why a marketplace's robots.txt may be overridden: by whose permission, or on which ground."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Written permission of its operator, 3 May"}]})

    reason: Annotated[str, StringConstraints(min_length=1, max_length=2_000)]


class RobotsOverrideShown(Shown):
    """That the owner's crawls go against a marketplace's robots.txt: why, by whom, and since when."""

    reason: str
    decided_by: str
    decided_at: datetime


class MarketplaceShown(Shown):
    """A declared marketplace: the route by which it is crawled, and what was really tried on it.

    `obstacle` is why it cannot be watched as this installation is set up, and what to do; null where it can.
    `robots_override` is null where the owner's crawls obey its robots.txt.
    """

    name: str
    title: str
    url: str
    route: str
    exercised: str
    countries: list[str]
    languages: list[str]
    currencies: list[str]
    obstacle: str | None = None
    robots_override: RobotsOverrideShown | None = None


class ScheduleSaid(Said):
    """When a monitor fires: a five-field cron line, or an interval such as `6h`, in an IANA time zone."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SCHEDULE]})

    kind: ScheduleKind
    expression: Line200
    time_zone: Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")] = "UTC"
    jitter_seconds: Annotated[Whole, Field(ge=0, le=86_400)] = 0


class LimitsSaid(Said):
    """Where a crawl stops by itself."""

    pages: Annotated[Whole, Field(ge=1, le=_LARGEST)] = _DEFAULTS.pages
    depth: Annotated[Whole, Field(ge=1, le=_LARGEST)] = _DEFAULTS.depth
    seconds: Annotated[Whole, Field(ge=1, le=_LARGEST)] = _DEFAULTS.seconds
    megabytes: Annotated[Whole, Field(ge=1, le=_LARGEST)] = _DEFAULTS.megabytes
    barren_pages: Annotated[Whole, Field(ge=1, le=_LARGEST)] = _DEFAULTS.barren_pages


class CanarySaid(Said):
    """A listing (its id) that every crawl of a marketplace must find again by a query, or it is marked as degraded."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"marketplace": "example", "query": "steel watch", "listing": "841028151"}]}
    )

    marketplace: Line100
    query: Line300
    listing: Line200


class MonitorSaid(Said):
    """What to look for, where, and when. Without `product_ids` all; without `queries` they are made from those.

    `canaries` are listings that every crawl must find again.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_MONITOR]})

    name: Line200
    marketplaces: Annotated[tuple[Line100, ...], Field(min_length=1, max_length=100)]
    product_ids: Annotated[tuple[Id, ...], Field(max_length=10_000)] = ()
    queries: Annotated[tuple[Line300, ...], Field(max_length=1_000)] = ()
    schedule: ScheduleSaid
    limits: LimitsSaid = LimitsSaid()
    canaries: Annotated[tuple[CanarySaid, ...], Field(max_length=100)] = ()


class MonitorChange(Said):
    """What changes about a monitor; what is not given stays. `state` pauses and resumes it.

    `canaries` take the place of those that were named before; an empty list takes them all back.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "paused"}]})

    name: Line200 | None = None
    marketplaces: Annotated[tuple[Line100, ...], Field(min_length=1, max_length=100)] | None = None
    product_ids: Annotated[tuple[Id, ...], Field(max_length=10_000)] | None = None
    queries: Annotated[tuple[Line300, ...], Field(max_length=1_000)] | None = None
    schedule: ScheduleSaid | None = None
    limits: LimitsSaid | None = None
    canaries: Annotated[tuple[CanarySaid, ...], Field(max_length=100)] | None = None
    state: MonitorState | None = None


class ScheduleShown(Shown):
    """When a monitor fires."""

    kind: ScheduleKind
    expression: str
    time_zone: str
    jitter_seconds: int


class LimitsShown(Shown):
    """Where a crawl stops by itself."""

    pages: int
    depth: int
    seconds: int
    megabytes: int
    barren_pages: int


class CanaryShown(Shown):
    """A listing that every crawl must find again."""

    marketplace: str
    query: str
    listing: str


class MonitorShown(Shown):
    """A monitor; without `product_ids` it watches all products, also those that are registered later."""

    id: Id
    name: str
    state: MonitorState
    schedule: ScheduleShown
    product_ids: list[int]
    marketplaces: list[str]
    queries: list[str]
    limits: LimitsShown
    canaries: list[CanaryShown]
    next_due_at: datetime | None


class MonitorPreview(Shown):
    """What a monitor will do: the words it searches for, in how many crawls, and its next five times.

    `pictures` of the products are searched for as well, where a marketplace can be.
    """

    queries: list[str]
    pictures: int
    crawls: int
    next_times: list[datetime]


class RunShown(Shown):
    """One firing of a monitor."""

    id: Id
    monitor_id: int | None
    kind: RunKind
    trigger: RunTrigger
    state: RunState
    nominal_at: datetime
    created_at: datetime
    finished_at: datetime | None
    late: bool


class CountersShown(Shown):
    """What a crawl did; `seen`, `new` and `changed` count listings."""

    requests: int
    pages: int
    seen: int
    new: int
    changed: int
    images: int
    image_errors: int
    bytes: int
    errors: int


class CrawlShown(Shown):
    """The crawl of one marketplace for a slice of the queries, with the one reason why it ended.

    `degraded` says what it may have been blind to, although it came to its end; `robots_override` why it went against
    the marketplace's robots.txt, null where it obeyed.
    """

    id: Id
    run_id: int
    marketplace: str
    queries: list[str]
    state: CrawlState
    attempt: int
    started_at: datetime | None
    finished_at: datetime | None
    reason: FinishReason | None
    detail: str | None
    degraded: str | None
    robots_override: str | None
    counters: CountersShown


class OutcomeShown(Shown):
    """How much a run saw, and why, in a line."""

    sight: Sight
    words: str


class CoveredShown(Shown):
    """A field: on how many of 100 listings it was; `declared`: it is said to be on all."""

    name: str
    percent: int
    declared: bool


class PastResultsShown(Shown):
    """What a query found before: in how many of its last finished crawls, and how many listings on average."""

    crawls: int
    listings: float


class AskedShown(Shown):
    """A query of a crawl: how many listings it has shown, and what it showed before."""

    query: str
    found: int
    before: PastResultsShown | None


class PageFailureShown(Shown):
    """A page that could not be read: what became of it, and its address with why."""

    fate: str
    words: str


class CrawlEventShown(Shown):
    """Something that happened to a crawl, in which attempt."""

    at: datetime
    attempt: int
    event: str
    detail: str


class CrawlReportShown(Shown):
    """A crawl for people: why it ended and what to do, what it asked and found, and how well it could see.

    `parse_rate`: of the pages that came, the share that was read; `block_rate`: of all, the share that was refused.
    """

    words: str
    remedy: str | None
    expected: str | None
    pages: int
    parse_rate: float | None
    block_rate: float | None
    coverage: list[CoveredShown]
    asked: list[AskedShown]
    failures: list[PageFailureShown]
    events: list[CrawlEventShown]


class CheckSaid(Said):
    """Addresses of listings on declared marketplaces."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"addresses": ["https://www.ebay.com/itm/235412345678"]}]}
    )

    addresses: Annotated[tuple[_Address, ...], Field(min_length=1, max_length=1_000)]


class CheckShown(Shown):
    """The run that looks at them, and the addresses that are no listings of a declared marketplace."""

    run: RunShown
    skipped: list[str]


class ReassessmentSaid(Said):
    """The product that has changed; without it all of the owner's past listings are judged again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"product_id": 7}]})

    product_id: Id | None = None


class CancelledShown(Shown):
    """How many crawls of a run were ended."""

    cancelled: int
