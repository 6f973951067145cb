"""A suspect with everything that it takes, over a real database and evidence store."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import sqlalchemy as sa
from PIL import Image

from console.drafts.entries import DraftEntry, DraftPicture, as_json
from console.product_entries import Entry
from console.session import Session
from counterfoil.clock import now
from counterfoil.models import (
    Assessment,
    CaptureFile,
    CaptureMeans,
    CaptureRole,
    CrawlLimits,
    ListingFacts,
    ListingImage,
    Match,
    Reason,
    ReasonKind,
    RightKind,
    RunKind,
    RunTrigger,
    Schedule,
    ScheduleKind,
    Score,
    SellerFacts,
    Sighting,
    Transform,
    VerdictKind,
)
from counterfoil.store.brands import add_brand, create_right, list_brands
from counterfoil.store.captures import Captured, record_capture
from counterfoil.store.crawls import claim_crawl
from counterfoil.store.drafts import DraftKind, DraftState, add_draft, end_step
from counterfoil.store.images import add_image
from counterfoil.store.listings import record_listing
from counterfoil.store.monitors import MonitorEntry, add_monitor
from counterfoil.store.products import (
    ProductEntry,
    add_product,
    add_reference_image,
    list_products,
    list_reference_images,
)
from counterfoil.store.runs import PlannedCrawl, add_run
from counterfoil.store.sellers import authorise_seller, find_authorised_seller
from counterfoil.store.suspects import get_suspect, record_assessments
from counterfoil.store.verdict_batches import add_verdict_batch, undo_verdict_batch
from examples.marketplace.__main__ import FOLDER

PAGE = b"<html>the page as it was captured</html>"
BODY = b"<html>the page as it came</html>"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


def png(image: Image.Image) -> bytes:
    """A picture's bytes."""
    file = BytesIO()
    image.convert("RGB").save(file, "PNG")
    return file.getvalue()


SELLER = SellerFacts(key="s-1", name="Bob's bags")


def add_suspect(
    session: Session,
    title: str,
    key: str = "L1",
    picture: bytes = PNG,
    *,
    more_pictures: tuple[bytes, ...] = (),
    seller: SellerFacts = SELLER,
    price: str = "48.90",
    matches: Callable[[sa.Connection, int, str], tuple[Match, ...]] | None = None,
) -> int:
    """A suspect's id: its owner's product, monitor, run, crawl, listing, pictures and assessment are made with it.

    The same key again is a later crawl, which sees the listing as it is then. `matches` is given the product's id and
    the listing's first picture.
    """
    moment = now()
    owner = session.owner
    sha256s = [session.evidence.put_image(one) for one in (picture, *more_pictures)]
    with session.store.write() as connection:
        brand = add_brand(connection, owner.id, "Acme", (), moment)
        product = add_product(connection, owner.id, ProductEntry(brand_id=brand.id, name="Lamp"), moment)
        entry = MonitorEntry(
            name=f"monitor of {key} {moment:%f}",
            schedule=Schedule(kind=ScheduleKind.INTERVAL, expression="1d"),
            product_ids=(product.id,),
            marketplaces=("example",),
        )
        monitor = add_monitor(connection, owner.id, entry, next_nominal_at=moment, next_due_at=moment, now=moment)
        planned = PlannedCrawl(marketplace="example", spider="search", queries=("lamp",), limits=CrawlLimits())
        add_run(
            connection,
            owner_id=owner.id,
            monitor_id=monitor.id,
            kind=RunKind.SEARCH,
            trigger=RunTrigger.MANUAL,
            nominal_at=moment,
            late=False,
            planned=[planned],
            now=moment,
        )
        crawl = claim_crawl(connection, "test", timedelta(seconds=60), {"example": 99}, moment)
        assert crawl is not None
        for sha256 in sha256s:
            add_image(connection, sha256, len(PNG), moment)
        matched = matches(connection, product.id, sha256s[0]) if matches else ()
        recorded = record_listing(
            connection,
            crawl_id=crawl.id,
            marketplace="example",
            key=key,
            facts=ListingFacts(
                url=f"http://shop.example/{key}",
                title=title,
                price=Decimal(price),
                currency="EUR",
                ships_from="DE",
                seller=seller,
                images=tuple(
                    ListingImage(url=f"http://shop.example/{number}.png", sha256=sha256)
                    for number, sha256 in enumerate(sha256s, start=1)
                ),
            ),
            body_sha256=session.evidence.put_body(BODY),
            captured_at=moment,
            sighting=Sighting(query="lamp", rank=1, seen_at=moment),
        )
        reason = Reason(kind=ReasonKind.IMAGE_COPY, weight=0.8, text="it looks copied")
        suspect_id = record_assessments(
            connection,
            owner_id=owner.id,
            listing_version_id=recorded.listing_version_id,
            made=[
                Assessment(
                    product_id=product.id,
                    judge_version="t",
                    score=Score(value=0.8, reasons=(reason,)),
                    matches=matched,
                )
            ],
            product_ids=None,
            threshold=0.5,
            now=moment,
        )
    assert suspect_id is not None
    return suspect_id


def copied(session: Session) -> Callable[[sa.Connection, int, str], tuple[Match, ...]]:
    """For `add_suspect`: the listing's first picture becomes a reference of the product, and matches itself."""

    def matches(connection: sa.Connection, product_id: int, picture: str) -> tuple[Match, ...]:
        add_reference_image(connection, session.owner.id, product_id, picture, "ours.png", now())
        found = list_reference_images(connection, session.owner.id, product_id)
        reference = next(one for one in found if one.image_sha256 == picture)
        corners = ((0.0, 0.0), (320.0, 0.0), (320.0, 240.0), (0.0, 240.0))
        transform = Transform(mirrored=False, rotation=0.0, scale=1.0, quadrangle=corners)
        return (
            Match(
                image_sha256=picture,
                reference_image_id=reference.id,
                product_id=product_id,
                score=0.9,
                stage="verified",
                transform=transform,
                agreement=0.97,
            ),
        )

    return matches


def add_registry(session: Session, picture: bytes = PNG) -> dict[str, str]:
    """One of all that an owner registers besides the suspect's brand and product: ids by the path's parameter."""
    owner_id, sha256 = session.owner.id, session.evidence.put_image(picture)
    with session.store.write() as connection:
        (brand,) = list_brands(connection, owner_id)
        (product,) = list_products(connection, owner_id)
        right = create_right(
            connection,
            owner_id,
            brand.id,
            kind=RightKind.TRADEMARK,
            number="018999999",
            jurisdiction="EU",
            classes=(25,),
            now=now(),
        )
        add_image(connection, sha256, len(picture), now())
        add_reference_image(connection, owner_id, product.id, sha256, "ours.png", now())
        draft = add_draft(
            connection,
            owner_id,
            kind=DraftKind.PRODUCTS,
            source="http://shop.example/canary",
            brand=None,
            created_by="ann",
            now=now(),
        )
        read = DraftEntry(
            place="http://shop.example/canary",
            name="Canary wharf lamp",
            entry=Entry(place="http://shop.example/canary", name="Canary wharf lamp"),
            pictures=(DraftPicture(source="http://shop.example/canary.png", sha256=sha256),),
        )
        end_step(connection, draft, DraftState.READY, as_json([read]))
        sellers = add_draft(
            connection,
            owner_id,
            kind=DraftKind.SELLERS,
            source="canary.csv",
            brand=None,
            created_by="ann",
            now=now(),
        )
        end_step(connection, sellers, DraftState.READY, [])
        page = session.evidence.put_capture(PAGE)
        files = (CaptureFile(role=CaptureRole.PAGE, sha256=page, size=len(PAGE), media_type="text/html"),)
        done = Captured(
            means=CaptureMeans.PLAIN, status=200, final_url="http://shop.example/L1", captured_at=now(), files=files
        )
        assert record_capture(connection, 1, done)
        (image,) = list_reference_images(connection, owner_id, product.id)
        authorise_seller(connection, owner_id, "example", "trusted", "Trusted shop", now())
        authorised = find_authorised_seller(connection, owner_id, "example", "trusted")
    return {
        "brand_id": str(brand.id),
        "product_id": str(product.id),
        "right_id": str(right.id),
        "image_id": str(image.id),
        "authorised_id": str(authorised.id),
        "capture_id": "1",
        "draft_id": str(draft.id),
        "seller_draft_id": str(sellers.id),
        "pictures/{sha256}": sha256,
        "edit": "mirror",
        "role": "page",
    }


def add_batch(session: Session, *suspect_ids: int) -> str:
    """The id of a verdict about many that was given, and taken back."""
    batch = "b" * 32
    with session.store.write() as connection:
        owner_id, moment = session.owner.id, now()
        revisions = {one: get_suspect(connection, owner_id, one).revision for one in suspect_ids}
        kind = VerdictKind.UNSURE
        add_verdict_batch(connection, owner_id, batch, revisions, kind, note=None, decided_by="ann", now=moment)
        undo_verdict_batch(connection, owner_id, batch, moment)
    return batch


def declare_marketplace(session: Session) -> None:
    """Declare the marketplace `example`, as an operator would."""
    folder = session.settings.marketplaces_folder / "example"
    folder.mkdir(parents=True)
    (folder / "marketplace.yaml").write_text((FOLDER / "marketplace.yaml").read_text(encoding="utf-8"))
