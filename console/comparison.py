"""Which of a listing's pictures is held against which reference image, and what the match of the two says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from console.suspect_view import SuspectView
from counterfoil.models import Match, ReferenceImage
from counterfoil.store.products import list_reference_images, reference_image_sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two pictures side by side, of those that there are; without `match` nothing says that they show the same.

    `pictures` are the listing's that are stored, `references` the product's. `matched` says for each product that a
    picture matches which two pictures match best.
    """

    product_id: int | None
    picture: str | None
    reference: str | None
    match: Match | None
    pictures: tuple[str, ...]
    references: tuple[ReferenceImage, ...]
    matched: Mapping[int, tuple[str, str]]


def compare(
    connection: sa.Connection,
    owner_id: int,
    view: SuspectView,
    picture: str | None = None,
    reference: str | None = None,
) -> Comparison:
    """The pictures that were asked for by their SHA-256; else those of the best match with the likeliest product.

    That may be likely for its name and price alone: then its first picture stands there, and no other product's.
    """
    matches = [match for assessment in view.assessments for match in assessment.matches]
    shas = {one: reference_image_sha256(connection, owner_id, one) for one in {m.reference_image_id for m in matches}}
    pictures = tuple(dict.fromkeys(image.sha256 for image in view.version.facts.images if image.sha256))
    asked_picture = picture if picture in pictures else None
    likeliest = next((one.product_id for one in view.assessments), None)
    own = [match for match in matches if match.product_id == likeliest]
    fitting = [
        match
        for match in (matches if asked_picture or reference else own)
        if asked_picture in (None, match.image_sha256) and reference in (None, shas[match.reference_image_id])
    ]
    match = _best([one for one in fitting if one in own]) or _best(fitting)
    leading = match or _best(own)
    product_id = leading.product_id if leading else likeliest
    references = tuple(list_reference_images(connection, owner_id, product_id)) if product_id else ()
    known = {*(one.image_sha256 for one in references), *shas.values()}
    shown = reference if reference in known else shas[leading.reference_image_id] if leading else None
    return Comparison(
        product_id=product_id,
        picture=asked_picture or (leading.image_sha256 if leading else next(iter(pictures), None)),
        reference=shown or next((one.image_sha256 for one in references), None),
        match=match if match and shown == shas[match.reference_image_id] else None,
        pictures=pictures,
        references=references,
        matched={
            one.product_id: (best.image_sha256, matched)
            for one in view.assessments
            if (best := _best(one.matches)) and (matched := shas[best.reference_image_id])
        },
    )


def _best(matches: Iterable[Match]) -> Match | None:
    return max(matches, key=lambda match: match.score, default=None)
