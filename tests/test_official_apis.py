"""Official APIs, asked with the operator's own keys: stand-ins that check them, real Scrapy processes."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import run_command
from crawling import Bench
from market import Answer, Market, serving
from official import APIS, KEYS, StandIn

from counterfoil.clock import now
from counterfoil.evidence import EvidenceStore
from counterfoil.models import FinishReason, ListingFacts
from counterfoil.settings import Settings, load_settings
from counterfoil.store import Store
from counterfoil.store.images import add_image
from counterfoil.store.products import add_reference_image
from crawlers.apis.base import read_json
from crawlers.apis.ebay import EbayBrowse
from crawlers.apis.mercadolibre import MercadoLibre
from crawlers.apis.rakuten import Rakuten
from scheduler.planning import choose_searches, plan

SITES = {"ebay": "EBAY_US", "mercadolibre": "MLA"}
LISTINGS = {
    "ebay": r"^/itm/(?P<id>\d+)",
    "etsy": r"^/listing/(?P<id>\d+)",
    "mercadolibre": r"^/(?P<id>MLA-?\d+)",
    "rakuten": r"^/shop/(?P<id>\d+)/",
}


@pytest.fixture
def bench(settings: Settings, sqlite_store: Store) -> Iterator[Bench]:
    with serving(Market()) as market:
        made = Bench(settings, sqlite_store, market)
        yield made
        made.close()


def open_api(bench: Bench, client: str, keys: dict[str, str] | None = None) -> StandIn:
    """Declare the market with this API, start the stand-in, and set the keys."""
    address = bench.market.url + ("/ichiba/search" if client == "rakuten" else "/")
    said: dict[str, Any] = {
        "name": "market",
        "title": "A market with an API",
        "url": f"{bench.market.url}/",
        "exercised": "by this test",
        "api": {"client": client, "url": address, "site": SITES.get(client, "")},
        "search": {"url": f"{bench.market.url}/search?q={{query}}"},
        "listing": {"url": LISTINGS[client]},
        "politeness": {"delay": 0, "concurrency": 8},
    }
    folder = bench.settings.marketplaces_folder / "market"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "marketplace.yaml").write_text(yaml.safe_dump(said))
    bench.environment.update({f"COUNTERFOIL_{name}": value for name, value in (keys or KEYS[client]).items()})
    stand_in = StandIn(bench.market)
    APIS[client](stand_in)
    # What forbids everybody everything does not hold for who has a key.
    bench.market.faults["/robots.txt"] = Answer(
        body=b"User-agent: *\nDisallow: /v3/\nDisallow: /buy/\n", type="text/plain"
    )
    return stand_in


def facts(bench: Bench) -> dict[str, ListingFacts]:
    return {version.facts.title: version.facts for version in bench.versions()}


@pytest.mark.parametrize("client", APIS)
def test_all_pages_of_an_api_are_read_with_the_details_of_each_listing(bench: Bench, client: str) -> None:
    open_api(bench, client)
    crawl = bench.crawl("red lamp", "nothing of the kind", spider="api")
    assert crawl.reason is FinishReason.FINISHED, (crawl.detail, bench.log)
    found = facts(bench)
    red = 'Red "warm" lamp 1' if client == "etsy" else "Red lamp 1"
    assert len(found) == 60 and red in found
    first, market = found[red], bench.market.url
    expected = {
        "ebay": (Decimal("1.50"), "USD", f"{market}/itm/1", "seller1", f"{market}/picture/1/s-l1600.jpg", "Lumen"),
        "etsy": (Decimal("1.50"), "EUR", f"{market}/listing/1", "1", f"{market}/picture/1.jpg", None),
        "mercadolibre": (Decimal("1.5"), "ARS", f"{market}/MLA-1-lamp", "1", f"{market}/picture/1.jpg", "Lumen"),
        "rakuten": (Decimal("1"), "JPY", f"{market}/shop/1/", "shop", f"{market}/picture/1.jpg", None),
    }[client]
    seller = first.seller.key if first.seller else None
    assert (first.price, first.currency, first.url, seller, first.images[0].url, first.brand) == expected
    assert all(len(one.images) == 1 for one in found.values())
    ranks = {key: rank for (query, key), rank in bench.ranks(crawl).items() if query == "red lamp"}
    assert sorted(ranks.values()) == list(range(1, 61))
    assert "s3cret" not in bench.log and "token-1" not in bench.log


def test_what_is_known_as_it_is_costs_no_second_call_for_its_details(bench: Bench) -> None:
    open_api(bench, "ebay")
    bench.crawl("red lamp 1", spider="api")
    assert len(bench.market.asked_for("/buy/browse/v1/item/")) == 1
    again = bench.crawl("red lamp 1", spider="api")
    assert (again.counters.seen, again.counters.new, again.counters.changed) == (1, 0, 0)
    assert len(bench.market.asked_for("/buy/browse/v1/item/")) == 1
    assert len(bench.versions()) == 1


def test_a_token_that_has_run_out_is_renewed_on_the_way(bench: Bench) -> None:
    api = open_api(bench, "ebay")
    api.calls_per_token = 30
    crawl = bench.crawl("red lamp", spider="api")
    assert (crawl.reason, crawl.counters.seen) == (FinishReason.FINISHED, 60), (crawl.detail, bench.log)
    assert api.tokens >= 3


@pytest.mark.parametrize("client", ["ebay", "etsy", "mercadolibre", "rakuten"])
def test_keys_that_are_refused_end_the_crawl_and_say_so(bench: Bench, client: str) -> None:
    open_api(bench, client, dict.fromkeys(KEYS[client], "wrong"))
    crawl = bench.crawl("red lamp", spider="api")
    assert crawl.reason is FinishReason.BLOCKED, (crawl.reason, crawl.detail)
    assert "wrong" not in (crawl.detail or "") or client == "rakuten"


def test_a_quota_that_is_used_up_ends_the_crawl_until_the_api_says(bench: Bench) -> None:
    open_api(bench, "etsy")
    bench.market.faults["/v3/application/listings/active"] = Answer(status=429, headers={"Retry-After": "3600"})
    crawl = bench.crawl("red lamp", spider="api")
    assert crawl.reason is FinishReason.RATE_LIMITED and "asks for a pause" in (crawl.detail or "")


def test_a_quota_that_is_used_up_without_a_word_ends_the_crawl_too(bench: Bench) -> None:
    open_api(bench, "etsy")
    for number in range(1, 301):
        bench.market.faults[f"/v3/application/listings/{number}"] = Answer(status=429)
    crawl = bench.crawl("red lamp", spider="api")
    assert crawl.reason is FinishReason.RATE_LIMITED, crawl.detail
    assert len(bench.market.asked_for("/v3/application/listings/")) < 60


def test_no_redirect_takes_the_keys_to_another_host(bench: Bench) -> None:
    open_api(bench, "etsy")
    with serving(Market()) as elsewhere:
        bench.environment["COUNTERFOIL_ALLOW_HOSTS"] = f"127.0.0.1:{bench.market.port},127.0.0.1:{elsewhere.port}"
        away = Answer(status=302, headers={"Location": f"{elsewhere.url}/"})
        bench.market.faults["/v3/application/listings/active"] = away
        crawl = bench.crawl("red lamp", spider="api")
        assert crawl.reason is FinishReason.LAYOUT and elsewhere.asked == []


def test_without_keys_nothing_is_asked(bench: Bench) -> None:
    open_api(bench, "ebay", {"EBAY_CLIENT_ID": "app"})
    crawl = bench.crawl("red lamp", spider="api")
    assert crawl.reason is FinishReason.CRASHED and "COUNTERFOIL_EBAY_CLIENT_SECRET" in (crawl.detail or "")
    assert bench.market.asked == []


# --------------------------------------------------------------------------------------------- pictures, planning


def test_reference_images_are_searched_for_where_the_api_can(bench: Bench, evidence: EvidenceStore) -> None:
    api = open_api(bench, "ebay")
    sha256 = evidence.put_image(b"\x89PNG the brand's own picture")
    crawl = bench.crawl(f"image:{sha256}", spider="api")
    assert crawl.reason is FinishReason.FINISHED, crawl.detail
    assert api.pictures == [b"\x89PNG the brand's own picture"]
    assert list(facts(bench)) == ["A lamp without a name"]


def test_a_plan_prefers_the_api_where_its_keys_are_set(bench: Bench, tmp_path: Path) -> None:
    open_api(bench, "ebay")
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    keys = {"COUNTERFOIL_EBAY_CLIENT_ID": "app", "COUNTERFOIL_EBAY_CLIENT_SECRET_FILE": str(secret)}
    environment = {"COUNTERFOIL_DATA": str(bench.settings.data), "COUNTERFOIL_OWNER": "tests"}
    without, with_keys = load_settings(environment), load_settings({**environment, **keys})
    from rows import new_monitor, new_product

    product = new_product(bench.store, bench.owner_id)
    with bench.store.write() as connection:
        add_image(connection, "a" * 64, 9, now())
        add_reference_image(connection, bench.owner_id, product, "a" * 64, "p.png", now())
    monitor = new_monitor(
        bench.store, bench.owner_id, product_ids=(product,), marketplaces=("market",), queries=("bag",)
    )
    with bench.store.read() as connection:
        (plain,) = plan(connection, monitor, choose_searches(without))
        (preferred,) = plan(connection, monitor, choose_searches(with_keys))
    assert (plain.spider, plain.queries) == ("search", ("bag",))
    assert (preferred.spider, preferred.queries) == ("api", ("bag", "image:" + "a" * 64))
    shown = run_command(environment, "marketplace", "show", "market").output
    assert "by its official API once COUNTERFOIL_EBAY_CLIENT_ID and COUNTERFOIL_EBAY_CLIENT_SECRET are set" in shown
    assert "with your keys" in run_command({**environment, **keys}, "marketplace", "show", "market").output


# --------------------------------------------------------------------------------------------------- captures


def test_real_answers_of_ebay_are_read(test_data: Path) -> None:
    keys = {"ebay_client_id": "", "ebay_client_secret": ""}
    api = EbayBrowse("https://api.ebay.com/", "EBAY_US", keys, lambda sha256: b"")
    folder = test_data / "pages" / "ebay"
    answer = api.read(api.search("iphone"), read_json((folder / "browse_search_iphone_price.json").read_bytes()))
    first = answer.records[0].read
    assert (len(answer.records), first.id, first.price, first.currency) == (100, "385462201428", Decimal("0.75"), "USD")
    assert (first.seller, first.ships_from, first.condition) == ("funda48", "CN", "NewCondition")
    assert first.images[0] == "https://i.ebayimg.com/images/g/~xgAAOSwghxkBdLn/s-l1600.jpg"
    assert answer.next is not None and "offset=100" in answer.next.url
    whole = api.read_detail(read_json((folder / "browse_item_fs2_1.json").read_bytes())).read
    assert (whole.id, whole.price, whole.currency, whole.brand) == ("114059888671", Decimal("425.00"), "GBP", "Samsung")
    assert (whole.condition, whole.availability) == ("UsedCondition", "InStock")


def test_real_answers_of_mercado_libre_and_rakuten_are_read(test_data: Path) -> None:
    folder = test_data / "pages"
    market = MercadoLibre(
        "https://api.mercadolibre.com/", "MLA", {"mercadolibre_client_id": "", "mercadolibre_client_secret": ""}
    )
    read = market.read(market.search("x"), read_json((folder / "mercadolibre/api_mla_iphone_2021.json").read_bytes()))
    first = read.records[0].read
    assert (first.id, first.price, first.currency, first.seller_id) == (
        "MLA914734725",
        Decimal(135000),
        "ARS",
        "270044118",
    )
    ichiba = Rakuten("https://x.example/", {"rakuten_application_id": "", "rakuten_access_key": ""})
    ranking = read_json((folder / "rakuten/api_ichiba_ranking_search.json").read_bytes())
    listing = ichiba.read(ichiba.search("x"), ranking).records[0].read
    assert (listing.id, listing.price, listing.currency) == ("girls-web:10000087", Decimal(3980), "JPY")
    assert listing.images[0].endswith("rakubana_1.jpg")
