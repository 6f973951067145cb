"""What the index holds of a suspect: all that a page of suspects shows, and nothing that the database has not."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal

from counterfoil.models import Reason, SuspectState, Triage, VerdictKind

# Scores are compared and shown with this many decimals, by every index alike.
SCORE_DECIMALS = 4

# A listing page can be 20 MB long. What comes after this is kept in the database and shown, but not searched.
_LONGEST_TITLE = 2_000
_LONGEST_TEXT = 50_000
_LARGEST = 2**63 - 1

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectSeller:
    """Who sells it: `key` is the marketplace's own id of the seller."""

    key: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectProduct:
    """A product that the listing seems to imitate, with the score of that assessment."""

    id: int
    name: str
    brand_id: int
    brand_name: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectImage:
    """The picture that speaks for the suspect: the one that matched best, else the first."""

    url: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectDocument:
    """A suspect as it is found and shown; `revision` orders what the index hears about the same suspect.

    `products` are best first, `reasons` those of the best assessment; both are empty once it is withdrawn. `score` has
    `SCORE_DECIMALS` decimals. `price` has at most six.
    """

    id: int
    owner_id: int
    revision: int
    listing_id: int
    marketplace: str
    listing_key: str
    url: str
    title: str
    description: str | None = None
    price: Decimal | None = None
    currency: str | None = None
    seller: SuspectSeller | None = None
    products: tuple[SuspectProduct, ...] = ()
    score: float
    reasons: tuple[Reason, ...] = ()
    image: SuspectImage | None = None
    verdict: VerdictKind | None = None
    triage: Triage = Triage.UNDECIDED
    snoozed_until: datetime | None = None
    state: SuspectState = SuspectState.OPEN
    first_seen_at: datetime
    last_seen_at: datetime
    first_suspected_at: datetime
    updated_at: datetime


def searched_texts(document: SuspectDocument) -> tuple[str, tuple[str, ...]]:
    """(title, the other texts) in which words are looked for; a phrase never reaches from one text into the next."""
    names = [name for product in document.products for name in (product.name, product.brand_name)]
    others = [document.seller.name if document.seller else None, *dict.fromkeys(names), document.description]
    return document.title[:_LONGEST_TITLE], tuple(text[:_LONGEST_TEXT] for text in others if text)


def millionths(amount: Decimal, rounding: str = ROUND_FLOOR) -> int:
    """An amount as every index compares it: a whole number of millionths, cut to 64 bits."""
    whole = (amount * 1_000_000).to_integral_value(rounding)
    return max(-_LARGEST, min(int(whole), _LARGEST - 1))


def microseconds(moment: datetime) -> int:
    """A time as every index compares it: microseconds since 1970, exactly."""
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def seller_value(marketplace: str, key: str) -> str:
    """How a seller is named across marketplaces: in facets, and as a filter (which also takes the key alone)."""
    return f"{marketplace}/{key}"


def problem_with(document: SuspectDocument) -> str | None:
    """Why no index can hold this document, or None."""
    if not 0 <= document.score <= 1:
        return f"its score {document.score} is not within 0..1"
    if min(document.id, document.owner_id) < 1 or document.revision < 0:
        return f"its id {document.id}, owner {document.owner_id} or revision {document.revision} is no such number"
    if document.price is not None and not document.price.is_finite():
        return f"its price {document.price} is no amount"
    return _problem_with_text(document)


def _problem_with_text(document: SuspectDocument) -> str | None:
    seller = (document.seller.key, document.seller.name) if document.seller else ()
    for text in (document.title, document.description, document.url, document.listing_key, *seller):
        try:
            (text or "").encode()
        except UnicodeEncodeError as error:
            return f"a text of it cannot be written as UTF-8: {error.reason}"
    return None
