"""Reads suspects from the database as the documents that an index holds."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from counterfoil.models import Assessment, Brand, Listing, ListingFacts, ListingVersion, Product, Suspect
from counterfoil.store.brands import get_brands
from counterfoil.store.listings import get_listings, get_versions
from counterfoil.store.products import get_products
from counterfoil.store.suspects import get_assessments, get_suspects
from indexer.document import SCORE_DECIMALS, SuspectDocument, SuspectImage, SuspectProduct, SuspectSeller


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sources:
    """All that the documents of one batch are made from, each table read once."""

    versions: Mapping[int, ListingVersion]
    listings: Mapping[int, Listing]
    assessments: Mapping[int, Sequence[Assessment]]
    products: Mapping[int, Product]
    brands: Mapping[int, Brand]


def load_documents(connection: sa.Connection, suspect_ids: Collection[int]) -> list[SuspectDocument]:
    """The documents of these suspects as they are now, of any owner, by id; of those only that exist.

    Hand in some hundred ids at a time: each table is read once for all of them.
    """
    suspects = get_suspects(connection, suspect_ids)
    assessments = get_assessments(connection, [suspect.id for suspect in suspects])
    judged = {assessment.product_id for made in assessments.values() for assessment in made}
    products = get_products(connection, judged)
    sources = _Sources(
        versions=get_versions(connection, {suspect.listing_version_id for suspect in suspects}),
        listings=get_listings(connection, {suspect.listing_id for suspect in suspects}),
        assessments=assessments,
        products=products,
        brands=get_brands(connection, {product.brand_id for product in products.values()}),
    )
    return [_document(suspect, sources) for suspect in sorted(suspects, key=lambda suspect: suspect.id)]


def _document(suspect: Suspect, sources: _Sources) -> SuspectDocument:
    facts = sources.versions[suspect.listing_version_id].facts
    listing = sources.listings[suspect.listing_id]
    made = sources.assessments[suspect.id]
    return SuspectDocument(
        id=suspect.id,
        owner_id=suspect.owner_id,
        revision=suspect.revision,
        listing_id=listing.id,
        marketplace=listing.marketplace,
        listing_key=listing.listing_key,
        url=facts.url,
        title=facts.title,
        description=facts.description,
        price=facts.price,
        currency=facts.currency,
        seller=SuspectSeller(key=facts.seller.key, name=facts.seller.name) if facts.seller else None,
        products=tuple(_product(assessment, sources) for assessment in made),
        score=round(suspect.score, SCORE_DECIMALS),
        reasons=made[0].score.reasons if made else (),
        image=_image(facts, made),
        verdict=suspect.verdict,
        triage=suspect.triage,
        snoozed_until=suspect.snoozed_until,
        state=suspect.state,
        first_seen_at=listing.first_seen_at,
        last_seen_at=listing.last_seen_at,
        first_suspected_at=suspect.first_suspected_at,
        updated_at=suspect.updated_at,
    )


def _product(assessment: Assessment, sources: _Sources) -> SuspectProduct:
    product = sources.products[assessment.product_id]
    return SuspectProduct(
        id=product.id,
        name=product.name,
        brand_id=product.brand_id,
        brand_name=sources.brands[product.brand_id].name,
        score=round(assessment.score.value, SCORE_DECIMALS),
    )


def _image(facts: ListingFacts, made: Sequence[Assessment]) -> SuspectImage | None:
    matches = [match for assessment in made for match in assessment.matches]
    best = max(matches, key=lambda match: match.score).image_sha256 if matches else None
    matched = [image for image in facts.images if best and image.sha256 == best]
    stored = [image for image in facts.images if image.sha256]
    shown = next(iter((*matched, *stored, *facts.images)), None)
    return SuspectImage(url=shown.url, sha256=shown.sha256) if shown else None
