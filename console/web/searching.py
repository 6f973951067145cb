"""The search that a page's address holds: the list's, and that of the queue which a suspect was reached by."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query

from console.search import Filters, make_query
from console.session import Session
from console.translation import gettext as _
from console.web.forms import read_day
from counterfoil.exceptions import InvalidInput
from indexer.query import UNJUDGED, Sort, SuspectQuery

PAGE = 48
TODO, ALL = "todo", "all"
# Not what is searched for: only how, and which page of it.
_NOT_A_FILTER = frozenset({"sort", "cursor", "triage"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for, as a form sends it: a field that was left empty asks for nothing.

    `since` and `until` are days (UTC), both included; `cursor` is the page of the list.
    """

    words: str = ""
    brand: str = ""
    product: str = ""
    marketplace: str = ""
    seller: str = ""
    verdict: str = ""
    triage: str = ""
    run: str = ""
    price_from: str = ""
    price_to: str = ""
    currency: str = ""
    since: str = ""
    until: str = ""
    sort: Sort = Sort.SCORE
    cursor: str = ""

    @property
    def standing(self) -> str:
        """The part of the work: what waits for a person, unless another part or a verdict was asked for."""
        return self.triage or (TODO if self.verdict in ("", UNJUDGED) else ALL)

    @property
    def restricted(self) -> bool:
        """Whether anything narrows the list down."""
        return any(self.filters.values())

    @property
    def ranged(self) -> bool:
        """Whether a range of prices or days does."""
        return any((self.price_from, self.price_to, self.currency, self.since, self.until))

    @property
    def filters(self) -> Mapping[str, str]:
        """What narrows the list down, by the name of the field."""
        return {name: str(value) for name, value in asdict(self).items() if name not in _NOT_A_FILTER and value}

    def query(self, session: Session) -> SuspectQuery:
        """As the index is asked it. Raises InvalidInput, NotFound."""
        priced = self.price_from or self.price_to
        until = read_day(self.until)
        filters = Filters(
            words=self.words,
            brand=self.brand or None,
            product=self.product or None,
            marketplace=self.marketplace or None,
            seller=self.seller or None,
            verdict=self.verdict or None,
            triage=self.standing if self.standing != ALL else None,
            run=_number(self.run),
            since=read_day(self.since),
            until=until + timedelta(days=1) if until else None,
            price=f"{self.price_from.strip()}..{self.price_to.strip()}" if priced else None,
            currency=self.currency.strip().upper() or None,
        )
        return replace(make_query(session, filters), sort=self.sort, limit=PAGE, cursor=self.cursor or None)

    def address(self, path: str, **more: str) -> str:
        """A path with this search behind it, and with more fields where they are given."""
        own = {one.name: getattr(self, one.name) for one in fields(self)}
        said: dict[str, Any] = {name: value for name, value in own.items() if value and value != _USUAL[name]} | more
        return f"{path}?{urlencode(said)}" if said else path


def _number(text: str) -> int | None:
    if text and not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise InvalidInput(_("%(text)r is no run: runs are numbered.") % {"text": text[:100]})
    return int(text) if text else None


_USUAL = asdict(Asked())


def _asked(
    words: str = "",
    brand: str = "",
    product: str = "",
    marketplace: str = "",
    seller: str = "",
    verdict: str = "",
    triage: str = "",
    run: str = "",
    price_from: str = "",
    price_to: str = "",
    currency: str = "",
    since: str = "",
    until: str = "",
    sort: Sort = Sort.SCORE,
    cursor: Annotated[str, Query(max_length=4_000)] = "",
) -> Asked:
    return Asked(
        words=words,
        brand=brand,
        product=product,
        marketplace=marketplace,
        seller=seller,
        verdict=verdict,
        triage=triage,
        run=run,
        price_from=price_from,
        price_to=price_to,
        currency=currency,
        since=since,
        until=until,
        sort=sort,
        cursor=cursor,
    )


CurrentSearch = Annotated[Asked, Depends(_asked)]
