"""What a monitor's run will crawl: its queries, cut into crawls for each marketplace."""

from collections.abc import Iterable, Iterator, Mapping

import sqlalchemy as sa

from counterfoil.access import spider_of
from counterfoil.marketplaces import load_marketplaces
from counterfoil.models import Brand, Monitor, Product
from counterfoil.settings import Settings
from counterfoil.store.brands import list_brands
from counterfoil.store.products import list_products
from counterfoil.store.runs import PlannedCrawl
from counterfoil.text import normalise, tokens

# A crawl should last minutes: small enough that one that dies costs little, large enough that starting it is nothing.
_QUERIES_PER_CRAWL = 25


def plan(connection: sa.Connection, monitor: Monitor, spiders: Mapping[str, str]) -> list[PlannedCrawl]:
    """The crawls that a run of this monitor needs now; none when its products are all gone and it names no queries.

    `spiders` says which spider searches a marketplace, by name.
    """
    queries = monitor.queries or tuple(make_queries(connection, monitor))
    return [
        PlannedCrawl(marketplace=name, spider=spiders.get(name, "search"), queries=piece, limits=monitor.limits)
        for name in monitor.marketplaces
        for piece in _pieces(queries)
    ]


def choose_spiders(settings: Settings) -> dict[str, str]:
    """The spider that searches each declared marketplace. Raises InvalidDeclaration."""
    return {name: spider_of(one, settings) for name, one in load_marketplaces(settings).items()}


def make_queries(connection: sa.Connection, monitor: Monitor) -> Iterator[str]:
    """Search words from the products' names, aliases and keywords, each once."""
    brands = {brand.id: brand for brand in list_brands(connection, monitor.owner_id)}
    wanted = [product for product in list_products(connection, monitor.owner_id) if product.id in monitor.product_ids]
    seen: set[str] = set()
    for query in (query for product in wanted for query in _queries_of(product, brands[product.brand_id])):
        if normalise(query) not in seen:
            seen.add(normalise(query))
            yield query


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
