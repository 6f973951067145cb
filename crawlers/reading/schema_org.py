"""Claims out of schema.org nodes, JSON-LD and microdata alike, and out of OpenGraph."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from crawlers.currencies import currency_code
from crawlers.offers import read_offers
from crawlers.prices import read_price, read_price_text
from crawlers.reading.claims import Claims, claims
from crawlers.reading.context import PageContext
from crawlers.reading.text import bare, fixed_address, one_line, plain
from crawlers.structured import Node, products
from crawlers.values import first, schema_word, text_of, url_of

_MOST_PICTURES = 40
_GTINS = ("gtin", "gtin13", "gtin14", "gtin12", "gtin8", "isbn", "ean")


def from_nodes(source: str, product: Node, nodes: Sequence[Node], page: PageContext) -> Claims:
    """What a product node says; `nodes` are all of the page, which it may name instead of repeating them."""
    by_id = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str) and len(node) > 1}
    offers = read_offers(product, by_id, page.used_here)
    rating = product.get("aggregateRating")
    rating = rating[0] if isinstance(rating, list) and rating else rating
    return claims(
        source,
        id=one_line(text_of(product.get("productID"))) or one_line(text_of(product.get("sku"))),
        url=_own_address(product, page),
        title=one_line(text_of(product.get("name"))),
        description=plain(text_of(product.get("description"))),
        price=offers.price,
        price_max=offers.price_max,
        currency=offers.currency,
        availability=offers.availability,
        condition=schema_word(product.get("itemCondition")) or offers.condition,
        seller=one_line(offers.seller_name),
        seller_id=offers.seller_id,
        seller_url=fixed_address(offers.seller_url, page.base),
        ships_from=one_line(offers.ships_from),
        category=one_line(text_of(product.get("category"))),
        brand=one_line(text_of(product.get("brand"))),
        sku=one_line(text_of(product.get("sku"))),
        gtin=_gtin(product),
        images=addresses(_images(product.get("image"), by_id), page.base),
        rating=_rating(rating),
        ratings=_ratings(rating),
    )


def main_product(nodes: list[Node], page: PageContext) -> tuple[Node | None, int]:
    """The product that the page is about, and how many different products its nodes name.

    The one that names the page's address or title wins, else the outermost.
    """
    found = products(nodes)
    if not found:
        return None, 0
    names = {one_line(text_of(node.get("name"))) for node in found}
    path = _path(page.url or page.canonical)
    canonical = _path(page.canonical)
    for product in found:
        named = _path(_own_address(product, page))
        if named and named in {path, canonical} and named != "/":
            return product, len(names)
    for product in found:
        if is_named(product, page.heading, page.title):
            return product, len(names)
    return found[0], len(names)


def is_named(product: Node, *texts: str | None) -> bool:
    """Whether a heading or title names the product."""
    name = bare(text_of(product.get("name")))
    return len(name) > 2 and any(
        text and (name in text or (len(text) > 8 and text in name)) for text in map(bare, texts)
    )


def from_opengraph(page: PageContext) -> Claims:
    """What the page's OpenGraph and product properties say."""
    said = page.meta

    def one(*names: str) -> str | None:
        return first(*(said.get(name, [None])[0] for name in names))

    written = one("product:sale_price:amount", "product:price:amount", "og:price:amount")
    amount = read_price(written, page.used_here)
    text = read_price_text(written, page.used_here) if written and amount is None else None
    stated = currency_code(
        one("product:sale_price:currency", "product:price:currency", "og:price:currency"), page.used_here
    )
    price = amount.value if amount else text.low if text else None
    images = [*said.get("og:image", []), *said.get("og:image:url", []), *said.get("og:image:secure_url", [])]
    return claims(
        "opengraph",
        title=one_line(one("og:title")),
        description=plain(one("og:description")),
        price=price,
        currency=(stated or (amount.currency if amount else text.currency if text else None))
        if price is not None
        else stated,
        availability=schema_word(one("product:availability", "og:availability")),
        condition=schema_word(one("product:condition")),
        brand=one_line(one("product:brand", "og:brand")),
        category=one_line(one("product:category")),
        sku=one("product:retailer_item_id"),
        id=one("product:retailer_item_id"),
        images=addresses(images, page.base),
    )


def addresses(images: Iterable[str], base: str | None) -> tuple[str, ...]:
    """Web addresses of pictures, each once; what is none is left out."""
    kept: dict[str, None] = {}
    for image in images:
        address = fixed_address(image, base)
        if address and not address.endswith((".svg", "/")):
            kept[address] = None
    return tuple(kept)[:_MOST_PICTURES]


def _own_address(product: Node, page: PageContext) -> str | None:
    said = url_of(product.get("url"))
    if said is None:
        offers = product.get("offers")
        offer = offers[0] if isinstance(offers, list) and offers else offers
        said = url_of(offer.get("url")) if isinstance(offer, dict) else None
    if said is None and isinstance(product.get("@id"), str) and "/" in str(product.get("@id")):
        said = str(product["@id"])
    return fixed_address(said, page.base)


def _path(url: str | None) -> str | None:
    try:
        return unquote(urlsplit(url).path).rstrip("/").lower() or "/" if url else None
    except ValueError:
        return None


def _images(said: Any, by_id: Mapping[str, Node]) -> Iterable[str]:
    for image in said if isinstance(said, list) else [said]:
        if isinstance(image, list):
            yield from _images(image, {})
        if isinstance(image, dict):
            image = by_id.get(str(image.get("@id")), image)
            image = first(image.get("contentUrl"), image.get("url"), image.get("@id"))
        if isinstance(image, list):
            image = next((one for one in image if isinstance(one, str)), None)
        if isinstance(image, str):
            yield image


def _gtin(product: Node) -> str | None:
    for name in _GTINS:
        digits = (text_of(product.get(name)) or "").replace("-", "").replace(" ", "")
        if digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 14:
            return digits
    return None


def _rating(said: Any) -> str | None:
    amount = read_price(text_of(said.get("ratingValue"))) if isinstance(said, dict) else None
    return format(amount.value, "f") if amount is not None and amount.value > 0 else None


def _ratings(said: Any) -> int | None:
    if not isinstance(said, dict):
        return None
    digits = text_of(first(said.get("ratingCount"), said.get("reviewCount"))) or ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else None
