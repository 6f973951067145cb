"""A new market without code: drafted from its live pages, checked on saved ones, recorded against later changes."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import shops
import yaml
from commands import Ended, run_command
from hypothesis import given
from hypothesis import strategies as st
from market import Answer, Market, html, serving

from counterfoil.marketplaces import Marketplace, read_declaration
from counterfoil.settings import Settings
from crawlers.addresses import listing_id
from crawlers.drafting import listing_pattern, search_template, site_title


@pytest.fixture
def market() -> Iterator[Market]:
    with serving(Market()) as opened:
        opened.stock(12)
        yield opened


@pytest.fixture
def run(settings: Settings, market: Market) -> Iterator[object]:
    environment = {
        "COUNTERFOIL_DATA": str(settings.data),
        "COUNTERFOIL_ALLOW_HOSTS": f"127.0.0.1:{market.port}",
    }

    def command(*arguments: str, status: int = 0) -> Ended:
        ended = run_command(environment, "marketplace", *arguments)
        assert ended.status == status, ended
        return ended

    yield command


def test_a_page_of_results_drafts_a_declaration_that_can_be_used(run, market: Market, settings: Settings) -> None:
    run("new", f"{market.url}/search?q=lamp&page=1", "--query", "lamp", "--name", "lamps", "--write")
    declared = read_declaration(settings.marketplaces_folder / "lamps" / "marketplace.yaml")
    assert declared.search.url == f"{market.url}/search?q={{query}}&page=1"
    assert listing_id(declared, f"{market.url}/listing/7") == "7"
    assert (declared.currencies, declared.listing.required) == (("EUR",), ("title", "price", "images", "seller"))
    assert "never crawled" in declared.exercised
    assert (
        "exists already"
        in run("new", f"{market.url}/search?q=lamp", "--query", "lamp", "--name", "lamps", "--write", status=1).errors
    )


def test_a_shop_of_a_known_platform_is_drafted_by_its_platform(run, market: Market) -> None:
    shops.shopify(market)
    market.faults["/"] = html(
        '<div class="shopify-section"></div><script>Shopify.shop="x";Shopify.currency = {"active":"CHF"}</script>'
    )
    said = yaml.safe_load(run("new", market.url).output)
    assert (said["platform"], said["currencies"]) == ("shopify", ["CHF"])
    assert "search" not in said and Marketplace.model_validate(said).platform == "shopify"


def test_a_draft_that_needs_another_page_says_which(run, market: Market) -> None:
    market.faults["/"] = html("<p>Welcome</p>")
    assert "give a page of results, and --query its words" in run("new", market.url, status=2).errors
    market.faults["/robots.txt"] = Answer(body=b"User-agent: *\nDisallow: /\n", type="text/plain")
    assert "forbids" in run("new", market.url, status=1).errors


def test_a_declaration_is_run_on_saved_pages_and_says_where_each_value_stood(
    run, market: Market, settings: Settings, tmp_path: Path
) -> None:
    market.declare(settings.marketplaces_folder)
    page = tmp_path / "page.html"
    page.write_bytes(market.answer(_asked("/listing/3")).body)
    shown = run("check", "market", str(page), "--url", f"{market.url}/listing/3").output
    assert re.search(r"title +Lamp 3 +\S", shown) and re.search(r"price +3\.5 +json-ld", shown), shown
    page.write_bytes(b"<h1>Lamp 3</h1><p>gone</p>")
    failed = run("check", "market", str(page), "--url", f"{market.url}/listing/3", status=1)
    assert "price" in failed.output and "MISSING" in failed.output


def test_a_recorded_page_that_is_read_otherwise_later_is_noticed(run, market: Market, settings: Settings) -> None:
    market.declare(settings.marketplaces_folder)
    url = f"{market.url}/listing/3"
    assert "No page of market was recorded" in run("check", "market", status=2).errors
    kept = run("record", url, "--marketplace", "market")
    assert re.search(r"price +3\.5 ", kept.output)
    assert run("check", "market").output.splitlines() == [f"as expected  {url}"]
    (case,) = (settings.marketplaces_folder / "market" / "pages").glob("*.json")
    body = case.with_suffix(".body.gz")
    body.write_bytes(gzip.compress(gzip.decompress(body.read_bytes()).replace(b"3.50", b"9.99")))
    changed = run("check", "market", status=1)
    assert 'listings[1].price: expected "3.5", read "9.99"' in changed.output
    said = json.loads(case.read_text())
    said["expected"]["listings"][0].pop("price")
    case.write_text(json.dumps(said))
    assert run("check", "market").output.startswith("as expected")


def test_a_page_that_robots_txt_forbids_is_not_recorded(run, market: Market, settings: Settings) -> None:
    market.declare(settings.marketplaces_folder)
    market.faults["/robots.txt"] = Answer(body=b"User-agent: *\nDisallow: /listing\n", type="text/plain")
    assert "robots.txt" in run("record", f"{market.url}/listing/3", "--marketplace", "market", status=1).errors
    assert market.asked_for("/listing") == []


# ------------------------------------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        (["https://a.example/itm/235412345678", "https://a.example/itm/114059888671"], "235412345678"),
        (["https://a.example/item/red-lamp-12345.html", "https://a.example/item/blue-98765.html"], "12345"),
        (["https://a.example/product/red-lamp/", "https://a.example/product/blue-lamp-2/"], "red-lamp"),
        (["https://a.example/item.htm?id=77001&x=1", "https://a.example/item.htm?x=1&id=77002"], "77001"),
        (["https://a.example/en/p/lamp-a/i100200", "https://a.example/en/p/lamp-b/i100201"], "100200"),
        (["https://a.example/MLA-914734725-iphone-11", "https://a.example/MLA-871663112-ear"], "914734725"),
        (["https://a.example/itm/235412345678"], "235412345678"),
        (["https://a.example/lamps/red-lamp"], "red-lamp"),
    ],
)
def test_the_address_of_listings_tells_their_id(urls: list[str], expected: str) -> None:
    pattern = listing_pattern(urls)
    assert pattern is not None
    said = {"name": "a", "title": "A", "url": "https://a.example/", "exercised": "never"}
    declared = Marketplace.model_validate(
        said | {"search": {"url": "https://a.example/s?q={query}"}, "listing": {"url": pattern}}
    )
    found = [listing_id(declared, url) for url in urls]
    assert found[0] == expected and len(set(found)) == len(urls)
    assert listing_id(declared, "https://a.example/") is None


segment = st.text("abcdefghij-0123456789.", min_size=1, max_size=12)


@given(st.lists(st.lists(segment, min_size=1, max_size=4).map("/".join), min_size=1, max_size=6))
def test_any_addresses_make_a_pattern_that_fits_some_of_them_or_none(paths: list[str]) -> None:
    urls = [f"https://a.example/{path}" for path in paths]
    pattern = listing_pattern(urls)
    if pattern is not None:
        assert "(?P<id>" in pattern
        assert any(re.search(pattern, f"/{path}") for path in paths)


@pytest.mark.parametrize(
    ("url", "words", "expected"),
    [
        ("https://a.example/s?q=red+lamp&p=1", "red lamp", "https://a.example/s?q={query}&p=1"),
        ("https://a.example/search/Red%20lamp?x=", "red lamp", "https://a.example/search/{query}?x="),
        ("https://a.example/s?q=bag", "lamp", None),
    ],
)
def test_a_page_of_results_tells_how_to_search(url: str, words: str, expected: str | None) -> None:
    assert search_template(url, words) == expected


def _asked(path: str):
    from market import Asked

    return Asked(path, {}, {})


@pytest.mark.parametrize(
    ("named", "titles", "expected"),
    [
        ("Lamps & Co", ["x"], "Lamps & Co"),
        ("", ["All products | Harbour Goods -", '"lamp" | Harbour Goods -'], "Harbour Goods"),
        ("", ["Harbour Goods: home", "Lamps - Harbour Goods"], "Harbour Goods: home"),
        ("", ["Harbour Goods", "Search - Harbour Goods"], "Harbour Goods"),
        ("", ["Anything at all"], "Anything at all"),
        ("", ["", ""], None),
        ("", [], None),
    ],
)
def test_a_site_is_called_what_the_titles_of_its_pages_share(
    named: str, titles: list[str], expected: str | None
) -> None:
    assert site_title(named, titles) == expected
