"""The generic reader of listing pages: a parsed page in, an item out, no I/O.

Sources in order of trust: JSON-LD, microdata, OpenGraph, the visible title. The first that states a field wins; price
and currency go together. A value that no source states is absent.
"""

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import html_text

from crawlers.addresses import web_address
from crawlers.currencies import currency_code
from crawlers.items import LONGEST_URL, MOST_IMAGES, ListingItem
from crawlers.offers import read_offers
from crawlers.prices import read_price
from crawlers.structured import Document, Node, json_ld, microdata, opengraph, products
from crawlers.values import first, schema_word, text_of, url_of

_FIELDS = (
    *("title", "description", "price", "availability", "condition", "seller_name", "ships_from"),
    *("category", "brand", "sku", "gtin", "images", "attributes"),
)
# Fields that belong to one another are taken from one source or not at all.
_WITH = {"price": ("price_max", "currency"), "seller_name": ("seller_id", "seller_url")}
_ENOUGH = ("title", "price", "currency", "images", "seller_name")
_ORIGIN_LABELS = frozenset({"ships from", "shipped from", "dispatched from", "item location", "versand aus", "发货地"})
_GTINS = ("gtin", "gtin13", "gtin14", "gtin12", "gtin8", "isbn")


def extract_listing(root: Document, url: str, currencies: Sequence[str] = ()) -> ListingItem:
    """What the page at `url` says about its listing; `currencies` are those that the marketplace declares."""
    item = ListingItem(url=url)
    _fill(item, _from_nodes(json_ld(root), url, currencies))
    if not all(getattr(item, name) for name in _ENOUGH):
        _fill(item, _from_nodes(microdata(root, url), url, currencies))
        _fill(item, _from_opengraph(opengraph(root), url, currencies))
    if item.title is None:
        item.title = visible_title(root)
    if item.ships_from is None:
        item.ships_from = labelled(root, _ORIGIN_LABELS)
    return item


def visible_title(root: Document) -> str | None:
    """The page's first heading, else its title."""
    for path in ("//h1", "//title"):
        for element in root.xpath(path):
            text = " ".join(element.text_content().split())
            if text:
                return text
    return None


def labelled(root: Document, labels: frozenset[str]) -> str | None:
    """The visible value beside one of these labels, in a list of terms or a table."""
    for label in root.iter("dt", "th"):
        if " ".join(label.text_content().split()).rstrip(":").casefold() in labels:
            value = label.getnext()
            if value is not None and value.tag in {"dd", "td"}:
                return " ".join(value.text_content().split())[:300] or None
    return None


def _fill(item: ListingItem, source: ListingItem | None) -> None:
    if source is None:
        return
    for name in _FIELDS:
        if not getattr(item, name) and getattr(source, name):
            for field in (name, *_WITH.get(name, ())):
                setattr(item, field, getattr(source, field))
    if item.currency is None and item.price is not None and item.price == source.price:
        item.currency = source.currency


def _from_nodes(nodes: list[Node], url: str, currencies: Sequence[str]) -> ListingItem | None:
    found = products(nodes)
    if not found:
        return None
    product = _about(found, url)
    by_id = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str) and len(node) > 1}
    offers = read_offers(product, by_id, currencies)
    return ListingItem(
        url=url,
        title=_plain(text_of(product.get("name"))),
        description=_plain(text_of(product.get("description"))),
        price=offers.price,
        price_max=offers.price_max,
        currency=offers.currency,
        availability=offers.availability,
        condition=schema_word(product.get("itemCondition")) or offers.condition,
        seller_id=offers.seller_id,
        seller_name=_plain(offers.seller_name),
        seller_url=web_address(url, offers.seller_url),
        ships_from=offers.ships_from,
        category=_plain(text_of(product.get("category"))),
        brand=_plain(text_of(product.get("brand"))),
        sku=text_of(product.get("sku")),
        gtin=_gtin(product),
        images=_addresses(_images(product.get("image"), by_id), url),
        attributes=_attributes(product),
    )


def _about(found: list[Node], url: str) -> Node:
    """The product that the page is about: the one that names the page's address, else the outermost."""
    path = urlsplit(web_address(url, url) or url).path
    for product in found:
        named = web_address(url, url_of(product.get("url")) or url_of(product.get("@id")))
        if named and urlsplit(named).path == path:
            return product
    return found[0]


def _images(said: Any, by_id: Mapping[str, Node]) -> Iterable[str]:
    for image in said if isinstance(said, list) else [said]:
        if isinstance(image, dict):
            image = by_id.get(str(image.get("@id")), image)
            image = first(image.get("contentUrl"), image.get("url"), image.get("@id"))
        if isinstance(image, str):
            yield image


def _addresses(images: Iterable[str], url: str) -> list[str]:
    """Complete web addresses in their canonical spelling, each once; what is none is left out."""
    kept: dict[str, None] = {}
    for image in images:
        address = web_address(url, html.unescape(image.strip()))
        if address and len(address) <= LONGEST_URL:
            kept[address] = None
    return list(kept)[:MOST_IMAGES]


def _gtin(product: Node) -> str | None:
    for name in _GTINS:
        digits = (text_of(product.get(name)) or "").replace("-", "").replace(" ", "")
        if digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 14:
            return digits
    return None


def _attributes(product: Node) -> dict[str, Any]:
    rating = product.get("aggregateRating")
    if not isinstance(rating, dict):
        return {}
    said = {
        "rating": text_of(rating.get("ratingValue")),
        "ratings": text_of(first(rating.get("ratingCount"), rating.get("reviewCount"))),
    }
    return {name: value[:40] for name, value in said.items() if value}


def _plain(text: str | None) -> str | None:
    """Text without the markup and entities that many shops leave in their structured data."""
    if text is None:
        return None
    if "<" in text and ">" in text:
        text = html_text.extract_text(text[:200_000])
    return html.unescape(text) if "&" in text else text


def _from_opengraph(said: Mapping[str, list[str]], url: str, currencies: Sequence[str]) -> ListingItem | None:
    def one(*names: str) -> str | None:
        return first(*(said.get(name, [None])[0] for name in names))

    amount = read_price(one("product:price:amount", "og:price:amount"), currencies)
    stated = currency_code(one("product:price:currency", "og:price:currency"), currencies)
    images = [*said.get("og:image", []), *said.get("og:image:url", []), *said.get("og:image:secure_url", [])]
    return ListingItem(
        url=url,
        title=one("og:title"),
        description=one("og:description"),
        price=amount.value if amount else None,
        currency=(stated or amount.currency) if amount else None,
        availability=schema_word(one("product:availability", "og:availability")),
        condition=schema_word(one("product:condition")),
        brand=one("product:brand", "og:brand"),
        category=one("product:category"),
        sku=one("product:retailer_item_id"),
        images=_addresses(images, url),
    )
