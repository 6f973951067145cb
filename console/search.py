"""A person's search as the index is asked it: names become ids, and documents become what is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa

from console.session import Session
from console.translation import gettext as _
from console.translation import ngettext, worded
from counterfoil.exceptions import InvalidInput
from counterfoil.models import MatchDecision, ReasonKind, SuspectState, Triage
from counterfoil.store.brands import get_brand
from counterfoil.store.products import find_product
from counterfoil.store.run_findings import new_suspect_ids
from counterfoil.store.runs import get_run
from indexer.decoding import PictureDecoder
from indexer.document import SuspectDocument
from indexer.picture_search import FoundPicture, find_by_picture
from indexer.query import MOST_SUSPECT_IDS, TODO, SuspectPage, SuspectQuery

# By where they stand in the work of deciding; `todo` is all that waits for a person.
TRIAGES: Mapping[str, tuple[Triage, ...]] = {"todo": TODO, **{one.value: (one,) for one in Triage}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a person restricts a search by, in their words."""

    words: str = ""
    brand: str | None = None
    product: str | None = None
    marketplace: str | None = None
    seller: str | None = None
    verdict: str | None = None
    triage: str | None = None
    run: int | None = None
    min_score: float | None = None
    since: datetime | None = None
    until: datetime | None = None
    price: str | None = None
    currency: str | None = None
    withdrawn: bool = False


def make_query(session: Session, filters: Filters) -> SuspectQuery:
    """The query of the session's owner. Raises InvalidInput, NotFound for a brand, product or run not theirs."""
    owner_id = session.owner.id
    low, high = _price_range(filters.price)
    with session.read() as connection:
        brand = get_brand(connection, owner_id, filters.brand) if filters.brand else None
        product = find_product(connection, owner_id, filters.product) if filters.product else None
        found = new_suspects_of_run(connection, owner_id, filters.run) if filters.run else None
    return SuspectQuery(
        owner_id=owner_id,
        words=filters.words,
        brand_ids=(brand.id,) if brand else (),
        product_ids=(product.id,) if product else (),
        marketplaces=(filters.marketplace,) if filters.marketplace else (),
        sellers=(filters.seller,) if filters.seller else (),
        verdicts=(filters.verdict,) if filters.verdict else (),
        triage=_triage(filters.triage),
        suspect_ids=found,
        state=None if filters.withdrawn else SuspectState.OPEN,
        min_score=filters.min_score or 0.0,
        since=filters.since,
        until=filters.until,
        price_from=low,
        price_to=high,
        currency=filters.currency,
    )


def new_suspects_of_run(connection: sa.Connection, owner_id: int, run_id: int) -> tuple[int, ...]:
    """What a run of the owner's found that was not suspected before. Raises NotFound."""
    return tuple(new_suspect_ids(connection, get_run(connection, owner_id, run_id), MOST_SUSPECT_IDS))


def among(query: SuspectQuery, suspect_ids: Sequence[int]) -> SuspectQuery:
    """The same query restricted to these suspects as well."""
    both = suspect_ids if query.suspect_ids is None else sorted({*suspect_ids}.intersection(query.suspect_ids))
    return replace(query, suspect_ids=tuple(both))


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSearch:
    """What a search by picture found: the suspects that show one like it, and what a person should know about it.

    `pictures` are the crawled pictures that are like it, best first, those of unsuspicious listings too. A picture that
    is `too_plain` is not searched by.
    """

    suspect_ids: tuple[int, ...]
    pictures: tuple[FoundPicture, ...] = ()
    too_plain: bool = False

    @property
    def unsuspicious(self) -> int:
        """How many of the pictures stand in listings that are no suspects."""
        return sum(not one.suspect_ids for one in self.pictures)

    @property
    def gone(self) -> int:
        """How many are no longer stored, so that only their hashes speak for them."""
        return sum(one.decision is MatchDecision.UNVERIFIED for one in self.pictures)


def suspects_by_picture(session: Session, decoder: PictureDecoder, data: bytes) -> PictureSearch:
    """The owner's suspects that show a picture like this one. Raises UnreadablePicture."""
    sketch = decoder.sketch(data)
    if not sketch.fingerprint.informative:
        return PictureSearch(suspect_ids=(), too_plain=True)
    found = find_by_picture(
        session.store, session.evidence, decoder, session.installation.known_pictures, session.owner.id, sketch
    )
    suspect_ids = sorted({suspect_id for one in found for suspect_id in one.suspect_ids})
    return PictureSearch(suspect_ids=tuple(suspect_ids), pictures=tuple(found))


def remark_on(found: PictureSearch) -> str | None:
    """What a person should know about what a search by picture found."""
    if found.too_plain:
        return _("This picture is too plain to search by.")
    unsuspicious = ngettext(
        "%(number)d similar picture stands in listings that are no suspects.",
        "%(number)d similar pictures stand in listings that are no suspects.",
        found.unsuspicious,
    )
    gone = ngettext(
        "%(number)d similar picture is no longer stored: only its hash speaks for it (unverified).",
        "%(number)d similar pictures are no longer stored: only their hashes speak for them (unverified).",
        found.gone,
    )
    said = ((unsuspicious, found.unsuspicious), (gone, found.gone))
    return " ".join(words % {"number": number} for words, number in said if number) or None


def notice_of(page: SuspectPage) -> str | None:
    """What a person must know about an answer: that it comes from a stand-in, and why."""
    if page.away is None:
        return None
    return _("Answered by the embedded index, because: %(why)s") % {"why": worded(page.away)}


def summary(document: SuspectDocument) -> dict[str, Any]:
    """A found suspect for programs: JSON values."""
    return {
        "id": document.id,
        "listing": document.listing_key,
        "marketplace": document.marketplace,
        "url": document.url,
        "title": document.title,
        "price": None if document.price is None else format(document.price, "f"),
        "currency": document.currency,
        "seller": {"id": document.seller.key, "name": document.seller.name} if document.seller else None,
        "product": document.products[0].name if document.products else None,
        "products": [
            {"id": one.id, "name": one.name, "brand": one.brand_name, "score": one.score} for one in document.products
        ],
        "score": document.score,
        "reasons": [
            {"kind": one.kind, "weight": one.weight, "text": one.text, "evidence": dict(one.evidence)}
            for one in document.reasons
        ],
        "image": {"sha256": document.image.sha256, "url": document.image.url} if document.image else None,
        "image_distance": image_distance(document),
        "state": document.state,
        "verdict": document.verdict,
        "triage": document.triage,
        "snoozed_until": document.snoozed_until.isoformat() if document.snoozed_until else None,
        "first_suspected_at": document.first_suspected_at.isoformat(),
        "last_seen_at": document.last_seen_at.isoformat(),
    }


def image_distance(document: SuspectDocument) -> int | None:
    """In how many bits the listing's picture differs from the reference, where one was matched."""
    copies = [reason for reason in document.reasons if reason.kind is ReasonKind.IMAGE_COPY]
    return copies[0].evidence.get("distance") if copies else None


def _triage(said: str | None) -> tuple[Triage, ...]:
    if not said:
        return ()
    if said not in TRIAGES:
        raise InvalidInput(
            "There is no {said!r} to be searched for: it is one of {triages}.", said=said, triages=", ".join(TRIAGES)
        )
    return TRIAGES[said]


def _price_range(text: str | None) -> tuple[Decimal | None, Decimal | None]:
    if not text:
        return None, None
    low, _, high = text.partition("..")
    try:
        return (Decimal(low) if low else None), (Decimal(high) if high else None)
    except InvalidOperation as error:
        raise InvalidInput(
            "{text!r} is no price range: expected LOW..HIGH, such as 10..50 or ..50.", text=text
        ) from error
