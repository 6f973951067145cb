"""Drafts a marketplace's declaration from its live pages, asked for politely through the address guard."""

import re
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import yaml

from console.probe import Prober
from counterfoil.clock import now
from counterfoil.exceptions import FetchFailed, InvalidInput
from counterfoil.marketplaces import Marketplace
from counterfoil.settings import Settings
from crawlers.drafting import listing_pattern, search_template, shown_fields, site_title
from crawlers.reading import PageKind, ReadListing, ReadPage, read_page
from crawlers.reading.documents import OpenedPage, open_page

# Between two requests for pages.
_PAUSE_SECONDS = 1.0
_CURRENCY = re.compile(r"""Shopify\.currency\s*=\s*\{[^}]*"active"\s*:\s*"([A-Z]{3})"|"iso_code"\s*:\s*"([A-Z]{3})\"""")
_INTERFACES = ("shopify", "woocommerce", "magento", "prestashop")


def draft(url: str, words: str | None, name: str | None, settings: Settings) -> dict[str, Any]:
    """What a declaration of the site at `url` would say; `words` are those that a page of results was asked for.

    Raises InvalidInput, which says what page to give instead, or FetchFailed.
    """
    prober = Prober(urljoin(url if "://" in url else f"https://{url}", "/"), settings)
    found = prober.probe()
    body = prober.fetch(url)
    home = found.home or open_page(body)
    said = _identity(prober.url, name, home, open_page(body))
    if found.best is not None and found.best.name in _INTERFACES:
        return said | {"platform": found.best.name, "currencies": _currencies(found.home, found.best.name)}
    page = read_page(body, url)
    search = (search_template(url, words) if words else None) or found.search
    if search is None:
        raise InvalidInput(
            "{url} has no search form to go by: give a page of results, and --query its words.", url=prober.url
        )
    if page.kind is PageKind.PRODUCT:
        return said | _described(page.listings[:1], search, page.listings[:1])
    results = page if page.kind is PageKind.RESULTS else _results(prober, search, words)
    own = [one for one in results.listings if one.url and urlsplit(one.url).netloc == urlsplit(prober.url).netloc]
    if not own:
        raise InvalidInput(
            "No listings were found on the page of results: give one that shows some, and --query its words."
        )
    return said | _described(own, search, _first_listing(prober, own))


def as_yaml(said: dict[str, Any]) -> str:
    """The draft as its file would be. Raises InvalidInput where it could not be read again."""
    try:
        Marketplace.model_validate(said)
    except ValueError as error:
        raise InvalidInput("The draft cannot be used: {error}", error=error) from error
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=110)


def _identity(url: str, name: str | None, home: OpenedPage, other: OpenedPage) -> dict[str, Any]:
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    title, language = host, None
    if not home.is_json:
        root = home.root()
        named = root.xpath("string((//meta[@property='og:site_name']/@content)[1])")
        title = site_title(named, [_title_of(page) for page in (home, other) if not page.is_json]) or host
        language = re.match(r"[a-z]{2}\b", (root.get("lang") or "").lower())
    return {
        "name": name or re.sub(r"[^a-z0-9]+", "-", host.rpartition(".")[0] or host).strip("-"),
        "title": title,
        "url": url,
        "languages": [language[0]] if language else [],
        "route": "crawl",
        "exercised": f"drafted from its pages on {now():%Y-%m-%d}; never crawled",
        "terms": "",
    }


def _title_of(page: OpenedPage) -> str:
    """What stands in the head of a page as its title."""
    return str(page.root().xpath("string((//title[not(ancestor::svg)])[1])"))


def _described(listings: Sequence[ReadListing], search: str, read: Sequence[ReadListing]) -> dict[str, Any]:
    pattern = listing_pattern([one.url for one in listings if one.url])
    if pattern is None:
        raise InvalidInput("The addresses of its listings have nothing in common: write `listing.url` by hand.")
    required = shown_fields(read[0]) if read else []
    currencies = sorted({one.currency for one in (*read, *listings) if one.currency})
    return {
        "currencies": currencies,
        "search": {"url": search},
        "listing": {"url": pattern, "required": required or ["title"]},
        "politeness": {"delay": 2.0, "concurrency": 1, "crawls": 1},
    }


def _results(prober: Prober, search: str, words: str | None) -> ReadPage:
    if not words:
        raise InvalidInput("Give a page of results, or with --query some words that the site has listings for.")
    time.sleep(_PAUSE_SECONDS)
    url = search.replace("{query}", quote(words))
    return read_page(prober.fetch(url), url)


def _first_listing(prober: Prober, listings: Sequence[ReadListing]) -> list[ReadListing]:
    """The first listing as its own page shows it; nothing where that cannot be had."""
    time.sleep(_PAUSE_SECONDS)
    url = listings[0].url or ""
    try:
        page = read_page(prober.fetch(url), url)
    except FetchFailed:
        return []
    return list(page.listings[:1]) if page.kind is PageKind.PRODUCT else []


def _currencies(home: OpenedPage | None, platform: str) -> list[str]:
    """The currency of a shop whose interface names none, where its home page does."""
    found = _CURRENCY.search(home.text) if home is not None and platform in {"shopify", "prestashop"} else None
    return [found[1] or found[2]] if found else []
