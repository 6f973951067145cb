"""Shops of known platforms are read through their own interfaces: real servers, real Scrapy processes."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import shops
import yaml
from commands import run_command
from crawling import Bench
from hypothesis import given
from hypothesis import strategies as st
from market import Answer, Market, serving

from counterfoil.marketplaces import Marketplace
from counterfoil.models import FinishReason, ListingFacts
from counterfoil.settings import Settings
from counterfoil.store import Store
from crawlers.apis.base import Interface, UnexpectedAnswer, read_json
from crawlers.apis.magento import Magento
from crawlers.apis.prestashop import PrestaShop
from crawlers.apis.shopify import Shopify
from crawlers.apis.woocommerce import WooCommerce

HOME = "https://shop.example/"
INTERFACES: dict[str, Interface] = {
    "shopify": Shopify(HOME, "EUR"),
    "woocommerce": WooCommerce(HOME),
    "magento": Magento(HOME),
    "prestashop": PrestaShop(HOME, ("EUR",)),
}


@pytest.fixture
def bench(settings: Settings, sqlite_store: Store) -> Iterator[Bench]:
    with serving(Market()) as market:
        made = Bench(settings, sqlite_store, market)
        yield made
        made.close()


def declare(bench: Bench, platform: str, **more: Any) -> None:
    """Declare the market as a shop of a platform: nothing but its name, address and platform."""
    said = {
        "name": "market",
        "title": "A shop",
        "url": f"{bench.market.url}/",
        "platform": platform,
        "currencies": ["EUR"],
        "exercised": "by this test",
        "politeness": {"delay": 0, "concurrency": 8},
        **more,
    }
    folder = bench.settings.marketplaces_folder / "market"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "marketplace.yaml").write_text(yaml.safe_dump(said))


def facts(bench: Bench) -> dict[str, ListingFacts]:
    return {version.facts.title: version.facts for version in bench.versions()}


@pytest.mark.parametrize("platform", shops.PLATFORMS)
def test_a_shop_is_searched_through_its_platform_without_a_line_of_code(bench: Bench, platform: str) -> None:
    shops.PLATFORMS[platform](bench.market)
    declare(bench, platform)
    crawl = bench.crawl("red lamp", "green lamp 7", spider="shop")
    assert crawl.reason is FinishReason.FINISHED, (crawl.detail, bench.log)
    found = facts(bench)
    red = "Red & warm lamp 1" if platform == "woocommerce" else "Red lamp 1"
    assert len(found) == 61 and {red, "Green lamp 7"} <= set(found)
    first = found[red]
    expected = {
        "shopify": (Decimal("1.90"), Decimal("6.90"), "EUR", f"{bench.market.url}/products/lamp-1", "Lumen"),
        "woocommerce": (Decimal("1.500"), None, "KWD", f"{bench.market.url}/product/lamp-1/", None),
        "magento": (Decimal("1.5"), None, "SAR", f"{bench.market.url}/lamp-1.html", None),
        "prestashop": (Decimal("1.5"), None, "EUR", f"{bench.market.url}/lamps/1-lamp.html", "Lumen"),
    }[platform]
    assert (first.price, first.price_max, first.currency, first.url, first.brand) == expected
    assert first.availability in {"InStock", "OutOfStock"}
    assert [image.url for image in first.images] == [f"{bench.market.url}/picture/1.jpg"]
    assert all(image.sha256 for one in found.values() for image in one.images)
    assert bench.market.asked_for("/search") == [] and "/robots.txt" in bench.market.asked_for("/robots")


def test_the_query_for_everything_reads_the_whole_shop(bench: Bench) -> None:
    shops.shopify(bench.market)
    declare(bench, "shopify")
    crawl = bench.crawl("*", spider="shop")
    assert (crawl.reason, crawl.counters.seen) == (FinishReason.FINISHED, 300), crawl.detail
    assert len(bench.market.asked_for("/products.json")) == 2


def test_a_shop_without_an_interface_is_read_along_its_sitemap(bench: Bench) -> None:
    shops.sitemap(bench.market)
    declare(bench, "sitemap", listing={"url": "^/listing/(?P<id>[^/]+)$"})
    crawl = bench.crawl("lamp 1", "lamp 12", spider="shop")
    assert crawl.reason is FinishReason.FINISHED, (crawl.detail, bench.log)
    assert sorted(facts(bench)) == ["Lamp 1", "Lamp 12"]
    assert len(bench.market.asked_for("/listing/")) == 13
    assert bench.market.asked_for("/maps/") == ["/maps/all.xml", "/maps/products.xml"]


@pytest.mark.parametrize(
    ("answer", "reason", "said"),
    [
        (Answer(body=b"<html>log in</html>"), FinishReason.LAYOUT, "is no JSON"),
        (Answer(body=b'{"errors": 1}'), FinishReason.LAYOUT, "no list at products"),
        (Answer(status=403), FinishReason.BLOCKED, "403"),
        (Answer(status=429, headers={"Retry-After": "3600"}), FinishReason.RATE_LIMITED, "asks for a pause"),
    ],
)
def test_a_shop_that_does_not_answer_as_its_platform_does_says_so(
    bench: Bench, answer: Answer, reason: FinishReason, said: str
) -> None:
    bench.market.faults["/products.json"] = answer
    declare(bench, "shopify")
    crawl = bench.crawl("lamp", spider="shop")
    assert crawl.reason is reason and said in (crawl.detail or ""), crawl.detail


def test_a_shop_whose_robots_txt_forbids_its_interface_is_not_read(bench: Bench) -> None:
    shops.woocommerce(bench.market)
    bench.market.faults["/robots.txt"] = Answer(body=b"User-agent: *\nDisallow: /wp-json/\n", type="text/plain")
    declare(bench, "woocommerce")
    crawl = bench.crawl("lamp", spider="shop")
    assert crawl.reason is FinishReason.ROBOTS
    assert bench.market.asked_for("/wp-json") == []


# ---------------------------------------------------------------------------------------------------- probing


def probe(bench: Bench, **more: str) -> dict[str, Any]:
    environment = {
        "COUNTERFOIL_DATA": str(bench.settings.data),
        "COUNTERFOIL_ALLOW_HOSTS": f"127.0.0.1:{bench.market.port}",
    }
    ended = run_command({**environment, **more}, "marketplace", "probe", bench.market.url, "--json")
    assert ended.status == 0, ended
    return dict(json.loads(ended.output))


@pytest.mark.parametrize("platform", shops.PLATFORMS)
def test_a_home_page_tells_the_platform_and_the_way_that_works(bench: Bench, platform: str) -> None:
    shops.PLATFORMS[platform](bench.market)
    found = probe(bench)
    assert (found["platform"], found["best"]) == (platform, platform), found
    assert "lamp" in found["routes"][0]["said"]


def test_a_site_of_no_known_platform_is_read_by_its_search_or_its_sitemap(bench: Bench) -> None:
    shops.sitemap(bench.market)
    bench.market.faults["/"] = Answer(
        body=b'<form action="/search"><input type=hidden name=l value=en><input name=q></form>'
    )
    found = probe(bench)
    assert (found["platform"], found["best"]) == (None, "crawl")
    assert found["search"] == f"{bench.market.url}/search?q={{query}}&l=en"
    assert {"route": "sitemap", "works": True, "said": f"{bench.market.url}/maps/all.xml names 2 sitemaps"} in found[
        "routes"
    ]


def test_a_site_whose_robots_txt_forbids_it_is_asked_for_nothing_else(bench: Bench) -> None:
    bench.market.faults["/robots.txt"] = Answer(body=b"User-agent: *\nDisallow: /\n", type="text/plain")
    found = probe(bench)
    assert found["best"] is None and "robots.txt forbids" in found["routes"][0]["said"]
    assert [asked.path for asked in bench.market.asked] == ["/robots.txt"]


def test_an_internal_address_is_not_probed(bench: Bench) -> None:
    environment = {"COUNTERFOIL_DATA": str(bench.settings.data), "COUNTERFOIL_CONTACT": "a@example.com"}
    ended = run_command(environment, "marketplace", "probe", bench.market.url)
    assert ended.status == 2 and "cannot be asked" in ended.errors
    assert bench.market.asked == []


# --------------------------------------------------------------------------------------------------- captures


@pytest.mark.parametrize(
    ("platform", "file", "count", "first"),
    [
        ("shopify", "shopify/products_elsewedy_en_p1_2026.json", 4, ("Luma floodlight 400W IP65 6500K", "7136.40")),
        ("woocommerce", "woocommerce/store_products_demo_3dec.json", 10, ("Logo Collection", "18.000")),
    ],
)
def test_real_answers_are_read(test_data: Path, platform: str, file: str, count: int, first: tuple[str, str]) -> None:
    interface = INTERFACES[platform]
    answer = interface.read(interface.search("x"), read_json((test_data / "pages" / file).read_bytes()))
    read = [record.read for record in answer.records]
    assert len(read) == count and (read[0].title, str(read[0].price)) == first
    assert all(one.id and one.url and one.images for one in read)


def test_a_real_answer_of_magento_is_read(test_data: Path) -> None:
    capture = read_json((test_data / "pages" / "magento" / "graphql_madar_2026.json").read_bytes())
    interface = INTERFACES["magento"]
    answer = interface.read(interface.search("x"), {"data": {"products": capture["products_page1_trimmed"]}})
    assert [(one.read.title, one.read.currency) for one in answer.records[:1]] == [
        ("QGC Gypsum Board - 12.5mm x 1.2 x 2.4mtr - Fire Rated", None)
    ]
    assert answer.next is not None


_KEYS = (
    *("products", "items", "data", "title", "name", "price", "prices", "variants", "images", "src", "url"),
    *("price_range", "minimum_price", "final_price", "value", "currency_minor_unit", "pagination", "pages"),
    *("categories", "description", "cover", "bySize", "handle", "errors", "permalink"),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(_KEYS),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(data=json_values, platform=st.sampled_from(sorted(INTERFACES)))
def test_any_answer_is_read_or_called_unexpected(data: Any, platform: str) -> None:
    interface = INTERFACES[platform]
    try:
        answer = interface.read(interface.search("x"), data)
    except UnexpectedAnswer:
        return
    for record in answer.records:
        assert record.read.title and record.body
        assert record.read.price is None or record.read.price >= 0


def test_a_shop_of_a_platform_is_declared_in_five_lines() -> None:
    said = {"name": "s", "title": "S", "url": HOME, "platform": "shopify", "exercised": "never"}
    shop = Marketplace.model_validate(said)
    assert shop.search.url == "https://shop.example/search?q={query}&type=product"
    assert shop.hosts == ("shop.example",)
