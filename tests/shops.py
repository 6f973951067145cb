"""Shops on loopback that answer as their platforms do: in the shape of real captures, with made-up lamps."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from market import Answer, Asked, Market, html, serving
from PIL import Image
from suspicion import png

LAMPS = [f"{colour} lamp {number}" for number in range(1, 61) for colour in ("Red", "Green", "Blue", "White", "Black")]


def picture(number: int, side: int = 300) -> bytes:
    """A picture that is unlike every other."""
    return png(Image.effect_noise((side, side), 60 + number).rotate(number * 7))


@contextmanager
def three_lamps() -> Iterator[Market]:
    """A shop with three lamps, each with a page and a picture of its own."""
    market = Market()
    market.stock(3)
    for number in (1, 2, 3):
        market.faults[f"/picture/{number}-0.jpg"] = Answer(body=picture(number), type="image/png")
    with serving(market):
        yield market


def as_json(data: Any) -> Answer:
    """A JSON answer."""
    return Answer(body=json.dumps(data).encode(), type="application/json")


def piece(asked: Asked, sold: Sequence[str], size: int) -> tuple[int, list[tuple[int, str]]]:
    """(page, [(number, title)]) of what a page of results shows."""
    page = int(asked.query.get("page", "1"))
    return page, numbered(sold)[(page - 1) * size : page * size]


def numbered(titles: Sequence[str]) -> list[tuple[int, str]]:
    """Each title with the number of its lamp."""
    return [(LAMPS.index(title) + 1, title) for title in titles]


def found(words: str) -> list[str]:
    """The lamps whose titles have all the words."""
    return [title for title in LAMPS if all(word in title.casefold().split() for word in words.casefold().split())]


def shopify(market: Market) -> None:
    """`/products.json`, 250 a page."""

    def product(number: int, title: str) -> dict[str, Any]:
        return {
            "id": 10_000 + number,
            "title": title,
            "handle": f"lamp-{number}",
            "body_html": f"<p>The <b>{title}</b></p>",
            "vendor": "Lumen",
            "product_type": "Lamps",
            "tags": [],
            "variants": [
                {"id": number, "sku": f"L-{number}", "available": number % 2 == 0, "price": f"{number}.90"},
                {"id": -number, "sku": f"M-{number}", "available": False, "price": f"{number + 5}.90"},
            ],
            "images": [{"id": 1, "src": f"{market.url}/picture/{number}.jpg", "width": 800, "height": 800}],
        }

    def answer(asked: Asked) -> Answer:
        _, shown = piece(asked, LAMPS, int(asked.query.get("limit", "30")))
        return as_json({"products": [product(*one) for one in shown]})

    market.faults["/"] = html('<div class="shopify-section"></div><script>Shopify.shop = "x.myshopify.com"</script>')
    market.faults["/products.json"] = answer


def woocommerce(market: Market) -> None:
    """The Store API, with prices in tenths of a cent."""

    def product(number: int, title: str) -> dict[str, Any]:
        prices = {"price": f"{number}500", "currency_code": "KWD", "currency_minor_unit": 3}
        return {
            "id": number,
            "name": title.replace("Red", "Red &amp; warm"),
            "permalink": f"{market.url}/product/lamp-{number}/",
            "sku": f"L-{number}",
            "description": f"<p>{title}</p>",
            "prices": {**prices, "price_range": None},
            "average_rating": "4.50",
            "images": [{"id": 1, "src": f"{market.url}/picture/{number}.jpg"}],
            "categories": [{"id": 1, "name": "Lamps"}],
            "is_in_stock": True,
        }

    def answer(asked: Asked) -> Answer:
        _, shown = piece(asked, found(asked.query.get("search", "")), int(asked.query["per_page"]))
        return as_json([product(*one) for one in shown])

    market.faults["/"] = html('<link href="/wp-content/plugins/woocommerce/x.css">')
    market.faults["/wp-json/wc/store/v1/products"] = answer


def magento(market: Market) -> None:
    """GraphQL by GET."""

    def product(number: int, title: str) -> dict[str, Any]:
        price = {"final_price": {"value": number + 0.5, "currency": "SAR"}}
        return {
            "sku": f"L-{number}",
            "name": title,
            "url_key": f"lamp-{number}",
            "stock_status": "OUT_OF_STOCK",
            "description": {"html": f"<p>{title}</p>"},
            "categories": [{"name": "Home"}, {"name": "Lamps"}],
            "small_image": {"url": f"{market.url}/picture/{number}.jpg"},
            "media_gallery": [{"url": f"{market.url}/picture/{number}.jpg"}],
            "price_range": {"minimum_price": price, "maximum_price": price},
        }

    def answer(asked: Asked) -> Answer:
        said = json.loads(asked.query["variables"])
        sold = found(said.get("words", ""))
        size, page = said["size"], said["page"]
        shown = numbered(sold)[(page - 1) * size : page * size]
        info = {"current_page": page, "total_pages": -(-len(sold) // size)}
        products = {"page_info": info, "items": [product(*one) for one in shown]}
        return as_json({"data": {"products": products, "storeConfig": {"product_url_suffix": ".html"}}})

    market.faults["/"] = html('<script type="text/x-magento-init">{}</script><link href="/static/version1/frontend/x">')
    market.faults["/graphql"] = answer


def prestashop(market: Market) -> None:
    """The search page's data, for scripts."""

    def product(number: int, title: str) -> dict[str, Any]:
        picture = {"url": f"{market.url}/picture/{number}.jpg", "width": 800, "height": 800}
        small = {"url": f"{market.url}/picture/{number}-small.jpg", "width": 98, "height": 98}
        return {
            "id_product": str(number),
            "name": title,
            "price": f"{number},50\u00a0€",
            "price_amount": number + 0.5,
            "url": f"{market.url}/lamps/{number}-lamp.html",
            "reference": f"L-{number}",
            "ean13": "4006381333931",
            "manufacturer_name": "Lumen",
            "availability": "available",
            "condition": {"type": "new", "label": "New product"},
            "cover": {"bySize": {"large_default": picture, "small_default": small}},
        }

    def answer(asked: Asked) -> Answer:
        if asked.headers.get("accept") != "application/json":
            return html("the page itself")
        words = asked.query.get("s", "")
        sold = found("" if words == "*" else words)
        page, shown = piece(asked, sold, 24)
        more = {"type": "next", "page": page + 1, "clickable": page * 24 < len(sold)}
        more["url"] = f"{market.url}/index.php?controller=search&s={words}&page={page + 1}&from-xhr=1"
        return as_json({"products": [product(*one) for one in shown], "pagination": {"pages": {"1": more}}})

    market.faults["/"] = html('<meta name="generator" content="PrestaShop"><script>var prestashop = {}</script>')
    market.faults["/index.php"] = answer


def sitemap(market: Market) -> None:
    """Listing pages that a sitemap of sitemaps names, among other pages."""
    market.stock(12)
    listings = "".join(f"<url><loc>{market.url}/listing/{number}</loc></url>" for number in range(1, 13))
    about = f"<url><loc>{market.url}/listing/about-us</loc></url>"
    market.listings["about-us"] = {"title": "About lamps", "price": "", "images": []}
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    maps = ("products", "blog")
    index = "".join(f"<sitemap><loc>{market.url}/maps/{name}.xml</loc></sitemap>" for name in maps)
    market.faults["/robots.txt"] = Answer(
        body=f"User-agent: *\nSitemap: {market.url}/maps/all.xml\n".encode(), type="text/plain"
    )
    market.faults["/maps/all.xml"] = Answer(
        body=f'<sitemapindex xmlns="{space}">{index}</sitemapindex>'.encode(), type="text/xml"
    )
    market.faults["/maps/products.xml"] = Answer(
        body=f'<urlset xmlns="{space}">{listings}{about}</urlset>'.encode(), type="text/xml"
    )


PLATFORMS: dict[str, Callable[[Market], None]] = {
    "shopify": shopify,
    "woocommerce": woocommerce,
    "magento": magento,
    "prestashop": prestashop,
}
