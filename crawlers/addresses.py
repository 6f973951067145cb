"""Reads addresses of one marketplace: which of them are listings, and how a listing's address is kept."""

import re
from collections.abc import Iterable
from functools import cache
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urljoin, urlsplit

from w3lib.url import canonicalize_url

from counterfoil.egress import read_url
from counterfoil.exceptions import AddressRefused
from counterfoil.marketplaces import Marketplace


def search_address(marketplace: Marketplace, query: str, page: int) -> str:
    """Where the marketplace answers a query; `page` counts from 1."""
    # str.format would read the braces of a query, and of a declared address, as its own.
    address = marketplace.search.url.replace("{page}", str(page))
    return address.replace("{query}", quote(query, safe=""))


def web_address(base: str, link: str | None) -> str | None:
    """Where a link on the page at `base` leads, in its canonical spelling; None unless to an http(s) address."""
    try:
        return read_url(urljoin(base, link)).href.partition("#")[0] if link else None
    except (ValueError, AddressRefused):
        return None


def listing_id(marketplace: Marketplace, url: str) -> str | None:
    """The marketplace's id of the listing at this address; None where the address is no listing of its."""
    parts = _split(url)
    if parts is None or not _is_of(marketplace, parts):
        return None
    pattern = _compiled(marketplace.listing.url)
    found = pattern.search(parts.path) or pattern.search(f"{parts.path}?{parts.query}")
    return (found["id"] or None) if found else None


def kept_address(marketplace: Marketplace, url: str) -> str:
    """The address under which a listing is kept: of its query only what holds its id, no fragment, no further path.

    What a results page appends to its links (position, session, campaign) would make a new version of every listing
    each time it is crawled.
    """
    parts = _split(url)
    number = listing_id(marketplace, url)
    if parts is None or number is None:
        return canonicalize_url(url)
    holding = [(name, value) for name, value in parse_qsl(parts.query) if value == number]
    in_path = _compiled(marketplace.listing.url).search(parts.path)
    if in_path:
        holding = []
        # Behind the listing stands where the link was: /dp/B000000001/ref=sr_1_1.
        if parts.path[in_path.end() :].startswith("/"):
            parts = parts._replace(path=parts.path[: in_path.end()])
    elif not holding:
        return canonicalize_url(url)
    return canonicalize_url(parts._replace(query=urlencode(holding), fragment="").geturl())


def is_of(marketplace: Marketplace, url: str) -> bool:
    """Whether an address is on the marketplace's own hosts, not on one that only keeps its pictures."""
    parts = _split(url)
    return parts is not None and _is_of(marketplace, parts)


def is_of_or_media(marketplace: Marketplace, url: str) -> bool:
    """Whether an address is on one of the marketplace's hosts, or one that it declares for its pictures."""
    parts = _split(url)
    return parts is not None and _is_below(parts, (*marketplace.hosts, *marketplace.media))


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts if parts.scheme in {"http", "https"} else None


def _is_of(marketplace: Marketplace, parts: SplitResult) -> bool:
    return _is_below(parts, marketplace.hosts)


def _is_below(parts: SplitResult, domains: Iterable[str]) -> bool:
    host = parts.hostname or ""
    return any(host == home or host.endswith("." + home) for home in domains)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
