from dataclasses import replace

import pytest
from rows import NOON, new_monitor, new_owner

from counterfoil.models import CrawlLimits, Monitor, Product
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.brands import add_brand
from counterfoil.store.products import ProductEntry, add_product, remove_product
from scheduler.planning import choose_searches, make_queries, plan


@pytest.fixture
def owner_id(sqlite_store: Store) -> int:
    return new_owner(sqlite_store)


def add(store: Store, owner_id: int, name: str, brand: str = "Acme", **said: tuple[str, ...]) -> Product:
    with store.write() as connection:
        entry = ProductEntry(brand_id=add_brand(connection, owner_id, brand, (), NOON).id, name=name)
        return add_product(connection, owner_id, replace(entry, **said), NOON)


def queries(store: Store, monitor: Monitor) -> list[str]:
    with store.read() as connection:
        return list(make_queries(connection, monitor))


def watching(store: Store, *products: Product, **changes: object) -> Monitor:
    owner_id = products[0].owner_id
    return new_monitor(
        store, owner_id, product_ids=tuple(product.id for product in products), **{"queries": (), **changes}
    )


def test_queries_are_made_from_names_aliases_and_keywords(sqlite_store: Store, owner_id: int) -> None:
    product = add(sqlite_store, owner_id, "Trail 30", aliases=("トレイル 30",), keywords=("hiking backpack", "背包"))
    assert queries(sqlite_store, watching(sqlite_store, product)) == [
        "Acme Trail 30",
        "トレイル 30",
        "hiking backpack",
        "背包",
    ]


@pytest.mark.parametrize(
    ("name", "brand", "query"),
    [
        ("Trail 30", "Acme", "Acme Trail 30"),
        ("ACME® Trail 30", "Acme", "ACME® Trail 30"),
        ("The acmé trail", "Acme", "The acmé trail"),
        ("Trail by Acme & Sons", "Acme & Sons", "Trail by Acme & Sons"),
        ("Marathon 3", "On", "On Marathon 3"),
        ("艾克美背包", "艾克美", "艾克美背包"),
        ("美背包", "艾克美", "艾克美 美背包"),
    ],
)
def test_a_name_gets_the_brand_before_it_unless_it_has_it_already(
    sqlite_store: Store, owner_id: int, name: str, brand: str, query: str
) -> None:
    product = add(sqlite_store, owner_id, name, brand)
    assert queries(sqlite_store, watching(sqlite_store, product)) == [query]


def test_queries_that_mean_the_same_are_asked_once(sqlite_store: Store, owner_id: int) -> None:
    one = add(sqlite_store, owner_id, "Trail 30", keywords=("backpack",), aliases=("ACME trail 30",))
    two = add(sqlite_store, owner_id, "Trail 40", keywords=("Backpack", "BACKPACK"))
    assert queries(sqlite_store, watching(sqlite_store, one, two)) == ["Acme Trail 30", "backpack", "Acme Trail 40"]


def test_only_the_monitors_own_products_make_queries(sqlite_store: Store, owner_id: int) -> None:
    watched = add(sqlite_store, owner_id, "Trail 30")
    add(sqlite_store, owner_id, "Trail 40")
    add(sqlite_store, new_owner(sqlite_store, "other"), "Trail 50")
    assert queries(sqlite_store, watching(sqlite_store, watched)) == ["Acme Trail 30"]


def test_a_product_that_was_taken_back_is_no_longer_looked_for(sqlite_store: Store, owner_id: int) -> None:
    kept, removed = (add(sqlite_store, owner_id, name) for name in ("Trail 30", "Trail 40"))
    monitor = watching(sqlite_store, kept, removed)
    with sqlite_store.write() as connection:
        remove_product(connection, owner_id, removed.id, NOON)
        assert list(make_queries(connection, monitor)) == ["Acme Trail 30"]
        remove_product(connection, owner_id, kept.id, NOON)
        assert plan(connection, monitor, {}) == []


def test_queries_that_a_person_gave_are_asked_as_they_are(sqlite_store: Store, owner_id: int) -> None:
    product = add(sqlite_store, owner_id, "Trail 30")
    monitor = watching(sqlite_store, product, queries=("acme bag", "ACME bag"))
    with sqlite_store.read() as connection:
        (crawl,) = plan(connection, monitor, {})
    assert crawl.queries == ("acme bag", "ACME bag")


def test_a_plan_has_crawls_for_every_marketplace_with_the_monitors_limits(sqlite_store: Store, owner_id: int) -> None:
    limits = CrawlLimits(pages=7)
    monitor = new_monitor(sqlite_store, owner_id, marketplaces=("a", "b"), queries=("bag",), limits=limits)
    with sqlite_store.read() as connection:
        crawls = plan(connection, monitor, {})
    assert [(crawl.marketplace, crawl.spider, crawl.queries) for crawl in crawls] == [
        ("a", "search", ("bag",)),
        ("b", "search", ("bag",)),
    ]
    assert {crawl.limits for crawl in crawls} == {limits}


@pytest.mark.parametrize(("number", "crawls"), [(1, 1), (25, 1), (26, 2), (51, 3), (500, 20)])
def test_many_queries_are_cut_into_crawls_that_ask_each_once(
    sqlite_store: Store, owner_id: int, number: int, crawls: int
) -> None:
    wanted = tuple(f"query {index}" for index in range(number))
    monitor = new_monitor(sqlite_store, owner_id, queries=wanted)
    with sqlite_store.read() as connection:
        planned = plan(connection, monitor, {})
    assert len(planned) == crawls
    assert tuple(query for crawl in planned for query in crawl.queries) == wanted


def test_a_marketplace_is_searched_by_the_spider_that_its_declaration_asks_for(
    sqlite_store: Store, owner_id: int, settings: Settings
) -> None:
    folder = settings.marketplaces_folder / "outlet"
    folder.mkdir(parents=True)
    said = "{name: outlet, title: O, url: 'https://outlet.example/', platform: shopify, exercised: never}"
    (folder / "marketplace.yaml").write_text(said)
    monitor = new_monitor(sqlite_store, owner_id, marketplaces=("outlet", "undeclared"), queries=("bag",))
    with sqlite_store.read() as connection:
        crawls = plan(connection, monitor, choose_searches(settings))
    assert {crawl.marketplace: crawl.spider for crawl in crawls} == {"outlet": "shop", "undeclared": "search"}
