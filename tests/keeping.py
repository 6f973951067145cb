"""Listings with pictures and bodies of any age, for the tests of retention."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from rows import FACTS, claimed, new_product
from test_store_suspects import assessment

from counterfoil.evidence import EvidenceStore, Kind
from counterfoil.models import Fingerprint, FinishReason, ListingImage, Sighting, VerdictKind
from counterfoil.retention import Report, Sweep
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.crawls import close_crawl
from counterfoil.store.images import add_fingerprints, add_image
from counterfoil.store.listings import record_listing
from counterfoil.store.owners import add_owner
from counterfoil.store.suspects import add_verdict, record_assessments
from counterfoil.store.tables import images, inspections, listing_versions
from counterfoil.verification import Difference, Verification

# Two days on: what the tests have just written is older than the grace time then.
TODAY = datetime.now(UTC) + timedelta(days=2)


def days_ago(days: float) -> datetime:
    return TODAY - timedelta(days=days)


@dataclass
class Archive:
    """An installation with evidence in it."""

    store: Store
    evidence: EvidenceStore
    settings: Settings
    numbers: itertools.count = field(default_factory=itertools.count)
    products: dict[int, int] = field(default_factory=dict)

    def owner(self, name: str = "acme") -> int:
        with self.store.write() as connection:
            return add_owner(connection, name, days_ago(900)).id

    def picture(self, data: bytes | None = None, *, days: float = 900) -> str:
        """A stored picture with its row and its fingerprint, as old as said."""
        data = data or f"picture {next(self.numbers)}".encode()
        sha256 = self.evidence.put_image(data)
        made = Fingerprint(
            image_sha256=sha256,
            version="f1",
            width=9,
            height=9,
            phash=b"p" * 8,
            dct256=b"d" * 32,
            box256=b"d" * 32,
            informative=True,
        )
        with self.store.write() as connection:
            add_image(connection, sha256, len(data), days_ago(days))
            add_fingerprints(connection, [made])
        return sha256

    def listing(
        self,
        *pictures: str,
        days: float,
        owner: int | None = None,
        key: str = "",
        body: bytes = b"",
        judged: bool = True,
    ) -> int:
        """A listing that was last seen so many days ago; the id of its version."""
        number = next(self.numbers)
        crawl = claimed(self.store, owner or self.owner(), f"monitor {number}")
        page = self.evidence.put_body(body or f"<html>{number}".encode())
        shown = tuple(ListingImage(url=f"https://m.example/{sha256}", sha256=sha256) for sha256 in pictures)
        with self.store.write() as connection:
            made = record_listing(
                connection,
                crawl_id=crawl.id,
                marketplace="market",
                key=key or f"listing {number}",
                facts=type(FACTS)(url=FACTS.url, title=f"Bag {number}", images=shown),
                body_sha256=page,
                captured_at=days_ago(days),
                sighting=Sighting(query="bag", rank=1, seen_at=days_ago(days)),
            )
            close_crawl(connection, crawl.id, crawl.attempt, FinishReason.FINISHED, now=days_ago(days))
            if judged:
                mine = inspections.c.listing_version_id == made.listing_version_id
                connection.execute(inspections.update().where(mine).values(state="done"))
        return made.listing_version_id

    def suspect(
        self,
        version_id: int,
        *,
        days: float,
        owner: int | None = None,
        verdicts: tuple[VerdictKind, ...] = (),
        withdrawn: bool = False,
    ) -> int:
        """A suspect of that listing, last changed so many days ago."""
        owner = owner or self.owner()
        if owner not in self.products:
            self.products[owner] = new_product(self.store, owner)
        moment = days_ago(days)
        with self.store.write() as connection:
            for score in (0.9, 0.1) if withdrawn else (0.9,):
                suspect_id = record_assessments(
                    connection,
                    owner_id=owner,
                    listing_version_id=version_id,
                    made=[assessment(self.products[owner], score)],
                    product_ids=None,
                    threshold=0.5,
                    now=moment,
                )
            assert suspect_id is not None
            for kind in verdicts:
                add_verdict(connection, owner, suspect_id, kind, note=None, decided_by="tests", now=moment)
        return suspect_id

    def sweep(self, *, dry: bool = False, now: datetime = TODAY, **settings: int) -> Report:
        """Sweep with the settings given in place of the defaults."""
        chosen = self.settings.model_copy(update=settings)
        return Sweep(self.store, self.evidence, chosen, now=now, dry=dry).run()

    def differences(self, now: datetime = TODAY) -> list[Difference]:
        """What a verification finds."""
        return list(Verification(self.store, self.evidence, now).run())

    def there(self, sha256: str) -> bool:
        """Whether a picture is there; its row must say the same."""
        with self.store.read() as connection:
            deleted = connection.scalar(sa.select(images.c.deleted_at).where(images.c.sha256 == sha256))
        assert self.evidence.has_image(sha256) == (deleted is None)
        return deleted is None

    def body(self, version_id: int) -> tuple[str, datetime | None]:
        """A version's body, and when it was deleted."""
        columns = listing_versions.c
        with self.store.read() as connection:
            mine = sa.select(columns.body_sha256, columns.body_deleted_at).where(columns.id == version_id)
            row = connection.execute(mine).one()
        return row.body_sha256, row.body_deleted_at

    def body_there(self, version_id: int) -> bool:
        """Whether a version's body is there; its row must say the same."""
        sha256, deleted = self.body(version_id)
        assert (self.evidence.find(Kind.BODY, sha256) is not None) == (deleted is None)
        return deleted is None
