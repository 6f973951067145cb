"""The search that a page's address holds: the list's, and that of the queue which a suspect was reached by."""

from dataclasses import asdict, dataclass, replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends

from console.search import Filters, make_query
from console.session import Session
from indexer.query import Sort, SuspectQuery

PAGE = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for; `cursor` is the page of the list."""

    words: str = ""
    brand: str | None = None
    product: str | None = None
    marketplace: str | None = None
    seller: str | None = None
    verdict: str | None = None
    sort: Sort = Sort.SCORE
    cursor: str | None = None

    @property
    def restricted(self) -> bool:
        """Whether anything narrows the list down."""
        return any((self.words, self.brand, self.product, self.marketplace, self.seller, self.verdict))

    def query(self, session: Session) -> SuspectQuery:
        """As the index is asked it."""
        filters = {name: value for name, value in asdict(self).items() if name not in {"sort", "cursor"}}
        return replace(make_query(session, Filters(**filters)), sort=self.sort, limit=PAGE, cursor=self.cursor)

    def address(self, path: str) -> str:
        """A path with this search behind it."""
        usual = asdict(Asked())
        said = {name: value for name, value in asdict(self).items() if value and value != usual[name]}
        return f"{path}?{urlencode(said)}" if said else path


def _asked(
    words: str = "",
    brand: str | None = None,
    product: str | None = None,
    marketplace: str | None = None,
    seller: str | None = None,
    verdict: str | None = None,
    sort: Sort = Sort.SCORE,
    cursor: str | None = None,
) -> Asked:
    return Asked(
        words=words,
        brand=brand,
        product=product,
        marketplace=marketplace,
        seller=seller,
        verdict=verdict,
        sort=sort,
        cursor=cursor,
    )


CurrentSearch = Annotated[Asked, Depends(_asked)]
