"""A suspect with all that a person needs to decide about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from console.suspect_history import changes_since_verdict
from counterfoil.changes import FieldChange
from counterfoil.models import Absence, Assessment, Capture, Listing, ListingVersion, Suspect, Verdict
from counterfoil.store.absences import get_absence
from counterfoil.store.captures import list_captures
from counterfoil.store.listings import get_listing, get_versions
from counterfoil.store.products import get_products
from counterfoil.store.suspects import get_assessments, get_suspect, list_verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectView:
    """A suspect, its listing and present version, its assessments (best first), verdicts (oldest first) and captures
    (newest first); and what the listing says otherwise than the version that the last verdict was about.
    """

    suspect: Suspect
    listing: Listing
    version: ListingVersion
    assessments: tuple[Assessment, ...]
    verdicts: tuple[Verdict, ...]
    product_names: Mapping[int, str]
    captures: tuple[Capture, ...] = ()
    absence: Absence | None = None
    changes: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceOf:
    """A stored file that a suspect rests on, and where its bytes are to be had."""

    kind: str
    sha256: str
    path: str
    source: str
    listing_version_id: int
    captured_at: datetime
    deleted_at: datetime | None


def evidence_of(view: SuspectView) -> Iterator[EvidenceOf]:
    """The response that the suspect's present version was read from, its pictures, and its captured pages."""
    version = view.version
    origin: dict[str, Any] = {"listing_version_id": version.id, "captured_at": version.captured_at}
    if version.body_sha256 is not None:
        yield EvidenceOf(
            kind="body",
            sha256=version.body_sha256,
            path=f"/api/v1/bodies/{version.body_sha256}",
            source=version.facts.url,
            deleted_at=version.body_deleted_at,
            **origin,
        )
    for image in version.facts.images:
        if image.sha256 is not None:
            yield EvidenceOf(
                kind="image",
                sha256=image.sha256,
                path=f"/api/v1/images/{image.sha256}",
                source=image.url,
                deleted_at=image.deleted_at,
                **origin,
            )
    for capture in view.captures:
        for file in capture.files:
            yield EvidenceOf(
                kind="capture",
                sha256=file.sha256,
                path=f"/api/v1/captures/{capture.id}/{file.role}",
                source=capture.final_url or capture.url,
                listing_version_id=capture.listing_version_id,
                captured_at=capture.captured_at or capture.requested_at,
                deleted_at=file.deleted_at,
            )


def view_suspect(connection: sa.Connection, owner_id: int, suspect_id: int) -> SuspectView:
    """The owner's suspect as a whole. Raises NotFound."""
    suspect = get_suspect(connection, owner_id, suspect_id)
    assessments = tuple(get_assessments(connection, [suspect_id])[suspect_id])
    verdicts = tuple(list_verdicts(connection, owner_id, suspect_id))
    products = get_products(connection, {one.product_id for one in assessments})
    return SuspectView(
        suspect=suspect,
        listing=get_listing(connection, suspect.listing_id),
        version=get_versions(connection, [suspect.listing_version_id])[suspect.listing_version_id],
        assessments=assessments,
        verdicts=verdicts,
        absence=get_absence(connection, suspect.listing_id),
        captures=tuple(list_captures(connection, owner_id, suspect_id)),
        product_names={product.id: product.name for product in products.values()},
        changes=changes_since_verdict(connection, suspect, verdicts),
    )
