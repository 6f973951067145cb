"""Reads one page: what it is, its listings with the source of each value, the next page. No I/O, no guesses."""

import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from counterfoil.marketplaces import Marketplace
from crawlers.addresses import kept_address, listing_id
from crawlers.reading.cards import find_cards, id_from_address
from crawlers.reading.carried import carried_listings, carried_product
from crawlers.reading.claims import Claims, claims, settle
from crawlers.reading.context import PageContext, declared_currencies, is_below
from crawlers.reading.declared import (
    from_card_selectors,
    from_data,
    from_page_selectors,
    from_states,
    next_by_selector,
    next_in_data,
)
from crawlers.reading.documents import OpenedPage, open_page
from crawlers.reading.gallery import pictures_below, whole_gallery
from crawlers.reading.kinds import kind_of
from crawlers.reading.labels import labelled_brand, labelled_code, labelled_gtin, labelled_seller
from crawlers.reading.listing import PageKind, ReadListing, ReadPage
from crawlers.reading.paging import next_page
from crawlers.reading.parts import shown_availability, shown_category, shown_description
from crawlers.reading.records import find_records
from crawlers.reading.schema_org import from_nodes, from_opengraph, main_product
from crawlers.reading.text import bare
from crawlers.reading.visible import UNSETTLED, from_visible, shown_prices

_MOST_WARNINGS = 50
_MOST_NODES = 5_000
# A price as sure as this stands beside the heading and calls itself a price.
_SURE = 5.0


def read_page(
    body: bytes,
    url: str | None = None,
    content_type: str | None = None,
    marketplace: Marketplace | None = None,
    known: Mapping[str, Marketplace] | None = None,
) -> ReadPage:
    """Read a response body, or a saved one, whatever it is; never fails on what it holds.

    `url` is where it was fetched from, `content_type` the header of that name. Without `marketplace` that one of
    `known` is taken whose address it is, or whose addresses it names.
    """
    opened = open_page(body, content_type)
    if opened.is_json:
        return _read_data(opened, url, marketplace, known or {})
    return _read_html(opened, url, marketplace, known or {})


def marketplace_of(known: Mapping[str, Marketplace], url: str | None) -> Marketplace | None:
    """The declared marketplace that an address belongs to."""
    try:
        host = (urlsplit(url or "").hostname or "").lower()
    except ValueError:
        return None
    if not host:
        return None
    found = [(len(domain), market) for market in known.values() for domain in market.hosts if is_below(host, domain)]
    return max(found, key=lambda one: one[0])[1] if found else None


def _read_data(
    opened: OpenedPage, url: str | None, marketplace: Marketplace | None, known: Mapping[str, Marketplace]
) -> ReadPage:
    warnings = list(opened.warnings)
    market = marketplace or marketplace_of(known, url)
    candidates = [market] if market else list(known.values())
    for one in candidates:
        read = _by_declared_shape(opened.data, url, one)
        if read is not None:
            said, kind, following = read
            return _page(kind, said, url, one, following, warnings)
    host = (urlsplit(url or "").hostname or "").lower()
    found = find_records(opened.data, url, _used(market, host))
    said = list(found.listings)
    if market is None and said:
        market = _named_by(said, known)
        if market is not None:
            found = find_records(opened.data, url, _used(market, _host_of(said)))
            said = list(found.listings)
    said = [_with_id(one, market) for one in said]
    kind = PageKind.PRODUCT if found.single else PageKind.RESULTS if said else _kind_of_data(opened.data)
    return _page(kind, said, url, market, _next_in(opened.data), warnings)


def _by_declared_shape(
    data: Any, url: str | None, market: Marketplace
) -> tuple[list[Claims], PageKind, str | None] | None:
    host = (urlsplit(url or "").hostname or "").lower()
    for paths in market.reading.data:
        said = from_data(paths, data, url, _used(market, host), market)
        if said:
            return said, PageKind(paths.kind), next_in_data(paths, data) or _next_in(data)
    return None


def _used(market: Marketplace | None, host: str) -> Sequence[str]:
    return declared_currencies(market, host)


def _host_of(said: Sequence[Claims]) -> str:
    return next((urlsplit(one.get("url")).hostname or "" for one in said if one.get("url")), "")


def _named_by(said: Sequence[Claims], known: Mapping[str, Marketplace]) -> Marketplace | None:
    """The marketplace whose addresses most of the listings have."""
    markets = [marketplace_of(known, one.get("url")) for one in said[:20] if one.get("url")]
    named = [market for market in markets if market is not None]
    return named[0] if named and len(named) * 2 > len(markets) and len({one.name for one in named}) == 1 else None


def _with_id(said: Claims, market: Marketplace | None) -> Claims:
    url = said.get("url")
    if not url:
        return said
    values = dict(said.values)
    number = listing_id(market, url) if market is not None else None
    if market is not None and number is not None:
        values["url"] = kept_address(market, url)
    if values.get("id") is None:
        values["id"] = number or id_from_address(url)
    return Claims(said.source, values)


def _kind_of_data(data: Any) -> PageKind:
    """What an answer without listings is: an empty list of them where it says so, else nobody knows."""
    if data in ([], {}):
        return PageKind.EMPTY
    if isinstance(data, dict):
        for key, value in data.items():
            name = re.sub(r"[^a-z]", "", key.lower())
            if value == [] and name in {
                "items",
                "products",
                "results",
                "itemsummaries",
                "docs",
                "listings",
                "searchresults",
            }:
                return PageKind.EMPTY
            if name in {"total", "totalresults", "totalcount", "count", "numfound"} and value in (0, "0"):
                return PageKind.EMPTY
    return PageKind.UNKNOWN


def _next_in(data: Any) -> str | None:
    """The address of the next page that an answer names."""
    waiting = deque([(data, 0)])
    for _ in range(_MOST_NODES):
        if not waiting:
            return None
        node, depth = waiting.popleft()
        if not isinstance(node, dict):
            continue
        for key, value in node.items():
            name = re.sub(r"[^a-z]", "", key.lower())
            if name in {"next", "nextpage", "nextpageurl", "nexturl", "nextlink", "nexthref"}:
                said = value.get("href") or value.get("url") if isinstance(value, dict) else value
                if isinstance(said, str) and ("/" in said or "?" in said):
                    return said
            if isinstance(value, dict) and depth < 3:
                waiting.append((value, depth + 1))
    return None


def _read_html(
    opened: OpenedPage, url: str | None, marketplace: Marketplace | None, known: Mapping[str, Marketplace]
) -> ReadPage:
    page = PageContext(opened.text, opened.root(), url, None, list(opened.warnings))
    url = page.url
    market = marketplace or marketplace_of(known, url) or marketplace_of(known, page.canonical) or _linked(page, known)
    page.declaration = market
    cards, following = _result_cards(page, market)
    product = _product(page, market)
    kind = kind_of(page, product, len(cards), bool(cards) and cards[0].source.startswith("declared"))
    if kind is PageKind.PRODUCT and product is not None:
        listing, warnings = _settled(page, product)
        return ReadPage(
            kind=kind,
            url=url or page.canonical,
            marketplace=market.name if market else None,
            listings=(listing,),
            warnings=tuple([*page.warnings, *warnings][:_MOST_WARNINGS]),
        )
    if kind is PageKind.UNKNOWN:
        cards = _carried(page, market)
        kind = PageKind.RESULTS if cards else kind
    if kind is PageKind.RESULTS:
        return _page(kind, cards, url or page.canonical, market, following or next_page(page), page.warnings)
    return _page(kind, [], url or page.canonical, market, None, page.warnings)


def read_product(page: PageContext) -> ReadListing | None:
    """What a page says about the one listing that it is about; its warnings are added to the page's."""
    said = _product(page, page.declaration)
    if said is None:
        return None
    listing, warnings = _settled(page, said)
    page.warnings.extend(warnings)
    return listing


def _settled(page: PageContext, said: Sequence[Claims]) -> tuple[ReadListing, list[str]]:
    """One listing out of what the sources say, without a price that the page shows struck out."""
    shown = shown_prices(page)
    current = shown.values()
    warnings: list[str] = []
    kept = []
    for one in said:
        values = dict(one.values)
        for name in ("price_max", "price"):
            value = values.get(name)
            # A highest price is often the old one, also where another thing on the page costs as much.
            if value in shown.old and (name == "price_max" or (current and value not in current)):
                warnings.append(f"{name}: {one.source} says {value}, which the page shows struck out")
                del values[name]
                if name == "price":
                    values.pop("price_max", None)
        kept.append(Claims(one.source, values))
    listing, odd = settle(kept)
    listing = _with_gallery(_with_declared_currency(listing, page.declaration, page.host, kept), page)
    return listing, [*warnings, *odd]


def _with_gallery(listing: ReadListing, page: PageContext) -> ReadListing:
    """A listing with all pictures that its page shows of it, unless a declared layout has named several itself."""
    source = listing.sources.get("images")
    if source is not None and source.startswith("declared:") and len(listing.images) > 1:
        return listing
    images = whole_gallery(page, listing.images)
    if images and images != listing.images:
        sources = f"{source}, gallery" if source else "gallery"
        return replace(listing, images=images, sources={**listing.sources, "images": sources})
    if not images:
        images = pictures_below(page, _around_heading(page))
        return replace(listing, images=images, sources={**listing.sources, "images": "page"}) if images else listing
    return listing


def _with_declared_currency(
    listing: ReadListing, market: Marketplace | None, host: str, said: Sequence[Claims]
) -> ReadListing:
    """A listing whose price bears no mark of a currency, with the one that its marketplace declares for this host."""
    if market is None or listing.price is None or listing.currency is not None:
        return listing
    if any(one.get(UNSETTLED) and one.source == listing.sources["price"] for one in said):
        return listing
    host = host or (urlsplit(listing.url or "").hostname or "")
    codes = set(declared_currencies(market, host)) if host or len(market.currencies) == 1 else set()
    if len(codes) != 1:
        return listing
    return replace(listing, currency=codes.pop(), sources={**listing.sources, "currency": "declaration"})


def read_results(page: PageContext) -> tuple[tuple[ReadListing, ...], str | None]:
    """The listings that a page of results shows and the address of the next page."""
    said, following = _result_cards(page, page.declaration)
    said = said or _carried(page, page.declaration)
    read = _page(PageKind.RESULTS, said, page.url, page.declaration, following or next_page(page), [])
    return read.listings, read.next_page


def _linked(page: PageContext, known: Mapping[str, Marketplace]) -> Marketplace | None:
    """The marketplace that most links of a page without an address lead to."""
    if page.url is not None or page.canonical is not None:
        return None
    counts: dict[str, int] = {}
    total = 0
    for link in page.root.xpath("//a/@href | //img/@src")[:2_000]:
        if link.startswith(("http://", "https://", "//")):
            address = link if link.startswith("http") else "https:" + link
            market = marketplace_of(known, address) or _pictured(known, address)
            total += 1
            if market is not None:
                counts[market.name] = counts.get(market.name, 0) + 1
    best = max(counts, key=lambda name: counts[name], default=None)
    return known[best] if best is not None and counts[best] * 2 > total else None


def _pictured(known: Mapping[str, Marketplace], address: str) -> Marketplace | None:
    """The marketplace whose pictures lie at this address."""
    try:
        host = (urlsplit(address).hostname or "").lower()
    except ValueError:
        return None
    return next((one for one in known.values() if any(is_below(host, domain) for domain in one.media)), None)


def _result_cards(page: PageContext, market: Marketplace | None) -> tuple[list[Claims], str | None]:
    if market is not None:
        for paths, said, data in from_states(page, market):
            if paths.kind == "results":
                return said, next_in_data(paths, data)
        for layout in market.reading.cards:
            said = from_card_selectors(page, layout, market)
            if said:
                return said, next_by_selector(page, layout.next) if layout.next else None
    return [_with_id(one, market) for one in find_cards(page)], None


def _carried(page: PageContext, market: Marketplace | None) -> list[Claims]:
    """The listings of a page that its scripts only fill: what they fill it with came along."""
    return [_with_id(one, market) for one in carried_listings(page)]


def _product(page: PageContext, market: Marketplace | None) -> list[Claims] | None:
    """What the page's sources say about the one thing it is about, the most trusted first; None where none do."""
    said: list[Claims] = []
    if market is not None:
        for paths, records, _ in from_states(page, market):
            if paths.kind == "product":
                said.extend(records[:1])
        said.extend(from_page_selectors(page, market))
    for source, nodes in (("json-ld", page.nodes), ("microdata", page.items)):
        product, _ = main_product(nodes, page)
        if product is not None:
            said.append(from_nodes(source, product, nodes, page))
    graph = _without_site(from_opengraph(page), page)
    shown, sure = from_visible(page)
    said.extend([shown, graph] if _trusts_what_is_shown(page, shown, graph, sure) else [graph, shown])
    if not any(one.get("price") is not None for one in said):
        carried = carried_product(page)
        said.extend([carried] if carried is not None else [])
    said.append(_labelled(page))
    said.append(_addressed(page, market))
    said.append(claims("page", title=page.title))
    return said if any(one.values for one in said) else None


def _labelled(page: PageContext) -> Claims:
    """What parts of the page say that are called what they hold."""
    return claims(
        "label",
        sku=labelled_code(page),
        gtin=labelled_gtin(page),
        brand=labelled_brand(page),
        seller=labelled_seller(page),
        availability=shown_availability(page),
        description=shown_description(page),
        category=shown_category(page),
    )


def _without_site(graph: Claims, page: PageContext) -> Claims:
    """OpenGraph without a title that is the heading and the shop's name behind it."""
    title, heading = bare(graph.get("title")), bare(page.heading)
    if heading and heading in title and heading != title:
        return Claims(graph.source, {name: value for name, value in graph.values.items() if name != "title"})
    return graph


def _trusts_what_is_shown(page: PageContext, shown: Claims, graph: Claims, sure: float) -> bool:
    """Whether the price beside the heading is likelier than that of OpenGraph, which some shops state without tax."""
    if sure >= _SURE:
        return True
    stated = graph.get("price")
    return (
        stated is not None and shown.get("price") is not None and sure > 0 and stated not in shown_prices(page).values()
    )


def _addressed(page: PageContext, market: Marketplace | None) -> Claims:
    """The listing's own address and the id in it."""
    candidates = [
        one for one in (page.canonical, *page.meta.get("og:url", []), page.url) if one and one.startswith("http")
    ]
    if market is not None:
        for one in candidates:
            number = listing_id(market, one)
            if number:
                return claims("address", id=number, url=kept_address(market, one))
    chosen = next((one for one in candidates if (urlsplit(one).path or "/") != "/"), page.url)
    return claims("address", id=id_from_address(chosen), url=chosen)


def _around_heading(page: PageContext) -> Any:
    """The part of the page around its heading that has pictures."""
    heading = page.heading_element
    if heading is not None:
        for above in heading.iterancestors():
            if next(above.iter("img"), None) is not None:
                return above
    return page.root


def _page(
    kind: PageKind,
    said: Sequence[Claims],
    url: str | None,
    market: Marketplace | None,
    following: str | None,
    warnings: list[str],
) -> ReadPage:
    host = (urlsplit(url or "").hostname or "").lower()
    listings: list[ReadListing] = []
    seen: set[tuple[Any, Any]] = set()
    for one in said:
        listing, odd = settle([one], rank=len(listings) + 1 if kind is PageKind.RESULTS else None)
        listing = _with_declared_currency(listing, market, host, [one])
        if (listing.id, listing.url if listing.id is None else None) in seen:
            continue
        seen.add((listing.id, listing.url if listing.id is None else None))
        listings.append(listing)
        warnings.extend(odd)
    return ReadPage(
        kind=kind,
        url=url,
        marketplace=market.name if market else None,
        listings=tuple(listings),
        next_page=following,
        warnings=tuple(warnings[:_MOST_WARNINGS]),
    )
