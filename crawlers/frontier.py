"""What a crawl fetches next: each listing once, however many queries and pages show it, within the crawl's limits.

Pure bookkeeping in memory. A killed crawl loses nothing by it: what is stored is read back from the database.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from counterfoil.models import CrawlLimits, Sighting
from crawlers.observations import Observations


class Next(StrEnum):
    """What to do about a listing that a page of results shows."""

    FETCH = "fetch"
    WAIT = "wait"
    NOTE = "note"
    SKIP = "skip"


class Frontier:
    """Keeps track of the listings of one crawl; says what to do with each that turns up.

    `stored` are those that earlier attempts have stored. They are not fetched again, but turning up for the first time
    in this attempt they are news: otherwise a resumed crawl would take its own beginning for the end of the results.
    The pages that earlier attempts have read count against the limit.
    """

    def __init__(self, limits: CrawlLimits, stored: Mapping[str, int], observations: Observations) -> None:
        self._limits = limits
        self._observations = observations
        self._stored = dict(stored)
        self._waiting: dict[str, list[Sighting]] = {}
        self._met: set[str] = set()
        self._barren: dict[str, int] = {}
        self._pages = observations.pages

    def turn_page(self, query: str, keys: Sequence[str]) -> None:
        """A page of results was read: count the pages in a row of this query that showed nothing new."""
        news = not self._met.issuperset(keys)
        self._barren[query] = 0 if news else self._barren.get(query, 0) + 1

    def see(self, key: str, sighting: Sighting, *, is_whole: bool = False) -> Next:
        """A page of results shows this listing; one that it shows as a whole costs no page of its own."""
        self._met.add(key)
        if key in self._stored:
            return Next.NOTE
        if key in self._waiting:
            self._waiting[key].append(sighting)
            return Next.WAIT
        if not is_whole and not self.spend_page():
            return Next.SKIP
        self._waiting[key] = [sighting]
        return Next.FETCH

    def listing_id(self, key: str) -> int:
        """The id of a listing that is stored."""
        return self._stored[key]

    def waiting(self, asked_key: str) -> list[Sighting]:
        """The sightings so far of a listing that is not stored yet."""
        return list(self._waiting.get(asked_key, ()))

    def collect(self, asked_key: str) -> list[Sighting]:
        """Take the sightings of a listing that is about to be stored; later ones are given by `store`."""
        taken = self._waiting.get(asked_key, [])
        self._waiting[asked_key] = []
        return taken

    def store(self, asked_key: str, key: str, listing_id: int) -> list[Sighting]:
        """The listing that `asked_key` led to is stored under `key`: the sightings that came in meanwhile.

        The two differ where a redirect led to another listing. That one's own page may be on the way, for whose sake
        its sightings stay.
        """
        self._stored[asked_key] = self._stored[key] = listing_id
        return self._waiting.pop(asked_key, [])

    def goes_on(self, query: str, number: int) -> bool:
        """Whether the page of results after page `number` may be fetched, within all limits."""
        if self._barren.get(query, 0) >= self._limits.barren_pages:
            detail = f"{self._limits.barren_pages} pages of results in a row showed nothing new"
            self._observations.note_limit("barren_pages", detail)
            return False
        if number >= self._limits.depth:
            self._observations.note_limit("depth", f"only {self._limits.depth} pages of results are read of a query")
            return False
        return self.spend_page()

    def spend_page(self) -> bool:
        """Take one page from the crawl's budget, if there is one left."""
        if self._pages >= self._limits.pages:
            self._observations.note_limit("pages", f"the limit of {self._limits.pages} pages was reached")
            return False
        self._pages += 1
        return True
