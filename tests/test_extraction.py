"""The generic reader of listing pages: a page in, what it says out, and nothing that it does not say."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from web_poet import HttpResponse

from counterfoil.marketplaces import Marketplace
from counterfoil.models import Sighting
from crawlers.addresses import web_address
from crawlers.cleaning import block, line
from crawlers.currencies import currency_code
from crawlers.extraction import extract_listing
from crawlers.items import ListingItem, Picture, to_facts
from crawlers.pages import ListingPage, PageKind, ResultsPage
from crawlers.prices import read_price
from crawlers.reading.context import PageContext
from crawlers.reading.documents import parse_html

URL = "https://market.example/listing/7"

PRODUCT: dict[str, Any] = {
    "@context": "https://schema.org",
    "@type": "Product",
    "name": "Table lamp &amp; shade",
    "description": "<p>Warm light.</p><p>Two metres of cable.</p>",
    "image": ["/a.jpg", "https://cdn.example/b.jpg#large", "/a.jpg", "data:image/png;base64,AAAA"],
    "sku": "L-7",
    "gtin13": "4006381333931",
    "brand": {"@type": "Brand", "name": "Lumen"},
    "category": "Lamps",
    "aggregateRating": {"ratingValue": 4.5, "reviewCount": 12},
    "offers": {
        "@type": "Offer",
        "price": 19.90,
        "priceCurrency": "EUR",
        "availability": "https://schema.org/InStock",
        "itemCondition": "https://schema.org/NewCondition",
        "seller": {"@type": "Organization", "name": "Light shop", "identifier": "s-3", "url": "/seller/s-3"},
        "shippingDetails": {"shippingOrigin": {"@type": "DefinedRegion", "addressCountry": "PL"}},
    },
}


def read(body: str, url: str = URL, currencies: tuple[str, ...] = ()) -> ListingItem:
    market = Marketplace.model_validate({**DECLARED, "currencies": currencies}) if currencies else None
    return extract_listing(PageContext(body, parse_html(body), url, market), url)


def script(data: Any) -> str:
    return f'<script type="application/ld+json">{data if isinstance(data, str) else json.dumps(data)}</script>'


def offer(**said: Any) -> str:
    return script({"@type": "Product", "name": "Lamp", "offers": said})


def test_a_product_in_json_ld_is_read_field_by_field() -> None:
    item = read(script(PRODUCT))
    assert item.title == "Table lamp & shade"
    assert item.description == "Warm light.\n\nTwo metres of cable."
    assert (item.price, item.price_max, item.currency) == (Decimal("19.9"), None, "EUR")
    assert (item.availability, item.condition) == ("InStock", "NewCondition")
    assert (item.seller_name, item.seller_id) == ("Light shop", "s-3")
    assert item.seller_url == "https://market.example/seller/s-3"
    assert (item.ships_from, item.category, item.brand) == ("PL", "Lamps", "Lumen")
    assert (item.sku, item.gtin) == ("L-7", "4006381333931")
    assert item.images == ["https://market.example/a.jpg", "https://cdn.example/b.jpg"]
    assert item.attributes == {"rating": "4.5", "ratings": "12"}


def test_what_a_page_does_not_show_is_absent() -> None:
    item = read("<h1>Just a heading</h1><p>only 19.90 a month</p>")
    assert item == ListingItem(url=URL, listing_id="7", title="Just a heading")


def test_the_same_product_in_microdata_is_read_the_same() -> None:
    item = read(
        """<div itemscope itemtype="https://schema.org/Product"><h2 itemprop="name">Lamp</h2>
        <img itemprop="image" src="/a.jpg">
        <div itemprop="offers" itemscope itemtype="https://schema.org/Offer">
        <meta itemprop="priceCurrency" content="USD"><span itemprop="price" content="1299.00">$1,299</span>
        <link itemprop="availability" href="http://schema.org/OutOfStock"><div itemprop="seller" itemscope
        itemtype="https://schema.org/Person"><b itemprop="name">Ann</b></div></div></div>"""
    )
    assert (item.title, item.price, item.currency, item.availability) == ("Lamp", Decimal(1299), "USD", "OutOfStock")
    assert (item.seller_name, item.images) == ("Ann", ["https://market.example/a.jpg"])


def test_opengraph_fills_in_what_the_better_sources_leave_open() -> None:
    tags = """<meta property="og:title" content="Other title"><meta property="og:image" content="/og.jpg">
    <meta property="product:price:amount" content="5.00"><meta property="product:price:currency" content="GBP">"""
    item = read(f"<head>{tags}{script({'@type': 'Product', 'name': 'Lamp'})}</head>")
    assert (item.title, item.price, item.currency) == ("Lamp", Decimal(5), "GBP")
    assert item.images == ["https://market.example/og.jpg"]


def test_price_and_currency_of_two_sources_are_never_mixed() -> None:
    tags = '<meta property="og:price:amount" content="5.00"><meta property="og:price:currency" content="GBP">'
    assert read(f"<head>{tags}{offer(price='19.90')}</head>").currency is None
    assert read(f"<head>{tags}{offer(price='5.00')}</head>").currency == "GBP"


def test_the_product_that_names_the_pages_address_is_the_listing() -> None:
    other = {"@type": "Product", "name": "You may also like", "url": "/listing/8"}
    mine = {"@type": "Product", "name": "This one", "url": URL + "?ref=1"}
    assert read(script([other, mine])).title == "This one"
    related = {"@type": "Product", "name": "This one", "isRelatedTo": [other]}
    assert read(script({"@graph": [{"@type": "WebPage"}, related]})).title == "This one"


def test_several_offers_are_a_price_range_in_one_currency() -> None:
    offers = [
        {"price": "30", "priceCurrency": "EUR"},
        {"price": "20", "priceCurrency": "EUR"},
        {"price": "1", "priceCurrency": "USD"},
    ]
    item = read(script({"@type": "Product", "name": "Lamp", "offers": offers}))
    assert (item.price, item.price_max, item.currency) == (Decimal(20), Decimal(30), "EUR")
    item = read(offer(**{"@type": "AggregateOffer", "lowPrice": 7, "highPrice": "9.50", "priceCurrency": "CNY"}))
    assert (item.price, item.price_max, item.currency) == (Decimal(7), Decimal("9.5"), "CNY")


def test_a_seller_named_elsewhere_on_the_page_is_found() -> None:
    graph = [
        {"@type": "Product", "name": "Lamp", "offers": {"price": 1, "seller": {"@id": "#shop"}}},
        {"@type": "Organization", "@id": "#shop", "name": "Light shop"},
    ]
    assert read(script({"@graph": graph})).seller_name == "Light shop"


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "",
        "null",
        "[[[[",
        '{"@type": "Product", "name": ',
        "<!-- nothing -->",
        '{"@type": ["Product", 7], "name": {"name": {"name": null}}, "offers": [[], 3, {"price": {}}]}',
        '{"@type": "Product", "name": NaN, "offers": {"price": Infinity}}',
        '{"@type": "Product", "offers": {"price": ' + "9" * 5_000 + "}}",
        '{"@type": "Product", "offers": {"price": 1e999999}}',
        "[" * 100_000,
        '{"a":' * 10_000 + "1" + "}" * 10_000,
    ],
)
def test_broken_json_ld_hides_nothing_else(broken: str) -> None:
    item = read(f"{script(broken)}{script(PRODUCT)}<h1>Heading</h1>")
    assert item.price is None or item.price == Decimal("19.9")
    assert item.title in {"Table lamp & shade", "Heading"}


def test_where_it_ships_from_is_read_beside_its_label() -> None:
    assert read("<dl><dt>Ships from:</dt><dd> The  Netherlands </dd></dl>").ships_from == "The Netherlands"
    assert read("<table><tr><th>发货地</th><td>广东</td></tr></table>").ships_from == "广东"
    assert read("<dl><dt>Ships from</dt><dt>Ships to</dt><dd>Europe</dd></dl>").ships_from is None


def test_comment_marks_around_json_ld_are_ignored() -> None:
    assert read(script('<!-- {"@type": "Product", "name": "Lamp"} -->')).title == "Lamp"
    assert read(script('//<![CDATA[\n{"@type": "Product", "name": "Lamp"}\n//]]>')).title == "Lamp"


@pytest.mark.parametrize(
    ("said", "value", "currency"),
    [
        (19.9, "19.9", None),
        (1300, "1300", None),
        ("1299.00", "1299", None),
        ("1.299,90 €", "1299.9", "EUR"),
        ("EUR 1,299.90", "1299.9", "EUR"),
        ("US $12.50", "12.5", "USD"),
        ("￥1,299.00", "1299", "CNY"),
        ("R$ 1.299,90", "1299.9", "BRL"),
        ("0", "0", None),
    ],
)
def test_prices_are_exact_decimals(said: object, value: str, currency: str | None) -> None:
    amount = read_price(said, ("CNY",))
    assert amount is not None
    assert (str(amount.value), amount.currency) == (value, currency)


@pytest.mark.parametrize(
    "said",
    [
        None,
        True,
        "",
        "on request",
        "10 - 20 €",
        "2 for 5.00",
        -1,
        "1" * 19,
        1e30,
        float("nan"),
        "0.00000001",
        {},
        "9" * 99,
    ],
)
def test_what_is_no_price_is_not_guessed(said: object) -> None:
    assert read_price(said) is None


def test_a_sign_with_several_meanings_is_settled_by_the_marketplace_or_not_at_all() -> None:
    assert currency_code("$") is None
    assert currency_code("$", ("CAD", "EUR")) == "CAD"
    assert read(offer(price="$5"), currencies=("CAD", "USD")).currency is None
    assert read(offer(price="$5"), currencies=("CAD", "EUR")).currency == "CAD"
    assert currency_code("€", ("USD",)) == "EUR"
    assert currency_code("eur") == "EUR"
    assert currency_code("XYZ") is None


@given(st.text(max_size=400))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    read(f"{script(text)}{offer(price=text, priceCurrency=text, seller=text, availability=text)}<h1>{text}</h1>{text}")


# What pages write where an address should be, and what no reader of addresses may fail at.
ODD_ADDRESSES = (
    *("http://[x", "https://[shop]/p", "//[::1", "http://x.example:99999/", "http://x.example:y/", "http://", "?", "#"),
    *("javascript:alert(1)", "javascript:void(0)", "mailto:x@y.example", "tel:1", "data:,x", "http://a b/", "\ud800"),
)

json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20) | st.sampled_from(ODD_ADDRESSES),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                (
                    *("@type", "@id", "name", "offers", "price", "priceCurrency", "seller", "image", "url", "brand"),
                    *("shippingDetails", "additionalProperty", "priceSpecification", "hasVariant", "aggregateRating"),
                )
            ),
            inner | st.just("Product"),
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(json_values)
def test_no_json_makes_the_reader_fail_and_every_price_is_sound(data: Any) -> None:
    everywhere = dict.fromkeys(("url", "offers", "image", "seller", "brand"), data)
    item = read(script({"@type": "Product", "name": "Lamp", **everywhere}))
    assert item.title == "Lamp"
    assert item.price is None or (item.price.is_finite() and item.price >= 0)
    assert all(image.startswith(("http://", "https://")) and image.isascii() for image in item.images)
    assert all(image.isprintable() for image in item.images)
    assert item.seller_url is None or item.seller_url.startswith(("http://", "https://"))
    to_facts(item)


@pytest.mark.parametrize("odd", ODD_ADDRESSES)
def test_an_address_that_cannot_be_read_loses_itself_alone(odd: str) -> None:
    seller = {"@type": "Organization", "name": "Shop", "url": odd}
    said = {**PRODUCT, "url": odd, "@id": odd, "image": [odd, "/a.jpg"], "offers": {"price": 1, "seller": seller}}
    item = read(script(said))
    assert (item.price, item.seller_name, item.images[-1]) == (Decimal(1), "Shop", "https://market.example/a.jpg")
    assert item.seller_url in {None, URL, f"{URL}?"}


@given(st.text(max_size=30) | st.sampled_from(ODD_ADDRESSES))
def test_every_link_can_be_asked_for_or_leads_nowhere(link: str) -> None:
    for address in (link, f"http://{link}", f"http://shop.example{link}", f"//shop.example:{link}/"):
        found = web_address(URL, address)
        assert found is None or Request(found).url.startswith(("http://", "https://"))


@given(st.text(alphabet=st.characters(), max_size=300), st.integers(1, 50))
def test_kept_text_fits_every_database(text: str, limit: int) -> None:
    for kept in (line(text, limit), block(text, limit)):
        assert kept is None or (0 < len(kept) <= limit and kept == kept.strip())
        assert kept is None or not any(sign in kept for sign in "\x00\x1b\r\u0085\ud800")
        (kept or "").encode()


def test_facts_are_cut_to_what_is_kept() -> None:
    item = ListingItem(
        url=URL,
        title="T" * 5_000,
        description="d\x00\n\n\n\nd " * 20_000,
        seller_name="Ａ\u0301",
        pictures=[Picture(url=f"https://x.example/{number}", error="e" * 900) for number in range(50)],
        sightings=[],
    )
    facts = to_facts(item)
    assert len(facts.title) == 1_000
    assert facts.description is not None
    assert len(facts.description) <= 20_000
    assert facts.description.startswith("d\n\nd d\n\nd")
    assert len(facts.images) == 20
    with pytest.raises(ValueError, match="without a title"):
        to_facts(ListingItem(url=URL, title=" \x00 "))


def test_a_seller_is_named_by_what_cannot_be_copied() -> None:
    def key(**said: Any) -> str | None:
        seller = to_facts(ListingItem(url=URL, title="x", **said)).seller
        return seller.key if seller else None

    assert key(seller_id="s1", seller_name="Shop", seller_url="https://m.example/u/2") == "s1"
    assert key(seller_name="Shop", seller_url="https://m.example/u/2?x=1") == "u/2?x=1"
    assert key(seller_name="Light SHOP") == "light shop"
    assert key() is None


DECLARED: dict[str, Any] = {
    "name": "market",
    "title": "Market",
    "url": "https://www.market.example/",
    "currencies": ["EUR"],
    "exercised": "here",
    "search": {
        "url": "https://www.market.example/search?q={query}",
        "card": ".card",
        "link": "a",
        "title": "h2::text",
        "price": ".price",
        "image": "img",
        "empty": ".none",
    },
    "listing": {"url": r"^/listing/(?P<id>\d+)", "required": ["title", "price", "seller"]},
}


def results(body: str, number: int = 1, **search: Any) -> Any:
    declared = Marketplace.model_validate({**DECLARED, "search": {**DECLARED["search"], **search}})
    response = HttpResponse(url="https://www.market.example/search?q=lamp", body=body.encode(), encoding="utf-8")
    return ResultsPage(response=response, declaration=declared).read("lamp", number)


CARDS = """
<div class=card><a href="/listing/1?pos=1"><h2> Lamp  one </h2><img data-src="/t.jpg"></a><b class=price>5 €</b></div>
<div class=card><a href="https://ads.example/listing/9">advert</a></div><div class=card>placeholder</div>
<div class=card><a href="/listing/1?pos=2">again</a></div>
<div class=card><a href="https://item.market.example/listing/2">x</a></div>"""


def test_cards_are_read_without_adverts_and_twins() -> None:
    page = results(CARDS)
    assert page.kind is PageKind.RESULTS
    assert [(card.listing_id, card.rank) for card in page.cards] == [("1", 1), ("2", 2)]
    first = page.cards[0]
    assert (first.title, first.price, first.thumbnail) == ("Lamp one", "5 €", "https://www.market.example/t.jpg")
    assert first.url == "https://www.market.example/listing/1?pos=1"


def test_a_card_whose_link_cannot_be_followed_is_no_listing() -> None:
    card = '<div class=card><a href="{}">x</a></div>'
    odd = ("https://www.market.example:99999/listing/8", "javascript:open('/listing/8')", "https://[x/listing/8")
    page = results("".join(map(card.format, odd)) + CARDS)
    assert [card.listing_id for card in page.cards] == ["1", "2"]
    # The address, and so the id, is spelt as it will be asked for.
    assert results(card.format("/listing/9?q=ü")).cards[0].url == "https://www.market.example/listing/9?q=%C3%BC"


def test_an_empty_result_is_empty_whatever_else_the_page_offers() -> None:
    assert results(f"<p class=none>Nothing</p>{CARDS}").kind is PageKind.EMPTY
    assert results("<p>New design!</p>").kind is PageKind.UNKNOWN
    assert results("<title>Robot Check</title>").kind is PageKind.BLOCKED
    assert results(f"<title>Robot Check lamp</title>{CARDS}").kind is PageKind.RESULTS


def test_results_without_prices_are_the_links_that_look_like_listings() -> None:
    undescribed = Marketplace.model_validate({**DECLARED, "search": {"url": DECLARED["search"]["url"]}})
    found = "".join(
        f"<h5>{n}) <a href='/listing/{n}?from=search'>Lamp {n}</a></h5><p>Of brass.</p><a href=/listing/{n}>more</a>"
        for n in (1, 2)
    )
    around = (
        "<nav><a href=/listing/8>The lamp of the day</a></nav><div class=related><a href=/listing/9>A shade</a></div>"
    )
    response = HttpResponse(url="https://www.market.example/search?q=lamp", body=(found + around).encode())
    read = ResultsPage(response=response, declaration=undescribed).read("lamp", 1)
    assert [(card.listing_id, card.title, card.rank) for card in read.cards] == [("1", "Lamp 1", 1), ("2", "Lamp 2", 2)]


def test_where_no_mark_of_nothing_found_is_declared_the_words_of_the_page_count() -> None:
    search = {name: value for name, value in DECLARED["search"].items() if name != "empty"}
    unmarked = Marketplace.model_validate({**DECLARED, "search": search})
    kinds = {
        "<h1>Search</h1><p>Found 0 results for lamp.</p>": PageKind.EMPTY,
        f"<p>Found 0 results.</p>{CARDS}": PageKind.RESULTS,
        "<p>New design!</p>": PageKind.UNKNOWN,
    }
    for body, kind in kinds.items():
        response = HttpResponse(url="https://www.market.example/search?q=lamp", body=body.encode())
        assert ResultsPage(response=response, declaration=unmarked).read("lamp", 1).kind is kind


PASSWORD = "<form><input name=user><input type=password></form>"


@pytest.mark.parametrize(
    "body",
    [
        *("<title>Just a moment...</title>", "<h1>Please verify you are human</h1>", "<title>安全验证</title>"),
        *("<iframe src='https://geo.captcha-delivery.example/c'></iframe>", "<form action='/captcha/check'></form>"),
        *(f"<title>Sign in | Market</title>{PASSWORD}", f"<h1>Anmelden</h1>{PASSWORD}", f"<h1>登录</h1>{PASSWORD}"),
    ],
)
def test_riddles_and_log_ins_stand_in_the_way(body: str) -> None:
    assert results(body).kind is PageKind.BLOCKED
    assert results(CARDS + body).kind is PageKind.RESULTS


@pytest.mark.parametrize(
    "path", ["/login?from=/search", "/account/sign-in", "/auth/", "/SSO/start", "/user/login.html"]
)
def test_a_password_at_the_address_of_a_log_in_stands_in_the_way(path: str) -> None:
    response = HttpResponse(url=f"https://www.market.example{path}", body=f"<h1>Hello</h1>{PASSWORD}".encode())
    page = ResultsPage(response=response, declaration=Marketplace.model_validate(DECLARED))
    assert page.read("lamp", 1).kind is PageKind.BLOCKED


@pytest.mark.parametrize(
    "body",
    [f"<title>New design!</title>{PASSWORD}", "<title>How to log in</title>", "<script src=/recaptcha.js></script>"],
)
def test_a_log_in_form_on_every_page_does_not_make_a_new_layout_a_wall(body: str) -> None:
    assert results(body).kind is PageKind.UNKNOWN


def test_the_next_page_is_found_by_selector_by_relation_or_by_number() -> None:
    more = '<a class=more href="?page=2">more</a><link rel="next" href="/related">'
    assert results(CARDS + more).next_url == "https://www.market.example/related"
    assert results(CARDS + more, next="a.more").next_url == "https://www.market.example/search?page=2"
    assert results(CARDS + more, next="a.more::attr(href)").next_url == "https://www.market.example/search?page=2"
    assert results(CARDS, next="a.more").next_url is None
    assert results(CARDS).next_url is None
    for nowhere in ("javascript:void(0)", "mailto:x@y.example", "#", "#top", "?q=lamp", "http://x.example:99999/", ""):
        assert results(f'{CARDS}<a class=more href="{nowhere}">more</a>', next="a.more").next_url is None
    numbered = "https://www.market.example/search?q={query}&p={page}"
    assert results(CARDS, number=3, url=numbered).next_url == "https://www.market.example/search?q=lamp&p=4"
    disabled = '<a rel="next" href="#">more</a>'
    assert results(CARDS + disabled, number=3, url=numbered).next_url == "https://www.market.example/search?q=lamp&p=4"
    assert results("", number=3, url=numbered).kind is PageKind.EMPTY


async def listing(body: str, path: str = "/listing/7?from=search") -> tuple[ListingPage, ListingItem]:
    response = HttpResponse(url=f"https://www.market.example{path}", body=body.encode(), encoding="utf-8")
    page = ListingPage(response=response, declaration=Marketplace.model_validate(DECLARED))
    return page, await page.to_item()


def test_a_listing_page_knows_its_id_and_what_it_lacks() -> None:
    import asyncio

    page, item = asyncio.run(listing(script(PRODUCT)))
    assert (item.listing_id, item.url, page.missing(item)) == ("7", "https://www.market.example/listing/7", [])
    page, item = asyncio.run(listing("<h1>Sorry</h1>"))
    assert page.missing(item) == ["price", "seller"]
    page, item = asyncio.run(listing("<h1>Front page</h1>", "/"))
    assert item.listing_id is None


def test_a_sighting_is_part_of_the_feed() -> None:
    from itemadapter import ItemAdapter

    item = ListingItem(url=URL, title="x", sightings=[Sighting(query="lamp", rank=1, seen_at=None)])  # type: ignore[arg-type]
    assert ItemAdapter(item).asdict()["sightings"] == [{"query": "lamp", "rank": 1, "seen_at": None}]
