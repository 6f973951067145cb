"""Tells by its home page which shop system a site runs on, and how it is searched."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

from crawlers.addresses import web_address
from crawlers.structured import Document

# What only pages of one system have. Several must be there, or one that nobody writes by chance (the first of each).
_CLUES: dict[str, tuple[str, ...]] = {
    "shopify": (r"Shopify\.(?:theme|shop)\b", r"//cdn\.shopify\.com/", r"/cdn/shop/(?:files|t)/", r"shopify-section"),
    "woocommerce": (
        r"/plugins/woocommerce/",
        r"<meta[^>]+generator[^>]+WooCommerce",
        r"woocommerce-(?:page|no-js|product)",
        r"wc-block",
    ),
    "magento": (r"text/x-magento-init", r"data-mage-init", r"/static/version\d+/frontend/", r"mage/cookies"),
    "prestashop": (r"<meta[^>]+generator[^>]+PrestaShop", r"\bvar prestashop\s*=", r"/modules/ps_\w+/"),
    # Known by name only: these are read by their sitemap.
    "opencart": (r"catalog/view/(?:theme|javascript)/", r"index\.php\?route=product/"),
    "shopware": (r"/bundles/storefront/", r"<meta[^>]+generator[^>]+Shopware"),
    "bigcommerce": (r"cdn\d*\.bigcommerce\.com", r"bigcommerce\.com/s-"),
    "wix": (r"static\.wixstatic\.com", r"<meta[^>]+generator[^>]+Wix"),
    "squarespace": (r"static1?\.squarespace\.com", r"Squarespace\.(?:load|afterBody)"),
    "salla": (r"cdn\.salla\.(?:sa|network)", r"\bsalla\.config\b"),
}
_SEARCH_NAMES = ("q", "s", "search", "query", "keyword", "keywords", "search_query", "text", "term", "w", "k", "_nkw")
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Clue:
    """What speaks for a platform: its name, and the text of the page that does."""

    platform: str
    said: str


def find_clues(html: str) -> list[Clue]:
    """What the page says about the shop system behind it, of the likeliest first; nothing where it says nothing."""
    found: dict[str, list[Clue]] = {}
    for platform, patterns in _CLUES.items():
        matches = [re.search(pattern, html[:3_000_000], re.IGNORECASE) for pattern in patterns]
        clues = [Clue(platform, " ".join(match[0].split())[:_SHOWN]) for match in matches if match]
        if clues:
            found[platform] = clues
    return [clue for clues in sorted(found.values(), key=len, reverse=True) for clue in clues]


def find_search(root: Document, url: str) -> str | None:
    """The address of the site's search with `{query}` in the place of the words; None without a search form."""
    for form in root.iter("form"):
        if (form.get("method") or "get").lower() != "get":
            continue
        words = next((one for one in form.iter("input") if _is_search(one)), None)
        target = web_address(url, form.get("action") or url)
        if words is not None and target is not None:
            hidden = [one for one in form.iter("input") if one.get("type") == "hidden" and one.get("name")]
            fixed = [*parse_qsl(urlsplit(target).query), *((one.get("name"), one.get("value") or "") for one in hidden)]
            return _template(target, fixed, words.get("name"))
    return None


def _is_search(element: Document) -> bool:
    name = (element.get("name") or "").lower()
    return name in _SEARCH_NAMES or (bool(name) and element.get("type") == "search")


def _template(target: str, fixed: list[tuple[str, str]], name: str) -> str:
    kept = urlencode([(key, value) for key, value in fixed if key != name])
    asked = f"{quote(name)}={{query}}" + (f"&{kept}" if kept else "")
    return urljoin(target, f"{urlsplit(target).path}?{asked}")
