"""What the embedded index's full-text table is given to keep, and how it is asked.

Everything is a token of letters and digits and begins with the owner's number, so that no owner's words can find what
is another's: `7wsneaker` is the word "sneaker" of owner 7, `7n12` its value number 12 of a facet, `7d20551` a day.
A person's words become tokens first; none of their characters reaches the query language as they are.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from counterfoil.text import tokens
from indexer.document import SuspectDocument, microseconds, millionths, searched_texts, seller_value
from indexer.embedded_keys import DAY, HOUR, price_bucket
from indexer.query import UNJUDGED, Facet

# Stands between two texts, so that no phrase reaches from one into the next; no query can ask for it.
_GAP = " 0 "

# Raised when what is kept changes its form. The probe shows whether the rules of `text.py` have changed.
_FORMAT = "2"
_PROBE = "Ａdidas® Ѕneakers 手机壳 스니커즈 ラーメン Café Ærø Straße 100% d'Or ١٢٣ กระเป๋า naïve-É 😀 𝓝𝓲𝓴𝓮 1,299.00€"

# Found under the same filter as the facet's own values, or not a facet at all.
SELLER_KEY = "seller_key"
STATE = "state"
TRIAGE = "triage"
CURRENCY = "currency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """One value of a field that can be filtered or counted by; `label` is what a person calls it."""

    field: str
    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A stretch of one order: `kind` is h(our), d(ay), or p(rice)."""

    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class Columns:
    """The tokens of one document in the full-text table's three columns."""

    title: str
    others: str
    facts: str

    @property
    def digest(self) -> bytes:
        """Tells whether the same tokens would be made again: what cannot be named exactly cannot be taken out."""
        whole = "\n".join((self.title, self.others, self.facts)).encode()
        return hashlib.sha256(whole).digest()[:8]


def names_of(document: SuspectDocument) -> list[Name]:
    """The values that a document can be found and counted by."""
    verdict = str(document.verdict or UNJUDGED)
    named = [
        Name(field=STATE, value=document.state, label=document.state),
        Name(field=TRIAGE, value=document.triage, label=document.triage),
        Name(field=Facet.VERDICT, value=verdict, label=verdict),
        Name(field=Facet.MARKETPLACE, value=document.marketplace, label=document.marketplace),
    ]
    for product in document.products:
        named.append(Name(field=Facet.PRODUCT, value=str(product.id), label=product.name))
        named.append(Name(field=Facet.BRAND, value=str(product.brand_id), label=product.brand_name))
    if document.seller:
        key, label = document.seller.key, document.seller.name or document.seller.key
        named.append(Name(field=Facet.SELLER, value=seller_value(document.marketplace, key), label=label))
        named.append(Name(field=SELLER_KEY, value=key, label=label))
    if document.currency:
        named.append(Name(field=CURRENCY, value=document.currency, label=document.currency))
    return list(dict.fromkeys(named))


def buckets_of(document: SuspectDocument) -> tuple[Bucket, ...]:
    """The stretches of time and price that a document lies in."""
    time = microseconds(document.first_suspected_at)
    buckets = (Bucket(kind="h", number=time // HOUR), Bucket(kind="d", number=time // DAY))
    if document.price is None:
        return buckets
    return (*buckets, Bucket(kind="p", number=price_bucket(millionths(document.price))))


def columns_of(document: SuspectDocument, name_ids: Iterable[int]) -> Columns:
    """The tokens of a document, whose names have these ids."""
    owner = document.owner_id
    title, others = searched_texts(document)
    facts = [
        everything(owner),
        *(named(owner, name_id) for name_id in name_ids),
        *(within(owner, bucket) for bucket in buckets_of(document)),
    ]
    if document.price is None:
        facts.append(unpriced(owner))
    return Columns(_words(owner, title), _GAP.join(_words(owner, text) for text in others), " ".join(facts))


def everything(owner_id: int) -> str:
    """The token of all of an owner's suspects."""
    return f"{owner_id}a"


def unpriced(owner_id: int) -> str:
    """The token of an owner's suspects without a price."""
    return f"{owner_id}u"


def named(owner_id: int, name_id: int) -> str:
    """The token of an owner's suspects with a value."""
    return f"{owner_id}n{name_id}"


def within(owner_id: int, bucket: Bucket) -> str:
    """The token of an owner's suspects in a bucket."""
    # A time before 1970 is no reason to fail; a minus sign would not be part of a token.
    return f"{owner_id}{bucket.kind}{bucket.number}".replace("-", "x")


def phrases_of(owner_id: int, phrases: Iterable[Sequence[str]]) -> list[str]:
    """The query terms for phrases of tokens."""
    return [_quoted(f"{owner_id}w{token}" for token in phrase) for phrase in phrases]


def any_of(terms: Sequence[str]) -> str:
    """The query for documents with at least one of these tokens."""
    return "(" + " OR ".join(_quoted([term]) for term in terms) + ")"


def all_of(queries: Iterable[str]) -> str:
    """The query for documents that all of these queries find."""
    return " AND ".join(queries)


def _words(owner_id: int, text: str) -> str:
    return " ".join(f"{owner_id}w{token}" for token in tokens(text))


def _quoted(parts: Iterable[str]) -> str:
    return '"' + " ".join(parts).replace('"', '""') + '"'


def rules() -> str:
    """Names the rules that tokens are made by here: an index made by others finds too little, and must be rebuilt."""
    return hashlib.sha256("\n".join((_FORMAT, *tokens(_PROBE))).encode()).hexdigest()[:16]
