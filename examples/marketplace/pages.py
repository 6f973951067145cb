"""Turns what is on sale into pages: HTML for people, JSON-LD for machines, a sitemap and robots.txt."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader

from examples.marketplace import FOLDER
from examples.marketplace.catalogue import Listing
from examples.marketplace.shop import Page, Shop

SITE_NAME = "Fairmarket"
_CONDITIONS = {"used": "https://schema.org/UsedCondition", "refurbished": "https://schema.org/RefurbishedCondition"}


class Pages:
    """Renders every page of a shop; templates are compiled once and escape whatever a listing says."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._templates = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            site_name=SITE_NAME,
            categories=shop.categories,
            slugs=shop.slugs,
            step=_step,
            price_text=price_text,
            image_path=_image_path,
        )

    def home(self) -> str:
        """The categories, and a few listings of each."""
        return self._render("home.html", title="Everything, fairly found")

    def found(self, query: str, page: Page) -> str:
        """A page of search results."""
        heading = f"Results for “{query}”" if query.strip(" *") else "All listings"
        return self._list(heading, page, "/search", {"q": query}, query=query)

    def category(self, slug: str, page: Page) -> str:
        """A page of a category."""
        return self._list(self._shop.by_slug[slug].name, page, f"/category/{_step(slug)}", {})

    def seller(self, seller_id: str, page: Page) -> str:
        """A page of what one seller offers."""
        name = self._shop.by_seller[seller_id][0].seller or seller_id
        return self._list(f"Everything from {name}", page, f"/seller/{_step(seller_id)}", {})

    def listing(self, listing: Listing, base: str) -> str:
        """A listing's own page; `base` is the address of the site, ending in a slash."""
        url = f"{base}listing/{_step(listing.id)}"
        images = [base + _image_path(name)[1:] for name in listing.images]
        described = described_product(listing, base)
        return self._render(
            "listing.html", title=listing.title, listing=listing, url=url, images=images, described=described
        )

    def message(self, title: str, text: str) -> str:
        """A page that only says something."""
        return self._render("message.html", title=title, text=text)

    def login(self) -> str:
        """The page on which people say who they are."""
        return self._render("login.html", title="Log in")

    def _list(self, heading: str, page: Page, path: str, parameters: dict[str, str], query: str = "") -> str:
        links = {number: f"{path}?{urlencode({**parameters, 'page': number})}" for number in _linked(page)}
        return self._render("listings.html", title=heading, page=page, links=links, query=query)

    def _render(self, template: str, **facts: Any) -> str:
        return self._templates.get_template(template).render(**facts)


def price_text(listing: Listing) -> str:
    """The price as people see it, with its exact digits; empty where none is asked."""
    return " ".join(part for part in (listing.price, listing.currency) if part) if listing.price else ""


def described_product(listing: Listing, base: str) -> dict[str, Any]:
    """The listing as a schema.org Product with an Offer; what is not known is left out."""
    return _known(
        {
            "@context": "https://schema.org",
            "@type": "Product",
            "name": listing.title,
            "description": listing.description,
            "productID": listing.id,
            "sku": listing.id,
            "category": listing.category,
            "image": [base + _image_path(name)[1:] for name in listing.images] or None,
            "url": f"{base}listing/{_step(listing.id)}",
            "offers": _offer(listing, base),
        }
    )


def _offer(listing: Listing, base: str) -> dict[str, Any]:
    return _known(
        {
            "@type": "Offer",
            "url": f"{base}listing/{_step(listing.id)}",
            "price": listing.price,
            "priceCurrency": listing.currency if listing.price else None,
            "availability": "https://schema.org/InStock",
            "itemCondition": _CONDITIONS.get(listing.condition or "", "https://schema.org/NewCondition"),
            "seller": _seller(listing, base),
        }
    )


def _seller(listing: Listing, base: str) -> dict[str, Any] | None:
    if not listing.seller and not listing.seller_id:
        return None
    return _known(
        {
            "@type": "Organization",
            "name": listing.seller,
            "identifier": listing.seller_id,
            "url": f"{base}seller/{_step(listing.seller_id)}" if listing.seller_id else None,
        }
    )


def sitemap(shop: Shop, base: str) -> str:
    """Every page that a search engine should know (sitemaps.org, 0.9)."""
    steps = [f"category/{_step(category.slug)}" for category in shop.categories]
    steps += [f"listing/{_step(listing.id)}" for listing in shop.listings]
    addresses = "".join(f"<url><loc>{_xml(base + step)}</loc></url>\n" for step in ("", *steps))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{addresses}</urlset>\n'
    )


def robots(base: str) -> str:
    """Crawlers may read everything but the cart (RFC 9309)."""
    return f"User-agent: *\nDisallow: /cart\nAllow: /\n\nSitemap: {base}sitemap.xml\n"


def _linked(page: Page) -> Sequence[int]:
    beside = (number for number in (page.number - 1, page.number + 1) if 1 <= number <= page.last)
    return [*page.nearby, *beside]


def _step(text: str) -> str:
    return quote(text, safe="")


def _image_path(name: str) -> str:
    return f"/image/{quote(name)}"


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
