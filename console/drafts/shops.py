"""Reads what a shop sells, from whatever address a person has: a product's page, a page of results, a shop's home.

A page that is about one thing is read alone. For more the site is asked as a crawler asks: robots.txt first, a contact
behind the requests, the interface of its shop system where it has one, else its pages of results, else its sitemap.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from urllib.parse import urljoin, urlsplit

from console.drafts.entries import DraftEntry, brand_said, from_listing, without_doubles
from console.drafts.pictures import fetch_pictures
from console.probe import Prober
from console.session import Session
from counterfoil.egress import guard_from
from counterfoil.exceptions import AddressRefused, FetchFailed, InvalidInput
from counterfoil.fetching import fetch
from counterfoil.version import user_agent
from crawlers.apis.base import Interface, UnexpectedAnswer, read_json
from crawlers.platforms import find_clues
from crawlers.reading import PageKind, ReadListing, ReadPage, read_page
from crawlers.reading.documents import open_page

MOST_PRODUCTS = 250
_MOST_PAGES = 40
_MOST_SITEMAPS = 5
# Of one product that a person has named, and of each of a shop's.
_PICTURES_OF_ONE, _PICTURES_OF_MANY = 12, 4
_AT_ONCE = 4
# A site may ask for more; so long nobody would wait before a form.
_LONGEST_DELAY = 10.0

# How many are done, of how many where that is known. Raises Superseded when nobody wants it any more.
Tell = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundProducts:
    """What an address sells, and the brand that most of it names; `said` where that is not all there is to know."""

    entries: tuple[DraftEntry, ...]
    brand: str | None
    said: str | None = None


def read_address(session: Session, url: str, tell: Tell) -> FoundProducts:
    """The products at an address, with their pictures.

    Raises InvalidInput, FetchFailed or AddressRefused, which say why nothing could be read and what to do.
    """
    body = _fetch(session, url)
    page = read_page(body, url, known=session.marketplaces)
    if page.kind is PageKind.PRODUCT:
        return _one_product(session, page, url)
    reads, complete, prober = _shop(session, url, body, page)
    if not reads:
        raise InvalidInput(_nothing(page, url))
    tell(0, len(reads))
    entries = _entries(session, reads, prober, None if complete else page, tell)
    said = f"Only the first {MOST_PRODUCTS} products were read: paste the address of a part of the shop for the rest."
    return FoundProducts(
        entries=tuple(without_doubles(entries)),
        brand=brand_said(reads),
        said=said if len(reads) >= MOST_PRODUCTS else None,
    )


def _fetch(session: Session, url: str) -> bytes:
    settings = session.settings
    return fetch(
        url,
        guard_from(settings),
        largest=settings.response_megabytes * 1024 * 1024,
        user_agent=user_agent(settings),
        proxy=settings.proxy_address,
    )


def _one_product(session: Session, page: ReadPage, url: str) -> FoundProducts:
    read = page.listings[0]
    found = from_listing(url, read if read.url else replace(read, url=url))
    if found is None or found.entry is None:
        raise InvalidInput("{url} shows no product name: register the product by hand.", url=url)
    pictures = fetch_pictures(session, found.entry.pictures[:_PICTURES_OF_ONE])
    return FoundProducts(entries=(replace(found, pictures=pictures),), brand=brand_said([read]))


def _shop(session: Session, url: str, body: bytes, page: ReadPage) -> tuple[list[ReadListing], bool, Prober]:
    """What a shop sells, whether that is all that it says of each, and who asked it."""
    prober = Prober(url, session.settings)
    refusal = prober.read_robots()
    if refusal is not None:
        raise FetchFailed(
            "{refusal}: register its products from a file, or with their pictures.", refusal=refusal, permanent=True
        )
    if page.kind is not PageKind.RESULTS or urlsplit(url).path in {"", "/"}:
        for _, interface in prober.interfaces(tuple(find_clues(open_page(body).text))):
            reads = list(islice(_from_interface(prober, interface), MOST_PRODUCTS))
            if reads:
                return _with_currency(session, prober, reads), True, prober
    if page.kind is PageKind.RESULTS:
        return list(islice(_from_results(session, prober, page), MOST_PRODUCTS)), False, prober
    pages = islice(_from_sitemap(prober), MOST_PRODUCTS)
    return [ReadListing(url=address) for address in pages], False, prober


def _from_interface(prober: Prober, interface: Interface) -> Iterator[ReadListing]:
    ask = interface.search("*")
    for _ in range(_MOST_PAGES):
        try:
            answer = interface.read(ask, read_json(prober.fetch(ask.url, ask.headers)))
        except (FetchFailed, AddressRefused, UnexpectedAnswer, KeyError, TypeError, AttributeError):
            return
        yield from (record.read for record in answer.records)
        if answer.next is None:
            return
        ask = answer.next


def _from_results(session: Session, prober: Prober, page: ReadPage) -> Iterator[ReadListing]:
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        new = [one for one in page.listings if (one.url or one.title or "") not in seen]
        seen.update(one.url or one.title or "" for one in new)
        yield from new
        if page.next_page is None or not new:
            return
        following = urljoin(page.url or prober.url, page.next_page)
        try:
            page = read_page(prober.fetch(following), following, known=session.marketplaces)
        except (FetchFailed, AddressRefused):
            return


def _from_sitemap(prober: Prober) -> Iterator[str]:
    waiting, read = prober.sitemaps(), 0
    while waiting and read < _MOST_SITEMAPS:
        read += 1
        named, is_index = prober.read_sitemap(waiting.pop(0))
        if not is_index:
            yield from (one for one in named if _same_host(one, prober.url))
            continue
        products = [one for one in named if "product" in one.lower()]
        waiting.extend(products or named)


def _with_currency(session: Session, prober: Prober, reads: list[ReadListing]) -> list[ReadListing]:
    """Prices with the currency that the first product's own page names: some catalogues name none."""
    bare = [one for one in reads if one.price is not None and one.currency is None]
    first = next((one for one in bare if one.url), None)
    if first is None or first.url is None:
        return reads
    page = _own_page(session, prober, first.url)
    code = page.currency if page is not None and page.price == first.price else None
    return [replace(one, currency=code) if one in bare else one for one in reads] if code else reads


def _entries(
    session: Session, reads: list[ReadListing], prober: Prober, listed: ReadPage | None, tell: Tell
) -> list[DraftEntry]:
    """The products with their pictures, each from its own page where the shop's list does not say all."""
    delay = min(prober.delay or 0.0, _LONGEST_DELAY)

    def complete(number: int, read: ReadListing) -> DraftEntry | None:
        if listed is not None and read.url and _same_host(read.url, prober.url):
            time.sleep(delay)
            own = _own_page(session, prober, read.url)
            read = own if own is not None and (own.title or not read.title) else read
        found = from_listing(read.url or f"product {number}", read)
        if found is None or found.entry is None:
            return None
        return replace(found, pictures=fetch_pictures(session, found.entry.pictures[:_PICTURES_OF_MANY]))

    with ThreadPoolExecutor(1 if delay else _AT_ONCE) as threads:
        futures = [threads.submit(complete, number, read) for number, read in enumerate(reads, 1)]
        entries = []
        try:
            for done, future in enumerate(futures, 1):
                entries.append(future.result())
                tell(done, len(reads))
        finally:
            for future in futures:
                future.cancel()
    return [one for one in entries if one is not None]


def _own_page(session: Session, prober: Prober, url: str) -> ReadListing | None:
    try:
        page = read_page(prober.fetch(url), url, known=session.marketplaces)
    except (FetchFailed, AddressRefused):
        return None
    if page.kind is not PageKind.PRODUCT:
        return None
    read = page.listings[0]
    return read if read.url else replace(read, url=url)


def _same_host(url: str, other: str) -> bool:
    return urlsplit(url).netloc.lower() == urlsplit(other).netloc.lower()


def _nothing(page: ReadPage, url: str) -> str:
    if page.kind is PageKind.BLOCKED:
        return (
            f"{url} answers with a captcha or a log-in instead of its products: register them from a file, or with "
            "their pictures."
        )
    if page.kind is PageKind.NOT_FOUND:
        return f"{url} says that this page does not exist: copy the address anew from the browser."
    return (
        f"No products were found at {url}: paste the address of a product's page or of a list of products, or register "
        "them from a file or with their pictures."
    )
