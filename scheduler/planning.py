"""What a monitor's run will crawl: its queries, cut into crawls for each marketplace."""

from collections.abc import Iterable, Iterator, Mapping

import sqlalchemy as sa

from counterfoil.access import IMAGE_QUERY, Search, search_of
from counterfoil.marketplaces import load_marketplaces
from counterfoil.models import Brand, Monitor, Product
from counterfoil.settings import Settings
from counterfoil.store.brands import list_brands
from counterfoil.store.products import list_products, list_reference_images
from counterfoil.store.runs import PlannedCrawl
from counterfoil.text import normalise, tokens

# A crawl should last minutes: small enough that one that dies costs little, large enough that starting it is nothing.
_QUERIES_PER_CRAWL = 25
# Each is a call of its own against the day's quota.
_IMAGES_PER_PRODUCT = 3


def plan(connection: sa.Connection, monitor: Monitor, searches: Mapping[str, Search]) -> list[PlannedCrawl]:
    """The crawls that a run of this monitor needs now; none when its products are all gone and it names no queries.

    `searches` says how each marketplace is searched, by name.
    """
    queries = monitor.queries or tuple(make_queries(connection, monitor))
    planned = []
    for name in monitor.marketplaces:
        search = searches.get(name, Search())
        images = image_queries(connection, monitor) if search.by_image else ()
        planned += [
            PlannedCrawl(marketplace=name, spider=search.spider, queries=piece, limits=monitor.limits)
            for piece in _pieces((*queries, *images))
        ]
    return planned


def choose_searches(settings: Settings) -> dict[str, Search]:
    """How each declared marketplace is searched. Raises InvalidDeclaration."""
    return {name: search_of(one, settings) for name, one in load_marketplaces(settings).items()}


def image_queries(connection: sa.Connection, monitor: Monitor) -> tuple[str, ...]:
    """Reference images of the monitor's products as queries, each once, the first few of each product."""
    queries: dict[str, None] = {}
    for product in _products(connection, monitor):
        images = list_reference_images(connection, monitor.owner_id, product.id)
        queries.update(dict.fromkeys(IMAGE_QUERY + image.image_sha256 for image in images[:_IMAGES_PER_PRODUCT]))
    return tuple(queries)


def make_queries(connection: sa.Connection, monitor: Monitor) -> Iterator[str]:
    """Search words from the products' names, aliases and keywords, each once."""
    brands = {brand.id: brand for brand in list_brands(connection, monitor.owner_id)}
    seen: set[str] = set()
    for query in (
        query for product in _products(connection, monitor) for query in _queries_of(product, brands[product.brand_id])
    ):
        if normalise(query) not in seen:
            seen.add(normalise(query))
            yield query


def _products(connection: sa.Connection, monitor: Monitor) -> list[Product]:
    """The products that a monitor watches; all of its owner's, as they are now, where it names none."""
    every = list_products(connection, monitor.owner_id)
    return [product for product in every if not monitor.product_ids or product.id in monitor.product_ids]


def _queries_of(product: Product, brand: Brand) -> Iterable[str]:
    yield product.name if _names(product.name, brand.name) else f"{brand.name} {product.name}"
    yield from product.aliases
    yield from product.keywords


def _names(text: str, brand: str) -> bool:
    """Whether the brand's words stand in the text: "Marathon" has no "On" in it."""
    words, wanted = tokens(text), tokens(brand)
    return any(words[start : start + len(wanted)] == wanted for start in range(len(words)))


def _pieces(queries: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(queries), _QUERIES_PER_CRAWL):
        yield queries[start : start + _QUERIES_PER_CRAWL]
