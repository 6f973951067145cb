"""What is asked of the index, and what it answers: the words of every index alike."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from counterfoil.exceptions import IndexUnavailable, InvalidInput
from counterfoil.models import SuspectState, Triage, VerdictKind
from counterfoil.text import query_terms
from indexer.document import SuspectDocument

# Counted exactly up to here; beyond it is "10,000+", and facets are counted over this many of the suspects found.
EXACT_COUNT = 10_000
MOST_ON_A_PAGE = 200
MOST_FACET_VALUES = 100

# The verdict of a suspect that nobody has decided about.
UNJUDGED = "none"
# What waits for a person.
TODO = (Triage.UNDECIDED, Triage.CHANGED)

_LONGEST_WORDS = 500
_MOST_PHRASES = 30
_MOST_VALUES = 100
# From a search by picture: more look-alikes than this are one picture's noise.
MOST_SUSPECT_IDS = 10_000
_LARGEST_AMOUNT = Decimal(10**12)


class Sort(StrEnum):
    """In which order suspects are answered; equals by suspect id.

    `relevance`: those with all searched words in the title first, each half by score. (Not by word statistics: those
    move with every suspect that is added, so pages would lose and repeat suspects.) A suspect without a price comes
    last in both orders by price; amounts of different currencies are compared as numbers, so filter by currency.
    """

    SCORE = "score"
    NEWEST = "newest"
    OLDEST = "oldest"
    PRICE_LOW = "price_low"
    PRICE_HIGH = "price_high"
    RELEVANCE = "relevance"


class Facet(StrEnum):
    """What the suspects found can be counted by; a suspect counts once for each of its products and brands."""

    BRAND = "brand"
    PRODUCT = "product"
    MARKETPLACE = "marketplace"
    SELLER = "seller"
    VERDICT = "verdict"


class Interval(StrEnum):
    """Steps of time (UTC) to count suspects by, as they were first suspected. Weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectQuery:
    """A search in one owner's suspects. Different filters must all be met; of the values of one filter any.

    `words`: every word must be found in the title, the description, the seller's name or a product's or brand's name;
    characters have no special meaning. `sellers` takes `marketplace/key` (as facets show it) or the key alone.
    `verdicts` takes verdict kinds and `UNJUDGED`. `since` and `until` bound when it was first suspected (since <= t <
    until). Prices need a currency. `suspect_ids` restricts to these (from a search by picture, or of a run). `facets`
    names what to count by, `histogram` by which steps of time. Raises InvalidInput where a value cannot be meant.
    """

    owner_id: int
    words: str = ""
    brand_ids: tuple[int, ...] = ()
    product_ids: tuple[int, ...] = ()
    marketplaces: tuple[str, ...] = ()
    sellers: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    triage: tuple[Triage, ...] = ()
    state: SuspectState | None = SuspectState.OPEN
    min_score: float = 0.0
    since: datetime | None = None
    until: datetime | None = None
    currency: str | None = None
    price_from: Decimal | None = None
    price_to: Decimal | None = None
    suspect_ids: tuple[int, ...] | None = None
    sort: Sort = Sort.SCORE
    limit: int = 50
    cursor: str | None = None
    facets: tuple[Facet, ...] = ()
    histogram: Interval | None = None

    def __post_init__(self) -> None:
        _check_words(self.words)
        _check_verdicts(self.verdicts)
        _check_prices(self)
        _check_sizes(self)
        if any(moment is not None and moment.tzinfo is None for moment in (self.since, self.until)):
            raise InvalidInput("since and until need a time zone.")

    @property
    def phrases(self) -> tuple[tuple[str, ...], ...] | None:
        """The tokens to be found, each tuple adjacent; None when words were given and none of them can be found."""
        phrases = tuple(tuple(phrase) for phrase in query_terms(self.words) if phrase)
        return None if self.words.strip() and not phrases else phrases


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many suspects were found: exact, or at least this many."""

    value: int
    exact: bool = True

    def __str__(self) -> str:
        return f"{self.value:,}" if self.exact else f"{self.value:,}+"


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetCount:
    """How many of the suspects found have this value; `label` is what a person calls it."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetCounts:
    """The most frequent values of one facet, most frequent first; not exact when only a part was counted."""

    values: tuple[FacetCount, ...]
    exact: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How many of the suspects found were first suspected in each step of time: (its begin, count), oldest first.

    Steps without a suspect are left out. Not exact when only a part was counted.
    """

    steps: tuple[tuple[datetime, int], ...]
    exact: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectPage:
    """A page of suspects, how many there are in all, their facets, and how to ask for the next page.

    `away` is set where a stand-in answers: why the index itself does not.
    """

    suspects: tuple[SuspectDocument, ...]
    total: Count
    facets: dict[Facet, FacetCounts]
    histogram: Histogram | None = None
    next_cursor: str | None = None
    away: IndexUnavailable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectOrder:
    """The ids of the suspects on a page, in its order, and how to ask for the next page."""

    suspect_ids: tuple[int, ...] = ()
    next_cursor: str | None = None


def empty_page(query: SuspectQuery) -> SuspectPage:
    """The answer when nothing can be found."""
    facets = dict.fromkeys(query.facets, FacetCounts(values=()))
    histogram = Histogram(steps=()) if query.histogram else None
    return SuspectPage(suspects=(), total=Count(value=0), facets=facets, histogram=histogram)


def _check_words(words: str) -> None:
    if len(words) > _LONGEST_WORDS:
        raise InvalidInput("More than {longest_words} characters cannot be searched for.", longest_words=_LONGEST_WORDS)
    if len(query_terms(words)) > _MOST_PHRASES:
        raise InvalidInput("More than {most_phrases} words cannot be searched for.", most_phrases=_MOST_PHRASES)


def _check_verdicts(verdicts: tuple[str, ...]) -> None:
    known = {UNJUDGED, *(kind.value for kind in VerdictKind)}
    unknown = [verdict for verdict in verdicts if verdict not in known]
    if unknown:
        raise InvalidInput(
            "There is no verdict {unknown!r}: it is one of {known}.", unknown=unknown[0], known=", ".join(sorted(known))
        )


def _check_prices(query: SuspectQuery) -> None:
    amounts = [amount for amount in (query.price_from, query.price_to) if amount is not None]
    if amounts and query.currency is None:
        raise InvalidInput("A price range needs a currency: amounts of different currencies cannot be compared.")
    if any(not amount.is_finite() or not 0 <= amount <= _LARGEST_AMOUNT for amount in amounts):
        raise InvalidInput("A price must be between 0 and {largest_amount:,}.", largest_amount=_LARGEST_AMOUNT)


def _check_sizes(query: SuspectQuery) -> None:
    if not 1 <= query.limit <= MOST_ON_A_PAGE:
        raise InvalidInput(
            "A page holds between 1 and {most_on_a_page} suspects, not {limit}.",
            most_on_a_page=MOST_ON_A_PAGE,
            limit=query.limit,
        )
    if not 0 <= query.min_score <= 1:
        raise InvalidInput("A score is between 0 and 1, not {min_score}.", min_score=query.min_score)
    if len(query.suspect_ids or ()) > MOST_SUSPECT_IDS:
        raise InvalidInput(
            "More than {most_suspect_ids:,} suspects cannot be asked for at once.", most_suspect_ids=MOST_SUSPECT_IDS
        )
    several = (query.brand_ids, query.product_ids, query.marketplaces, query.sellers)
    if any(len(values) > _MOST_VALUES for values in several):
        raise InvalidInput("A filter takes at most {most_values} values.", most_values=_MOST_VALUES)
