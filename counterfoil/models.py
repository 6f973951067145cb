"""Every domain type: frozen, without I/O. The page to read first.

Owner side: what a brand owner registered. Access: who may do what for an owner. Market side: what marketplaces showed,
shared by all owners. Monitoring: what is crawled, and when. Judgement: what was made of it.

Times are aware UTC, prices exact decimals with an ISO 4217 currency, pictures are named by the SHA-256 of their bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

# ---------------------------------------------------------------------------------------------- owner side


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A tenant: a brand owner, whose registry, suspects and verdicts no other owner sees."""

    id: int
    name: str
    registry_revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """A brand name, with the other spellings that the owner uses (in any script)."""

    id: int
    owner_id: int
    name: str
    aliases: tuple[str, ...] = ()


class RightKind(StrEnum):
    """The kinds of registered right a complaint can rest on."""

    TRADEMARK = "trademark"
    DESIGN = "design"
    COPYRIGHT = "copyright"
    PATENT = "patent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """A registration: its number, where it holds, and (for trademarks) the Nice classes it covers."""

    id: int
    owner_id: int
    brand_id: int
    kind: RightKind
    number: str
    jurisdiction: str
    classes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRange:
    """What a product honestly costs new, lowest to highest, in one currency."""

    low: Decimal
    high: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A reference product: what the fakes imitate."""

    id: int
    owner_id: int
    brand_id: int
    name: str
    sku: str | None = None
    keywords: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    price_range: PriceRange | None = None
    official_pages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceImage:
    """One of the brand's own pictures of a product; `source` is the path or address it came from."""

    id: int
    owner_id: int
    product_id: int
    image_sha256: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorisedSeller:
    """A seller the owner trusts on one marketplace: never a suspect."""

    id: int
    owner_id: int
    marketplace: str
    seller_key: str
    name: str | None = None


# -------------------------------------------------------------------------------------------------- access


class Role(StrEnum):
    """What an account or an API key may do; each role may do all that the ones before it may.

    Look at everything; decide about suspects; register, authorise and monitor; look after accounts and keys.
    """

    VIEWER = "viewer"
    ANALYST = "analyst"
    MANAGER = "manager"
    ADMIN = "admin"

    def allows(self, needed: "Role") -> bool:
        """Whether this role may do what takes the role `needed`."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who may log in, for one owner; `name` is unique in the installation, in lower case.

    Without `password_hash` (argon2id, with its parameters and salt) nobody can log in as it yet.
    """

    id: int
    owner_id: int
    name: str
    role: Role
    password_hash: str | None = field(default=None, repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSession:
    """One log-in of an account in one browser, until it ends, idles too long or expires.

    `csrf_token` stands in every form of its pages: what another site makes the browser send does not have it.
    """

    id: int
    owner_id: int
    account_id: int
    csrf_token: str = field(repr=False)
    created_at: datetime
    rotated_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What a program shows instead of logging in; only its hash is stored, `prefix` is its beginning, for people."""

    id: int
    owner_id: int
    name: str
    prefix: str
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


class Channel(StrEnum):
    """How somebody reached us: by a command on the machine, in a browser, or with an API key."""

    COMMAND = "command"
    BROWSER = "browser"
    API_KEY = "api_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something, as the audit log names them, and from which address."""

    name: str
    channel: Channel
    role: Role
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Somebody did something: `action` is `noun.verb`, `subject` what it was done to; appended, never changed.

    Without `owner_id` it belongs to the installation: a log-in under a name that nobody has.
    """

    id: int
    owner_id: int | None
    at: datetime
    actor: str
    channel: Channel
    action: str
    subject: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    address: str | None = None


# --------------------------------------------------------------------------------------------- market side


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """Who sells on one marketplace; `seller_key` is the marketplace's own id, else the normalised name."""

    id: int
    marketplace: str
    seller_key: str
    name: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """An identity: one offer on one marketplace, whatever its page says today.

    `listing_key` is the marketplace's own id, else the canonical URL.
    """

    id: int
    marketplace: str
    listing_key: str
    url: str
    seller_id: int | None
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingImage:
    """One picture of a listing's page: its address and, where it could be fetched, the bytes' SHA-256.

    `deleted_at` says when retention deleted the bytes; the fingerprint stays.
    """

    url: str
    sha256: str | None = None
    error: str | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerFacts:
    """What a page says about its seller."""

    key: str
    name: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingFacts:
    """What a listing's page said: only what it shows, absent otherwise, never guessed.

    `attributes` keeps what has no field of its own (rating, sold count, ...): JSON values only; a change in it alone
    does not make a new version.
    """

    url: str
    title: str
    description: str | None = None
    price: Decimal | None = None
    price_max: Decimal | None = None
    currency: str | None = None
    availability: str | None = None
    condition: str | None = None
    seller: SellerFacts | None = None
    ships_from: str | None = None
    category: str | None = None
    brand: str | None = None
    sku: str | None = None
    gtin: str | None = None
    images: tuple[ListingImage, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingVersion:
    """What a listing's page said at one time; written when something changed, never overwritten.

    `body_sha256` names the stored response body that the facts were read from; `body_deleted_at` says when retention
    deleted it.
    """

    id: int
    listing_id: int
    number: int
    facts: ListingFacts
    body_sha256: str | None
    captured_at: datetime
    body_deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A listing's own address says that it is not there (`why`). `gone_at` is set by a second look at another time.

    That a search does not show a listing says nothing: absences come from its own address only.
    """

    listing_id: int
    first_at: datetime
    last_at: datetime
    why: str
    gone_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A listing was seen: by which crawl, for which query, at which rank of the results (1 is first)."""

    query: str
    rank: int | None
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSource:
    """Where a picture was fetched from, with the validators that let us ask whether it changed (RFC 9110, 13.1)."""

    url: str
    image_sha256: str
    etag: str | None = None
    last_modified: str | None = None


# ---------------------------------------------------------------------------------------------- monitoring


class MonitorState(StrEnum):
    """Whether a monitor fires."""

    ACTIVE = "active"
    PAUSED = "paused"


class ScheduleKind(StrEnum):
    """How a schedule's expression is read."""

    CRON = "cron"
    INTERVAL = "interval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a monitor fires: a five-field cron line or an interval in seconds, in an IANA time zone.

    `jitter_seconds` spreads the firing over that many seconds after the nominal time.
    """

    kind: ScheduleKind
    expression: str
    time_zone: str = "UTC"
    jitter_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlLimits:
    """Where a crawl stops by itself, with the reason `limit` (`seconds` ends it with `timeout`).

    They hold for all attempts together; only `seconds` start anew, because a crawl may wait for its next attempt.
    """

    pages: int = 2_000
    depth: int = 100
    seconds: int = 3_600
    megabytes: int = 2_000
    barren_pages: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A listing that every search crawl of a marketplace must find again by this query, or it no longer sees all."""

    marketplace: str
    query: str
    listing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """What to look for, where, and how often.

    Empty `product_ids` mean all products, as they are when it fires; empty `queries` are made from the products' names
    and keywords.
    """

    id: int
    owner_id: int
    name: str
    state: MonitorState
    schedule: Schedule
    product_ids: tuple[int, ...]
    marketplaces: tuple[str, ...]
    queries: tuple[str, ...] = ()
    limits: CrawlLimits = CrawlLimits()
    canaries: tuple[Canary, ...] = ()
    next_nominal_at: datetime | None = None
    next_due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsOverride:
    """An owner's decision that crawls of a marketplace go against its robots.txt: why, by whom, and since when."""

    marketplace: str
    reason: str
    decided_by: str
    decided_at: datetime


class RunKind(StrEnum):
    """What a run looks at: searches, addresses already known, saved pages, or pages to be captured as evidence."""

    SEARCH = "search"
    LISTINGS = "listings"
    IMPORT = "import"
    CAPTURE = "capture"


class RunTrigger(StrEnum):
    """Who asked for a run."""

    SCHEDULE = "schedule"
    MANUAL = "manual"


class RunState(StrEnum):
    """A run is open until its last crawl has ended; skipped when the one before it was still open."""

    OPEN = "open"
    FINISHED = "finished"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One firing of a monitor, unique on monitor and nominal time; or, without a monitor, what a person asked for once.

    `late` means it fired after a downtime.
    """

    id: int
    owner_id: int
    monitor_id: int | None
    kind: RunKind
    trigger: RunTrigger
    state: RunState
    nominal_at: datetime
    created_at: datetime
    finished_at: datetime | None = None
    late: bool = False


class CrawlState(StrEnum):
    """Waiting to be claimed, claimed under a lease, or finished with one reason."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    FINISHED = "finished"


class FinishReason(StrEnum):
    """Why a crawl ended; every crawl ends with exactly one."""

    FINISHED = "finished"
    LIMIT = "limit"
    BLOCKED = "blocked"
    RATE_LIMITED = "rate_limited"
    ROBOTS = "robots"
    SITE_DOWN = "site_down"
    LAYOUT = "layout"
    DISK_FULL = "disk_full"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    CRASHED = "crashed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlCounters:
    """What a crawl did, over all its attempts; of one that was killed its last two seconds may be missing.

    `seen`, `new` and `changed` count listings.
    """

    requests: int = 0
    pages: int = 0
    seen: int = 0
    new: int = 0
    changed: int = 0
    images: int = 0
    image_errors: int = 0
    bytes: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFailure:
    """A page that a crawl could not read: what became of it (`blocked`, `layout`, ...), and its address with why."""

    fate: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlQuality:
    """How well a crawl could see: of its `pages` how many it has read, of how many it could make nothing, how many
    blocked it; of the `listings` it has read how many showed each field; and the canaries that it has not found.

    Of its pages of `results`, how many showed fewer listings than is declared (`sparse`), of these how many although
    there are more (`thin`), and how many showed more than is declared (`crowded`); `smallest` and `largest` are the
    fewest and most listings of one page, None where there was no such page. `failures` are the first pages of each fate
    that could not be read.
    """

    pages: int = 0
    read: int = 0
    unread: int = 0
    blocked: int = 0
    listings: int = 0
    fields: Mapping[str, int] = field(default_factory=dict)
    missed: tuple[str, ...] = ()
    results: int = 0
    sparse: int = 0
    thin: int = 0
    crowded: int = 0
    smallest: int | None = None
    largest: int | None = None
    failures: tuple[PageFailure, ...] = ()

    @property
    def parse_rate(self) -> float | None:
        """Of the pages that came, the share that could be read; None where none came."""
        return self.read / (self.read + self.unread) if self.read + self.unread else None

    @property
    def block_rate(self) -> float | None:
        """Of all pages, the share that was refused or asked to slow down; None where none was asked for."""
        return self.blocked / self.pages if self.pages else None

    def coverage(self, name: str) -> float | None:
        """Of the listings, the share that shows a field; None where none was read."""
        return self.fields.get(name, 0) / self.listings if self.listings else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawl:
    """The unit of work: one marketplace and a slice of the queries, in one Scrapy process.

    `degraded` says in words what it may have been blind to, although it came to its end. `robots_override` is why its
    attempt goes against the marketplace's robots.txt; None where it obeys.
    """

    id: int
    owner_id: int
    run_id: int
    marketplace: str
    spider: str
    queries: tuple[str, ...]
    limits: CrawlLimits
    state: CrawlState
    attempt: int = 0
    failures: int = 0
    claimed_by: str | None = None
    lease_until: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    reason: FinishReason | None = None
    detail: str | None = None
    counters: CrawlCounters = CrawlCounters()
    quality: CrawlQuality = CrawlQuality()
    degraded: str | None = None
    robots_override: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastResults:
    """What a query found before: in how many of its last finished crawls, and how many listings on average."""

    crawls: int
    listings: float


# ----------------------------------------------------------------------------------------------- judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What is kept of a picture so that copies of it can be found later.

    `phash` is imagehash's 64-bit DCT hash (8 bytes), kept because others can compute and exchange it; `dct256` is the
    256-bit one (32 bytes) that decides, `box256` the same of the foreground alone. A picture that is too plain is not
    `informative` and never matches: flat pictures all hash alike.
    """

    image_sha256: str
    version: str
    width: int
    height: int
    phash: bytes
    dct256: bytes
    box256: bytes
    informative: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A reference image ready to be matched."""

    reference_image_id: int
    product_id: int
    fingerprint: Fingerprint


class MatchKind(StrEnum):
    """What a match says: the reference's own pixels were used again, or the same product was photographed anew."""

    COPY = "copy"
    SAME_PRODUCT = "same-product"


class MatchDecision(StrEnum):
    """How sure it is: beyond doubt, to be looked at by a person, or by its hash alone because the pixels are gone."""

    CONFIRMED = "confirmed"
    REVIEW = "review"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """Where a reference lies in a picture: its four corners (from the upper left, clockwise) in the picture's pixels.

    Seen from the reference: first mirrored or not, then turned by `rotation` degrees counter-clockwise and enlarged by
    `scale`, as measured at its middle. Corners outside the picture were cut off.
    """

    mirrored: bool
    rotation: float
    scale: float
    quadrangle: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A listing's picture shows a reference image: which stage decided, how surely, and by what evidence.

    `score` is 0..1. `distance` is in bits of 256 where a hash decided; `agreement` (0..1) says how well the aligned
    pixels of the product agree where pixels decided. `one_of` names the other products that this one cannot be told
    apart from in this picture: it shows one of these.
    """

    image_sha256: str
    reference_image_id: int
    product_id: int
    score: float
    stage: str
    kind: MatchKind = MatchKind.COPY
    decision: MatchDecision = MatchDecision.CONFIRMED
    transform: Transform | None = None
    agreement: float | None = None
    distance: int | None = None
    one_of: tuple[int, ...] = ()


class ReasonKind(StrEnum):
    """What can speak for or against a listing."""

    IMAGE_COPY = "image_copy"
    BRAND_DISGUISED = "brand_disguised"
    BRAND_NAMED = "brand_named"
    PRODUCT_NAMED = "product_named"
    REPLICA_WORDS = "replica_words"
    PRICE_LOW = "price_low"
    SELLER_AUTHORISED = "seller_authorised"
    NO_RATE = "no_rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that was seen, in plain words: `weight` is the score that it alone would give (0 only informs).

    `evidence` holds the facts behind the words: JSON values only.
    """

    kind: ReasonKind
    weight: float
    text: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How suspicious, 0..1, and why: 1 - product of (1 - weight) over the reasons."""

    value: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One listing version against one product, by one version of the judge."""

    product_id: int
    judge_version: str
    score: Score
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredProduct:
    """A product with all that judging it needs."""

    product: Product
    brand: Brand
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """All that one owner registered, as the judge needs it; `revision` changes with every change of it."""

    owner_id: int
    revision: int
    products: tuple[RegisteredProduct, ...]
    authorised_sellers: frozenset[tuple[str, str]]


class SuspectState(StrEnum):
    """Open, or withdrawn because the newest judgement no longer finds it suspicious."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"


class VerdictKind(StrEnum):
    """What a person decided about a suspect."""

    COUNTERFEIT = "counterfeit"
    LOOKALIKE = "lookalike"
    AUTHORISED = "authorised"
    UNRELATED = "unrelated"
    UNSURE = "unsure"


class Triage(StrEnum):
    """Where a suspect stands in the work of deciding: what waits for a person, and what does not.

    Nobody has decided; somebody has, and the listing has changed since; it was put off; it was decided about as it is.
    """

    UNDECIDED = "undecided"
    CHANGED = "changed"
    SNOOZED = "snoozed"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A suspicious listing of one owner; `revision` grows with every change and orders its index documents.

    `verdict_version_id` is the version that the verdict is about. One that was put off has `snoozed_at`: until
    `snoozed_until`, or until its listing changes.
    """

    id: int
    owner_id: int
    listing_id: int
    listing_version_id: int
    score: float
    state: SuspectState
    verdict: VerdictKind | None
    revision: int
    first_suspected_at: datetime
    updated_at: datetime
    verdict_version_id: int | None = None
    snoozed_at: datetime | None = None
    snoozed_until: datetime | None = None

    @property
    def triage(self) -> Triage:
        """Where it stands in the work of deciding."""
        if self.snoozed_at is not None:
            return Triage.SNOOZED
        if self.verdict is None:
            return Triage.UNDECIDED
        return Triage.DECIDED if self.verdict_version_id == self.listing_version_id else Triage.CHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A person's decision about one version of a suspect's listing; appended, never overwritten.

    One that was taken back stays, with `undone_at`, and counts no more. Those that were given at once share a `batch`.
    """

    id: int
    owner_id: int
    suspect_id: int
    listing_version_id: int
    kind: VerdictKind
    note: str | None
    decided_by: str
    decided_at: datetime
    undone_at: datetime | None = None
    batch: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictBatch:
    """One verdict that was given about many suspects at once: which it was given about, and which of those stand.

    The others were taken back, or somebody has decided anew since.
    """

    id: str
    kind: VerdictKind
    note: str | None
    decided_by: str
    decided_at: datetime
    suspect_ids: tuple[int, ...]
    standing: tuple[int, ...]


class CaptureState(StrEnum):
    """A capture waits for its run, is there, or could not be had."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class CaptureMeans(StrEnum):
    """What a page was captured by: a browser, or a plain request where there is none."""

    BROWSER = "browser"
    PLAIN = "plain"


class CaptureRole(StrEnum):
    """What a file of a capture is: the whole page as a picture, its HTML as the browser had it, the traffic."""

    SCREENSHOT = "screenshot"
    PAGE = "page"
    WARC = "warc"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureFile:
    """A file of a capture, named by the SHA-256 of its bytes; `deleted_at` says when retention deleted it."""

    role: CaptureRole
    sha256: str
    size: int
    media_type: str
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A suspect's page, kept as evidence: what its address answered (`status`), when, by which means.

    `url` is the address that was asked for, `final_url` the one that answered; `detail` says in words what a person
    has to know about it, or why it failed.
    """

    id: int
    owner_id: int
    suspect_id: int
    listing_version_id: int
    url: str
    state: CaptureState
    requested_at: datetime
    means: CaptureMeans | None = None
    status: int | None = None
    final_url: str | None = None
    detail: str | None = None
    captured_at: datetime | None = None
    files: tuple[CaptureFile, ...] = ()


# ----------------------------------------------------------------------------------------------- retention


class RetentionClass(StrEnum):
    """Why pictures and bodies are kept, in the order in which they go.

    Nobody suspects the listing; its suspects were withdrawn or decided to be no counterfeits; it is an open suspect or
    a counterfeit. What several listings show is kept for the one that needs it longest.
    """

    UNSUSPICIOUS = "unsuspicious"
    CLOSED = "closed"
    SUSPECT = "suspect"
