"""PrestaShop shops (1.7 and later): the search page's own data, as its scripts ask for it."""

from typing import Any
from urllib.parse import urlencode, urljoin

from crawlers.apis.base import Answer, Ask, Record, amount, inside, links, plain_text, records_of, text
from crawlers.currencies import currency_code
from crawlers.prices import read_price
from crawlers.reading.listing import ReadListing


class PrestaShop:
    """One shop; `currencies` are those that it declares, because a price is written with a sign only."""

    is_catalogue = False

    def __init__(self, home: str, currencies: tuple[str, ...]) -> None:
        self._home = home
        self._currencies = currencies

    def search(self, query: str) -> Ask:
        """The first page of what the shop finds."""
        words = urlencode({"controller": "search", "s": query, "page": 1, "from-xhr": 1})
        return self._ask(urljoin(self._home, f"index.php?{words}"))

    def read(self, ask: Ask, data: Any) -> Answer:
        """A page of products, with the next one that it names."""
        products = records_of(data, "products")
        records = [Record(read=self._listing(one), raw=one) for one in products if text(one.get("name"))]
        pages = inside(data, "pagination", "pages")
        following = next((one for one in _objects(pages) if one.get("type") == "next" and one.get("clickable")), None)
        url = next(iter(links([inside(following, "url")])), None)
        return Answer(records=tuple(records), next=self._ask(url) if url and products else None)

    def _ask(self, url: str) -> Ask:
        return Ask(url=url, headers={"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"})

    def _listing(self, product: dict[str, Any]) -> ReadListing:
        price = amount(product.get("price_amount"))
        shown = read_price(product.get("price"), self._currencies) if isinstance(product.get("price"), str) else None
        currency = text(product.get("currency")) or (shown.currency if shown else None)
        pictures = [one for one in [product.get("cover"), *_objects(product.get("images"))] if isinstance(one, dict)]
        available = product.get("availability")
        return ReadListing(
            id=text(product.get("id_product")) or text(product.get("id")),
            url=next(iter(links([product.get("url"), product.get("link"), product.get("canonical_url")])), None),
            title=plain_text(product.get("name")),
            description=plain_text(product.get("description")) or plain_text(product.get("description_short")),
            price=price if price is not None else shown.value if shown else None,
            currency=currency_code(currency, self._currencies) if price is not None or shown else None,
            availability={"available": "InStock", "last_remaining_items": "InStock", "unavailable": "OutOfStock"}.get(
                str(available)
            ),
            condition={"new": "NewCondition", "used": "UsedCondition", "refurbished": "RefurbishedCondition"}.get(
                str(inside(product, "condition", "type") or product.get("condition"))
            ),
            images=links([_largest(one) for one in pictures]),
            brand=text(product.get("manufacturer_name")),
            sku=text(product.get("reference")),
            gtin=_gtin(product.get("ean13")),
            category=text(product.get("category_name")),
        )


def _objects(value: Any) -> list[dict[str, Any]]:
    return (
        [one for one in value.values() if isinstance(one, dict)]
        if isinstance(value, dict)
        else [one for one in value or [] if isinstance(one, dict)]
        if isinstance(value, list)
        else []
    )


def _largest(picture: dict[str, Any]) -> str | None:
    sizes = _objects(picture.get("bySize")) or [one for one in [picture.get("large")] if isinstance(one, dict)]
    widest = max(sizes, key=lambda one: amount(one.get("width")) or 0, default=None)
    return text(widest.get("url")) if widest else None


def _gtin(value: Any) -> str | None:
    digits = text(value) or ""
    return digits if digits.isdigit() and 8 <= len(digits) <= 14 else None
