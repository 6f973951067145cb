"""A data folder as a large brand owner's after a hundred days, filled in minutes: rows by the table, the index rebuilt.

Every row is one that the program could have written; only that they were written at once is not as it would be.
"""

import random
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from PIL import Image

from benchmarks.documents import Words
from counterfoil.evidence import open_evidence
from counterfoil.fingerprints import FINGERPRINT_VERSION, fingerprint
from counterfoil.models import (
    CaptureMeans,
    CaptureRole,
    CaptureState,
    CrawlCounters,
    CrawlLimits,
    CrawlQuality,
    CrawlState,
    Fingerprint,
    FinishReason,
    Match,
    MonitorState,
    Reason,
    ReasonKind,
    RightKind,
    RunKind,
    RunState,
    RunTrigger,
    ScheduleKind,
    SuspectState,
    Transform,
    VerdictKind,
)
from counterfoil.settings import Settings, load_settings
from counterfoil.store import Store, open_store, tables
from indexer.opening import open_index
from indexer.rebuild import rebuild

OWNER, NEIGHBOUR = 1, 2
MARKETPLACES = ("ebay", "amazon", "aliexpress", "etsy")
BRANDS, PRODUCTS, REFERENCES, MONITORS, DAYS, SELLERS, AUTHORISED = 10, 200, 3, 20, 100, 20_000, 300
RUNS = MONITORS * DAYS
# So many pictures are files that can be looked at; of the others retention has deleted the files.
FILES = 200
_AT_ONCE = 20_000
_NOW = datetime.now(UTC).replace(microsecond=0)
_START = _NOW - timedelta(days=DAYS)
_VERDICTS = (*[None] * 6, *[VerdictKind.COUNTERFEIT] * 2, VerdictKind.LOOKALIKE, VerdictKind.UNRELATED)
_REASONS = (*[FinishReason.FINISHED] * 8, FinishReason.BLOCKED, FinishReason.LIMIT)

_CORNERS = ((0.0, 0.0), (800.0, 0.0), (800.0, 800.0), (0.0, 800.0))
_AS_IT_IS = Transform(mirrored=False, rotation=0.0, scale=1.0, quadrangle=_CORNERS)

Row = dict[str, Any]


@dataclass(frozen=True)
class Filling:
    """How much there is to be: of `listings` every `step`-th is a suspect; the same every time."""

    listings: int
    suspects: int

    @property
    def step(self) -> int:
        """From one suspect's listing to the next one's."""
        return self.listings // self.suspects

    @property
    def pictures(self) -> int:
        """Different pictures: each is shown by three listings on average."""
        return FILES + self.listings // 3

    @cached_property
    def words(self) -> Words:
        """What titles are made of."""
        return Words.make(random.Random(1))


def _chance(row: int, what: str) -> float:
    """0 <= x < 1, the same for the same row whoever asks: one table's rows must fit another's."""
    return zlib.crc32(f"{what} {row}".encode()) / 2**32


def settings_of(folder: Path) -> Settings:
    """The settings of a data folder and nothing else."""
    return load_settings({"COUNTERFOIL_DATA": str(folder)})


def fill(folder: Path, filling: Filling) -> None:
    """Fill an empty folder, or find it filled like that. Raises SystemExit where it holds something else."""
    settings = settings_of(folder)
    with closing(open_store(settings)) as store, closing(open_index(settings)) as index:
        with store.read() as connection:
            found = connection.scalar(sa.select(sa.func.count()).select_from(tables.suspects))
        if found not in (0, filling.suspects):
            raise SystemExit(f"{folder} holds {found:,} suspects, not {filling.suspects:,}: name another folder.")
        if not found:
            for table, rows in _rows(filling, _files(settings)):
                _insert(store, table, rows)
        if index.health().documents != filling.suspects:
            rebuild(store, index)


def _insert(store: Store, table: sa.Table, rows: Iterator[Row]) -> None:
    while batch := list(islice(rows, _AT_ONCE)):
        with store.write() as connection:
            connection.execute(table.insert(), batch)


def _rows(filling: Filling, files: list[str]) -> Iterator[tuple[sa.Table, Iterator[Row]]]:
    """Every table with its rows, those first that others refer to; all suspects come last, in one transaction each."""
    yield tables.owners, _owners()
    yield tables.brands, _brands(filling)
    yield tables.rights, _rights()
    yield tables.images, _images(filling, files)
    yield tables.fingerprints, _fingerprints(filling, files)
    yield tables.products, _products(filling)
    yield tables.reference_images, _reference_images(files)
    yield tables.authorised_sellers, _authorised_sellers()
    yield tables.monitors, _monitors()
    yield tables.monitor_products, _monitor_products()
    yield tables.monitor_marketplaces, _monitor_marketplaces()
    yield tables.runs, _runs()
    yield tables.crawls, _crawls(filling)
    yield tables.sellers, _sellers()
    yield tables.listings, _listings(filling)
    yield tables.listing_versions, _listing_versions(filling)
    yield tables.listing_images, _listing_images(filling, files)
    yield tables.sightings, _sightings(filling)
    yield tables.inspections, _inspections(filling)
    yield tables.audit_entries, _audit_entries(filling)
    yield tables.suspects, _suspects(filling)
    yield tables.assessments, _assessments(filling, files)
    yield tables.verdicts, _verdicts(filling)
    yield tables.captures, _captures(filling)
    yield tables.capture_files, _capture_files(filling)


def _files(settings: Settings) -> list[str]:
    """Pictures as sellers upload them, in the evidence store; their SHA-256."""
    evidence = open_evidence(settings)
    return [evidence.put_image(data) for data in pictures()]


def pictures() -> Iterator[bytes]:
    """The pictures whose files are there, the same every time."""
    dice = random.Random(3)
    for _ in range(FILES):
        coarse = Image.frombytes("RGB", (24, 24), dice.randbytes(24 * 24 * 3))
        file = BytesIO()
        coarse.resize((800, 800), Image.Resampling.BICUBIC).save(file, "JPEG", quality=85)
        yield file.getvalue()


# ------------------------------------------------------------------------------------------------- owner side


def _owners() -> Iterator[Row]:
    for number, name in ((OWNER, "default"), (NEIGHBOUR, "neighbour")):
        yield {"id": number, "name": name, "registry_revision": 1, "created_at": _START}


def _brands(filling: Filling) -> Iterator[Row]:
    dice = random.Random(4)
    for number in range(1, BRANDS + 1):
        name = f"{filling.words.pick(dice, chinese=False).title()} {number}"
        yield {"id": number, "owner_id": OWNER, "name": name, "aliases": [], "created_at": _START}


def _rights() -> Iterator[Row]:
    for number in range(1, BRANDS + 1):
        yield {
            "owner_id": OWNER,
            "brand_id": number,
            "kind": RightKind.TRADEMARK,
            "number": f"01800000{number}",
            "jurisdiction": "EU",
            "classes": [11],
            "created_at": _START,
        }


def _products(filling: Filling) -> Iterator[Row]:
    dice = random.Random(5)
    for number in range(1, PRODUCTS + 1):
        yield {
            "id": number,
            "owner_id": OWNER,
            "brand_id": number % BRANDS + 1,
            "name": f"{filling.words.pick(dice, chinese=False).title()} {number}",
            "sku": f"SKU-{number}",
            "keywords": ["lamp", "light"],
            "aliases": [],
            "price_low": Decimal(100),
            "price_high": Decimal(300),
            "currency": "EUR",
            "official_pages": ["https://brand.example/products"],
            "created_at": _START,
        }


def _reference_images(files: list[str]) -> Iterator[Row]:
    for number in range(PRODUCTS * REFERENCES):
        yield {
            "id": number + 1,
            "owner_id": OWNER,
            "product_id": number // REFERENCES + 1,
            "image_sha256": files[number % FILES],
            "source": f"reference-{number}.jpg",
            "created_at": _START,
        }


def _authorised_sellers() -> Iterator[Row]:
    for number in range(AUTHORISED):
        yield {
            "owner_id": OWNER,
            "marketplace": MARKETPLACES[number % len(MARKETPLACES)],
            "seller_key": f"trusted-{number}",
            "name": f"Trusted shop {number}",
            "created_at": _START,
        }


def _audit_entries(filling: Filling) -> Iterator[Row]:
    for number in range(filling.suspects // 2):
        yield {
            "owner_id": OWNER,
            "at": _START + timedelta(minutes=number),
            "actor": "ann",
            "channel": "browser",
            "action": "verdict.add",
            "subject": f"suspect {number + 1}",
            "detail": {"kind": "counterfeit"},
            "address": "127.0.0.1",
        }


# ------------------------------------------------------------------------------------------------- monitoring


def _monitors() -> Iterator[Row]:
    for number in range(1, MONITORS + 1):
        yield {
            "id": number,
            "owner_id": OWNER,
            "name": f"monitor {number}",
            "state": MonitorState.ACTIVE,
            "schedule_kind": ScheduleKind.INTERVAL,
            "schedule_expression": "1d",
            "time_zone": "UTC",
            "jitter_seconds": 0,
            "queries": [f"lamp {number}", f"light {number}"],
            "limits": asdict(CrawlLimits()),
            "next_nominal_at": _NOW + timedelta(days=1),
            "next_due_at": _NOW + timedelta(days=1),
            "created_at": _START,
        }


def _monitor_products() -> Iterator[Row]:
    for number in range(1, PRODUCTS + 1):
        yield {"owner_id": OWNER, "monitor_id": number % MONITORS + 1, "product_id": number}


def _monitor_marketplaces() -> Iterator[Row]:
    for number in range(1, MONITORS + 1):
        for name in MARKETPLACES:
            yield {"owner_id": OWNER, "monitor_id": number, "marketplace": name}


def _run_began(run: int) -> datetime:
    """Runs are numbered by time: on each day one of every monitor."""
    return _START + timedelta(days=run // MONITORS, minutes=run % MONITORS)


def _runs() -> Iterator[Row]:
    for run in range(RUNS):
        yield {
            "id": run + 1,
            "owner_id": OWNER,
            "monitor_id": run % MONITORS + 1,
            "kind": RunKind.SEARCH,
            "trigger": RunTrigger.SCHEDULE,
            "state": RunState.FINISHED,
            "nominal_at": _run_began(run),
            "late": False,
            "created_at": _run_began(run),
            "finished_at": _run_began(run) + timedelta(hours=1),
        }


def _crawls(filling: Filling) -> Iterator[Row]:
    dice, seen = random.Random(6), filling.listings // (RUNS * len(MARKETPLACES))
    for crawl in range(RUNS * len(MARKETPLACES)):
        run, position = divmod(crawl, len(MARKETPLACES))
        began, reason = _run_began(run), dice.choice(_REASONS)
        quality = CrawlQuality(pages=50, read=40, unread=2, blocked=8, listings=seen, fields={"price": seen})
        yield {
            "id": crawl + 1,
            "owner_id": OWNER,
            "run_id": run + 1,
            "position": position,
            "marketplace": MARKETPLACES[position],
            "spider": "search",
            "queries": [f"lamp {run % MONITORS + 1}"],
            "limits": asdict(CrawlLimits()),
            "state": CrawlState.FINISHED,
            "not_before": began,
            "attempt": 1,
            "claimed_by": "worker",
            "started_at": began,
            "finished_at": began + timedelta(minutes=30),
            "reason": reason,
            "detail": "the site asked for a captcha" if reason is FinishReason.BLOCKED else None,
            "counters": asdict(CrawlCounters(requests=60, pages=50, seen=seen, new=seen, images=seen)),
            "quality": {**asdict(quality), "missed": []},
        }


# ------------------------------------------------------------------------------------------------ market side


def _images(filling: Filling, files: list[str]) -> Iterator[Row]:
    for number in range(filling.pictures):
        sha256, there = _picture(files, number), number < FILES
        yield {"sha256": sha256, "size": 60_000, "stored_at": _START, "deleted_at": None if there else _NOW}


def _fingerprints(filling: Filling, files: list[str]) -> Iterator[Row]:
    """Those of the pictures that are there, and of all others some that are like nothing."""
    dice = random.Random(10)
    for number, data in enumerate(pictures()):
        yield _fingerprint(fingerprint(data, files[number]))
    for number in range(FILES, filling.pictures):
        made = Fingerprint(
            image_sha256=_picture(files, number),
            version=FINGERPRINT_VERSION,
            width=800,
            height=800,
            phash=dice.randbytes(8),
            dct256=dice.randbytes(32),
            box256=dice.randbytes(32),
            informative=True,
        )
        yield _fingerprint(made)


def _fingerprint(made: Fingerprint) -> Row:
    return {**asdict(made), "phash": made.phash.hex()}


def _picture(files: list[str], number: int) -> str:
    return files[number] if number < FILES else f"{number:064x}"


def _sellers() -> Iterator[Row]:
    for number in range(1, SELLERS + 1):
        market = MARKETPLACES[number % len(MARKETPLACES)]
        yield {
            "id": number,
            "marketplace": market,
            "seller_key": f"s{number}",
            "name": f"Seller {number}",
            "url": f"https://{market}.example/seller/{number}",
            "first_seen_at": _START,
            "last_seen_at": _NOW,
        }


def _marketplace_of(listing: int) -> int:
    return listing % len(MARKETPLACES)


def seller_of(listing: int) -> int:
    """Few sellers have many listings, most have few; each on its own marketplace."""
    drawn = int(SELLERS / len(MARKETPLACES) * _chance(listing, "seller") ** 3)
    return drawn * len(MARKETPLACES) + (_marketplace_of(listing) or len(MARKETPLACES))


def _crawl_of(filling: Filling, listing: int) -> int:
    """The crawl that saw a listing first: of its marketplace, the earlier the lower the listing's number."""
    run = listing * RUNS // (filling.listings + 1)
    return run * len(MARKETPLACES) + _marketplace_of(listing) + 1


def _seen_at(filling: Filling, listing: int) -> datetime:
    return _run_began(listing * RUNS // (filling.listings + 1)) + timedelta(minutes=5, microseconds=listing)


def _listings(filling: Filling) -> Iterator[Row]:
    for listing in range(1, filling.listings + 1):
        market = MARKETPLACES[_marketplace_of(listing)]
        yield {
            "id": listing,
            "marketplace": market,
            "listing_key": str(10_000_000 + listing),
            "url": f"https://{market}.example/listing/{10_000_000 + listing}",
            "seller_id": seller_of(listing),
            "latest_number": 1,
            "first_seen_at": _seen_at(filling, listing),
            "last_seen_at": _seen_at(filling, listing) + timedelta(days=1),
        }


def _listing_versions(filling: Filling) -> Iterator[Row]:
    dice, words = random.Random(7), filling.words
    for listing in range(1, filling.listings + 1):
        chinese = dice.random() < 0.2
        parting = "" if chinese else " "
        yield {
            "id": listing,
            "listing_id": listing,
            "number": 1,
            "facts_sha256": f"{listing:064x}",
            "url": f"https://{MARKETPLACES[_marketplace_of(listing)]}.example/listing/{10_000_000 + listing}",
            "title": parting.join(words.pick(dice, chinese=chinese) for _ in range(8)),
            "description": parting.join(words.pick(dice, chinese=chinese) for _ in range(25)),
            "price": Decimal(dice.randrange(100, 30_000)) / 100,
            "currency": dice.choice(("EUR", "USD", "CNY")),
            "seller_id": seller_of(listing),
            "ships_from": "CN",
            "attributes": {},
            "body_sha256": f"{listing:064x}",
            "body_deleted_at": _NOW,
            "crawl_id": _crawl_of(filling, listing),
            "captured_at": _seen_at(filling, listing),
        }


def _picture_of(filling: Filling, listing: int) -> int:
    """A third of the suspects show a picture that many show; all other pictures are shown by few."""
    drawn, copied = _chance(listing, "picture"), _chance(listing, "copied") < 0.3
    if copied and listing % filling.step == 0:
        return int(FILES * drawn)
    return FILES + int((filling.pictures - FILES) * drawn)


def _listing_images(filling: Filling, files: list[str]) -> Iterator[Row]:
    for listing in range(1, filling.listings + 1):
        yield {
            "listing_version_id": listing,
            "position": 0,
            "url": f"https://pictures.example/{listing}.jpg",
            "image_sha256": _picture(files, _picture_of(filling, listing)),
        }


def _sightings(filling: Filling) -> Iterator[Row]:
    for listing in range(1, filling.listings + 1):
        first = _crawl_of(filling, listing)
        again = first + MONITORS * len(MARKETPLACES)
        for days, crawl in enumerate((first, again)):
            if crawl <= RUNS * len(MARKETPLACES):
                yield {
                    "owner_id": OWNER,
                    "crawl_id": crawl,
                    "listing_id": listing,
                    "listing_version_id": listing,
                    "query": "lamp",
                    "rank": 1,
                    "seen_at": _seen_at(filling, listing) + timedelta(days=days),
                }


# -------------------------------------------------------------------------------------------------- judgement


def _inspections(filling: Filling) -> Iterator[Row]:
    for listing in range(1, filling.listings + 1):
        yield {
            "owner_id": OWNER,
            "listing_id": listing,
            "listing_version_id": listing,
            "state": "done",
            "attempt": 1,
            "judge_version": "m3",
            "created_at": _seen_at(filling, listing),
        }


def _verdict_of(suspect: int) -> VerdictKind | None:
    return _VERDICTS[int(len(_VERDICTS) * _chance(suspect, "verdict"))]


def _score_of(suspect: int) -> float:
    return round(0.5 + 0.5 * _chance(suspect, "score"), 4)


def _suspects(filling: Filling) -> Iterator[Row]:
    for suspect in range(1, filling.suspects + 1):
        listing, verdict = suspect * filling.step, _verdict_of(suspect)
        yield {
            "id": suspect,
            "owner_id": OWNER,
            "listing_id": listing,
            "listing_version_id": listing,
            "score": _score_of(suspect),
            "state": SuspectState.OPEN,
            "verdict": verdict,
            "verdict_version_id": listing if verdict else None,
            "assessed_sha256": f"{suspect:064x}",
            "revision": 2 if verdict else 1,
            "first_suspected_at": _seen_at(filling, listing),
            "updated_at": _seen_at(filling, listing),
        }


def _assessments(filling: Filling, files: list[str]) -> Iterator[Row]:
    dice = random.Random(8)
    for suspect in range(1, filling.suspects + 1):
        listing = suspect * filling.step
        product = int(PRODUCTS * dice.random() ** 2) + 1
        match = Match(
            image_sha256=_picture(files, _picture_of(filling, listing)),
            reference_image_id=(product - 1) * REFERENCES + 1,
            product_id=product,
            score=0.9,
            stage="features",
            transform=_AS_IT_IS,
            agreement=0.8,
        )
        reasons = (
            Reason(
                kind=ReasonKind.IMAGE_COPY, weight=0.75, text="a picture is a copy of yours", evidence={"score": 0.9}
            ),
            Reason(kind=ReasonKind.BRAND_NAMED, weight=0.2, text="the title names the brand"),
        )
        yield {
            "owner_id": OWNER,
            "suspect_id": suspect,
            "listing_version_id": listing,
            "product_id": product,
            "judge_version": "m3",
            "score": _score_of(suspect),
            "reasons": [asdict(reason) for reason in reasons],
            "matches": [asdict(match)],
            "assessed_at": _seen_at(filling, listing),
        }


def _verdicts(filling: Filling) -> Iterator[Row]:
    for suspect in range(1, filling.suspects + 1):
        verdict = _verdict_of(suspect)
        if verdict is not None:
            yield {
                "owner_id": OWNER,
                "suspect_id": suspect,
                "listing_version_id": suspect * filling.step,
                "kind": verdict,
                "decided_by": "ann",
                "decided_at": _seen_at(filling, suspect * filling.step) + timedelta(hours=2),
            }


def _captures(filling: Filling) -> Iterator[Row]:
    for suspect in range(1, filling.suspects + 1):
        asked = _seen_at(filling, suspect * filling.step)
        yield {
            "id": suspect,
            "owner_id": OWNER,
            "suspect_id": suspect,
            "listing_version_id": suspect * filling.step,
            "state": CaptureState.DONE,
            "attempts": 1,
            "not_before": asked,
            "requested_at": asked,
            "captured_at": asked + timedelta(minutes=1),
            "means": CaptureMeans.PLAIN,
            "status": 200,
        }


def _capture_files(filling: Filling) -> Iterator[Row]:
    for suspect in range(1, filling.suspects + 1):
        yield {
            "owner_id": OWNER,
            "capture_id": suspect,
            "role": CaptureRole.PAGE,
            "sha256": f"{suspect:064x}",
            "size": 50_000,
            "media_type": "text/html",
            "deleted_at": _NOW,
        }


@contextmanager
def named_folder(named: Path | None) -> Iterator[Path]:
    """The folder, made where it is missing; without one a folder that is deleted afterwards."""
    if named is not None:
        named.mkdir(parents=True, exist_ok=True)
        yield named
        return
    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-") as folder:
        yield Path(folder)
