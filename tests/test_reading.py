"""Reading a page without I/O: JSON, cards, prices as people write them, encodings, kinds of pages."""

import gzip
import json
from decimal import Decimal
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.marketplaces import BUILT_IN, Marketplace, read_folders
from crawlers.prices import read_price_text
from crawlers.reading import PageKind, ReadListing, ReadPage, read_page

URL = "https://shop.example/search?q=lamp"


def read(body: str | bytes, url: str | None = URL, **how: Any) -> ReadPage:
    return read_page(body if isinstance(body, bytes) else body.encode(), url, **how)


@pytest.mark.parametrize(
    ("text", "used_here", "low", "high", "currency"),
    [
        ("US $18.93 - 22.66", (), "18.93", "22.66", "USD"),
        ("97,39 € - 128,72 €", (), "97.39", "128.72", "EUR"),
        ("EUR 5,49 bis EUR 24,99", (), "5.49", "24.99", "EUR"),
        ("$7.77 to $9.99", ("USD",), "7.77", "9.99", "USD"),
        ("Was £25.00 Now £20.00 Save 20%", (), "20", None, "GBP"),
        ("Preço: R$89,90 Preço Promocional: R$59,90", (), "59.9", None, "BRL"),
        ("UVP 149,99 € 119,01 €", (), "119.01", None, "EUR"),
        ("GBP 279. 98", (), "279.98", None, "GBP"),
        ("$145.900", ("CLP",), "145900", None, "CLP"),
        ("KWD 12.345", (), "12.345", None, "KWD"),
        ("44 890 тг.", (), "44890", None, "KZT"),
        ("￥1999.00", ("CNY",), "1999", None, "CNY"),
        ("CDN$ 3,971.07", (), "3971.07", None, "CAD"),
        ("1.234.567 ₫", (), "1234567", None, "VND"),
        ("1.299,-", ("EUR",), "1299", None, None),
        ("٩٩ ر.س", (), "99", None, "SAR"),
        ("From 12.99", (), "12.99", None, None),
        ("R1 234,50", ("ZAR",), "1234.5", None, "ZAR"),
        ("KSh1,299.00", (), "1299", None, "KES"),
        ("ریال ۱۴۵٬۹۰۰", (), "145900", None, "IRR"),
        ("TRY 1.299,00", ("TRY",), "1299", None, "TRY"),
    ],
)
def test_a_price_is_read_as_people_write_it(
    text: str, used_here: tuple[str, ...], low: str, high: str | None, currency: str | None
) -> None:
    read = read_price_text(text, used_here)
    assert read is not None
    assert (read.low, read.high, read.currency) == (Decimal(low), Decimal(high) if high else None, currency)


@pytest.mark.parametrize(
    "text",
    [
        *("", "Free", "40 items", "3 for 2", "-20%", "£10.00 £8.00", "10% off £20", "9" * 400),
        # Codes and signs that are words, or parts of them.
        *("TOP 100 bags", "Gel 2 in 1", "Audi R8 coat", "Pen 10 pack", "Xenon systems D2S/D2R"),
    ],
)
def test_a_text_that_states_no_one_price_is_none(text: str) -> None:
    assert read_price_text(text) is None


RECORD = {
    "itemId": 7,
    "title": "Lamp &amp; shade",
    "salePrice": {"amount": "4.95", "currency": "USD"},
    "retailPrice": {"amount": "6.19", "currency": "USD"},
    "discountPrice": {"amount": "1.24", "currency": "USD"},
    "shippingPrice": "3.00",
    "imageUrl": "https:https://cdn.example/a.jpg",
    "itemUrl": "//shop.example/item/7",
    "seller": {"username": "ann", "id": 3},
}


def test_json_of_an_unknown_shape_is_read_by_what_its_keys_are_called() -> None:
    records = [RECORD, {**RECORD, "itemId": 8, "salePrice": {"amount": "1,550", "currency": "৳"}}]
    page = read(
        json.dumps({"data": {"items": records, "filters": [{"title": "Red", "price": 5, "image": "/x.jpg"}] * 9}})
    )
    assert page.kind is PageKind.RESULTS
    first, second = page.listings
    assert (first.id, first.title, first.price, first.currency) == ("7", "Lamp & shade", Decimal("4.95"), "USD")
    assert (first.seller, first.seller_id, first.url) == ("ann", "3", "https://shop.example/item/7")
    assert first.images == ("https://cdn.example/a.jpg",)
    assert (second.price, second.currency, second.rank) == (Decimal(1550), "BDT", 2)
    assert set(first.sources) >= {"id", "title", "price", "currency", "seller", "url", "images"}


def test_an_object_with_lists_of_others_inside_is_the_listing() -> None:
    page = read(json.dumps({**RECORD, "recommended": [{**RECORD, "itemId": n} for n in range(20)]}))
    assert page.kind is PageKind.PRODUCT
    assert [one.id for one in page.listings] == ["7"]


def test_minor_units_are_what_the_answer_says_they_are() -> None:
    prices = {"price": "18000", "currency_code": "KWD", "currency_minor_unit": 3}
    page = read(
        json.dumps([{"id": 1, "name": "Lamp", "prices": prices, "images": [{"src": "https://c.example/a.jpg"}]}])
    )
    assert (page.listings[0].price, page.listings[0].currency) == (Decimal(18), "KWD")


CARD = """<li class="card"><a href="/item/{n}"><img data-src="/i/{n}.jpg" src="data:image/gif;base64,AA">
<h3>Lamp {n}</h3></a><div class="price"><del>€9,00</del> <span>€{n},50</span></div></li>"""


def test_cards_of_an_unknown_shop_are_found_with_rank_and_next_page() -> None:
    cards = "".join(CARD.format(n=n) for n in range(1, 9))
    page = read(
        f"<ul>{cards}</ul><div class=pagination><a href='?q=lamp&p=1'>1</a><a href='?q=lamp&p=2'>Next</a></div>"
    )
    assert page.kind is PageKind.RESULTS
    assert [(one.rank, one.title, one.price, one.currency) for one in page.listings[:2]] == [
        (1, "Lamp 1", Decimal("1.5"), "EUR"),
        (2, "Lamp 2", Decimal("2.5"), "EUR"),
    ]
    assert page.listings[0].images == ("https://shop.example/i/1.jpg",)
    assert (
        page.next_page == "https://shop.example/search?p=2&q=lamp"
        or page.next_page == "https://shop.example/search?q=lamp&p=2"
    )


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("<title>Robot Check</title>", PageKind.BLOCKED),
        ("<title>Shop</title><p>Sorry, no results found for lamp.</p>", PageKind.EMPTY),
        ("<title>404 Not Found</title>", PageKind.NOT_FOUND),
        ("<title>Welcome</title>", PageKind.UNKNOWN),
        ("", PageKind.UNKNOWN),
        ("[]", PageKind.EMPTY),
        ('{"total": 0, "items": []}', PageKind.EMPTY),
        ("{", PageKind.UNKNOWN),
    ],
)
def test_a_page_without_listings_says_why(body: str, kind: PageKind) -> None:
    page = read(body)
    assert (page.kind, page.listings) == (kind, ())


PRODUCT = """<html><head><meta property="og:type" content="product"><title>台灯</title></head><body>
<h1>护眼台灯 可调光 学生宿舍</h1><span class="price">￥18.00</span></body></html>"""


@pytest.mark.parametrize(
    "body",
    [
        PRODUCT.encode("gb18030"),
        PRODUCT.replace("<head>", '<head><meta charset="gbk">').encode(),
        PRODUCT.encode("utf-16"),
        PRODUCT.encode("utf-16-le"),
        PRODUCT.encode("utf-8-sig"),
        gzip.compress(PRODUCT.encode("utf-8")),
        gzip.compress(gzip.compress(PRODUCT.encode("gb18030"))),
    ],
    ids=["gb18030 undeclared", "gbk said of UTF-8", "UTF-16", "UTF-16 unmarked", "marked", "gzip", "gzip twice"],
)
def test_text_is_read_in_the_encoding_that_it_has(body: bytes) -> None:
    page = read(body, "https://item.example.cn/7")
    assert page.listings[0].title == "护眼台灯 可调光 学生宿舍"
    assert (page.listings[0].price, page.listings[0].currency) == (Decimal(18), "CNY")


HOSTILE = {
    "JSON-LD lists": '<h1>x</h1><script type="application/ld+json">' + "[" * 10_000 + "]" * 10_000 + "</script>",
    "JSON-LD objects": '<script type="application/ld+json">' + '{"a":' * 10_000 + "1" + "}" * 10_000 + "</script>",
    "JSON": '{"title":' * 10_000 + "1" + "}" * 10_000,
    "a state": "<script>var __INITIAL_STATE__ = " + '{"a":[' * 10_000 + "]}" * 10_000 + "</script>",
    "a literal": "<script>runParams = " + "{a:[" * 10_000 + "]}" * 10_000 + "</script>",
    "elements": '<div class="price">' * 10_000 + "$5" + "</div>" * 10_000,
    "items": '<div itemscope itemtype="http://schema.org/Product"><b itemprop="offers" itemscope>' * 5_000,
    "an exponent": '[{"title": "abc", "price": 1e999999999, "image": "https://x.example/a.jpg"}]',
    "digits": '<h1>x</h1><b class="price">$' + "1," * 100_000 + "</b>",
    "open brackets": "<script>var state = " + '{["' * 50_000 + "</script>",
    "open tags": '{"title": "' + "<!--" * 20_000 + '", "price": 1, "image": "https://x.example/a.jpg"}',
    "sizes": '<h1>x</h1><img srcset="' + "a 1w, " * 50_000 + '">',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_page_made_to_hurt_is_only_a_page(name: str) -> None:
    page = read(HOSTILE[name], "https://www.aliexpress.com/item/10000001.html", known=known())
    assert isinstance(page.kind, PageKind)


def test_of_a_page_with_more_tags_than_any_has_the_first_are_read() -> None:
    card = "<div class=card><a href=/p/{0}><img src=/{0}.jpg><h3>Lamp {0}</h3></a><b class=price>€ 5</b></div>"
    cards = "".join(card.format(number) for number in range(1, 5))
    page = read(cards + "<i></i>" * 60_000 + card.format(9))
    assert [one.title for one in page.listings] == ["Lamp 1", "Lamp 2", "Lamp 3", "Lamp 4"]
    assert page.warnings == ("the page has more than 60,000 tags: what comes behind them is not read",)


def test_a_packed_page_unpacks_to_a_bounded_size() -> None:
    page = read(gzip.compress(b"<h1>" + b" " * 40_000_000))
    assert any("only its first" in warning for warning in page.warnings)


@lru_cache(maxsize=1)
def known() -> dict[str, Marketplace]:
    return read_folders([BUILT_IN])


pieces = st.sampled_from(
    (
        *(
            '<div class="price">',
            "</div>",
            '<a href="/p/1">',
            "</a>",
            "<li>",
            "<h1>Lamp</h1>",
            "€5,00",
            "Was £5 Now £4",
        ),
        *(
            '<img src="//x/a.jpg">',
            '<script type="application/ld+json">',
            "</script>",
            '{"@type":"Product",',
            '"offers":',
        ),
        *(
            "var state = {",
            "}",
            "[",
            "]",
            '"price": 1e5,',
            '<meta charset="utf-16">',
            "<del>",
            "\\ud800",
            "\x00",
            "&#0;",
        ),
        *(
            '<div itemscope itemtype="https://schema.org/Product">',
            '<span itemprop="price">',
            "<",
            ">",
            "'",
            '"',
            "</html>",
        ),
    )
)


@settings(deadline=None, max_examples=60)
@given(st.lists(pieces | st.text(max_size=8), max_size=60).map("".join))
def test_no_text_makes_the_reader_of_pages_fail(text: str) -> None:
    for url in (None, "https://www.amazon.de/dp/B000000000", "https://shop.example/x"):
        page = read_page(text.encode("utf-8", "surrogatepass"), url, known=known())
        assert json.loads(json.dumps(page.as_json()))["kind"] == page.kind


@settings(deadline=None, max_examples=60)
@given(
    st.binary(max_size=400),
    st.sampled_from((None, "text/html; charset=gbk", "application/json", "x; charset=punycode")),
)
def test_no_bytes_make_the_reader_of_pages_fail(body: bytes, content_type: str | None) -> None:
    for data in (body, b"\x1f\x8b" + body, b"\xff\xfe" + body, b"[" + body + b"]"):
        assert isinstance(read_page(data, None, content_type, known=known()).kind, PageKind)


names = st.sampled_from(
    ("title", "name", "price", "salePrice", "currency", "id", "url", "image", "items", "seller", "x")
)
anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6),
    max_leaves=40,
)


@settings(deadline=None, max_examples=60)
@given(anything)
def test_no_json_makes_the_reader_of_pages_fail_and_prices_are_sound(data: Any) -> None:
    page = read(json.dumps(data), None, known=known())
    for one in page.listings:
        assert one.title
        assert one.price is None or (one.price.is_finite() and one.price > 0)
        assert set(one.sources) <= set(page.as_json()["listings"][0])


def test_sources_that_disagree_are_a_warning_and_the_more_trusted_wins() -> None:
    product = {"@type": "Product", "name": "Lamp", "offers": {"price": "5.00", "priceCurrency": "EUR"}}
    ld = f'<script type="application/ld+json">{json.dumps(product)}</script>'
    graph = '<meta property="og:type" content="product"><meta property="product:price:amount" content="6.00">'
    page = read(f"<head>{ld}{graph}<title>Lamp</title></head><h1>Lamp</h1>", "https://shop.example/p/lamp-17")
    (lamp,) = page.listings
    assert (lamp.price, lamp.currency, lamp.sources["price"]) == (Decimal(5), "EUR", "json-ld")
    assert any(warning.startswith("price: json-ld says 5, opengraph says 6") for warning in page.warnings)


def test_a_price_that_the_page_strikes_out_is_not_the_price() -> None:
    offers = {"@type": "AggregateOffer", "lowPrice": 50, "highPrice": 60, "priceCurrency": "GBP"}
    product = {"@type": "Product", "name": "Lamp", "offers": offers}
    ld = f'<script type="application/ld+json">{json.dumps(product)}</script>'
    page = read(f"{ld}<h1>Lamp</h1><div class=price><del>£60</del> £50</div>", "https://shop.example/p/lamp-17")
    assert (page.listings[0].price, page.listings[0].price_max) == (Decimal(50), None)


def test_a_sign_is_read_by_the_country_of_the_page_or_not_at_all() -> None:
    body = '<meta property="og:type" content="product"><h1>Lamp</h1><div class="price">$145.900</div>'
    chilean = read(body, "https://shop.example.cl/p/1").listings[0]
    assert (chilean.price, chilean.currency) == (Decimal(145900), "CLP")
    assert read(body, "https://shop.example/p/1").listings[0].currency is None
    regional = read(f'<html lang="en-CA">{body}', "https://shop.example/p/1").listings[0]
    assert regional.currency == "CAD"


def test_a_page_that_a_browser_saved_says_where_it_was() -> None:
    saved = (
        "<!-- saved from url=(0033)https://www.ebay.de/itm/123456789012 --><h1 class=x-item-title__mainTitle>Lamp</h1>"
    )
    page = read(saved, None, known=known())
    assert (page.url, page.marketplace, page.kind) == ("https://www.ebay.de/itm/123456789012", "ebay", PageKind.PRODUCT)
    assert page.listings[0].id == "123456789012"


ITEM = """<html lang=en-GB><head><title>Brass lamp | Shop</title></head><body>
<nav aria-label=breadcrumb><ol><li><a href=/catalogue/>Home</a><li><a href=/c/1>Goods</a><li><a href=/c/2>Lamps</a>
<li class=active><a href=/item/7>Brass lamp</a></ol></nav>
<main><div class=gallery><div class=big><img src=/cache/a1.jpg><img src=/cache/b1.jpg></div>
<ol class=carousel-indicators><li><img src=/cache/a2.jpg><li><img src=/cache/b2.jpg></ol></div>
<h1>Brass lamp</h1><p class=price>£279.69</p><p class="instock availability">{stock}</p>
<button>Add to basket</button>
<div id=product_description class=sub-header><h2>Product Description</h2></div><p></p><p>A lamp of brass, for daily
use.</p><p>Made by hand.</p><div class=sub-header><h2>Product Information</h2></div>
<table><tr><th>UPC</th><td>{upc}</td></tr><tr><th>Brand</th><td>Lumen</td></tr></table>
<div class=related><p class="availability">Out of stock</p><div class=description>A thing that is no lamp.</div></div>
</main>
"""


def item(stock: str = "In stock (20 available)", upc: str = "4006381333931") -> ReadListing:
    read_as = read(ITEM.format(stock=stock, upc=upc), "https://shop.example/item/7")
    assert read_as.kind is PageKind.PRODUCT and read_as.warnings == ()
    return read_as.listings[0]


def test_parts_of_a_page_that_say_what_they_are_are_read_as_that() -> None:
    one = item()
    assert (one.availability, one.gtin, one.brand) == ("InStock", "4006381333931", "Lumen")
    assert one.description == "A lamp of brass, for daily use. Made by hand."
    assert one.category == "Goods > Lamps"
    assert {one.sources[name] for name in ("availability", "gtin", "brand", "description", "category")} == {"label"}


def test_a_row_of_thumbnails_is_no_row_of_pictures_where_those_are_there_themselves() -> None:
    assert item().images == ("https://shop.example/cache/a1.jpg", "https://shop.example/cache/b1.jpg")
    alone = ITEM.format(stock="", upc="").replace(
        "<div class=big><img src=/cache/a1.jpg><img src=/cache/b1.jpg></div>", ""
    )
    assert len(read(alone, "https://shop.example/item/7").listings[0].images) == 2


def test_a_price_behind_a_word_that_says_so_is_an_old_one() -> None:
    card = (
        "<li class=c><a href=/item/{n}><img src=/i/{n}.jpg><b>Lamp {n}</b></a>"
        "<div><i>Was</i> <i>£1{n}0.00</i> <i>£1{n}.00</i></div></li>"
    )
    page = read("<ul>" + "".join(card.format(n=n) for n in range(1, 6)) + "</ul>")
    assert [one.price for one in page.listings] == [Decimal(f"1{n}") for n in range(1, 6)]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Currently unavailable.", "OutOfStock"),
        ("0 in stock", "OutOfStock"),
        ("10 in stock", "InStock"),
        ("nicht auf Lager", "OutOfStock"),
        ("auf Lager", "InStock"),
        ("Non disponibile", "OutOfStock"),
        ("在庫あり", "InStock"),
        ("Pre-order: ships in May", "PreOrder"),
        ("Check with your branch", None),
        ("in stock " * 30, None),
    ],
)
def test_stock_is_read_from_the_words_of_its_own_part_only(text: str, word: str | None) -> None:
    assert item(stock=text).availability == word


@pytest.mark.parametrize("upc", ["4006381333932", "4006381", "0000000000000", "on request", "9" * 40])
def test_a_number_whose_check_digit_is_wrong_is_no_trade_item_number(upc: str) -> None:
    assert item(upc=upc).gtin is None


def test_a_heading_in_a_part_of_its_own_is_that_of_the_price_in_the_next() -> None:
    """As Cartridge has it: the title, the goods, and beside them how much lies in the basket."""
    page = read(
        "<div class=container><h1>Tea bowl in celadon</h1></div><div class=container><div class=left><ul><li>"
        "<a href=/shop>Shop</a></ul></div><div class=middle><ul id=images><li><a href=/media/c1.jpg>"
        "<img src=/media/.thumbnails/c1-300.jpg></a></ul><ul id=variations><li><span class=old-price>€2,000.00</span>"
        "<span class=price>€1,498.86</span></ul><form id=add-cart><input type=submit name=add_cart value=Buy></form>"
        "<dl><dt>SKU</dt><dd>TB-001</dd></dl></div><div class=right><a href=/shop/cart/><span></span> 0 items in cart"
        "</a><a class=btn-wishlist href=/shop/wishlist/>Wishlist contains 0 items</a></div></div>",
        "https://shop.example/shop/product/tea-bowl",
    )
    assert page.kind is PageKind.PRODUCT
    one = page.listings[0]
    assert (one.title, one.price, one.currency) == ("Tea bowl in celadon", Decimal("1498.86"), "EUR")
    assert (one.images, one.sku) == (("https://shop.example/media/c1.jpg",), "TB-001")


def test_what_lies_in_a_basket_does_not_make_a_page_empty() -> None:
    basket = "<a href=/shop/cart/><span></span> 0 items in cart</a><p class=mini-cart>No products.</p>"
    assert read(f"<h1>Search</h1>{basket}<p>Showing 1 to 10 of 24 results</p>").kind is PageKind.UNKNOWN
    assert read(f"<h1>Search</h1>{basket}<p>No products were found</p>").kind is PageKind.EMPTY


def test_the_title_of_a_card_has_no_price_in_it() -> None:
    prices = "<i class=old-price>$9.50</i> <i class=price>${2}</i>"
    card = "<div class=card><a href=/p/{0}><img src=/{0}.jpg>{1}" + prices + "</a></div>"
    named = ("<h6>Jug in blue</h6>", "Cup in red", "<span>Bowl in green</span>", "Vase")
    page = read("".join(card.format(number, said, number) for number, said in enumerate(named, 1)))
    assert [one.title for one in page.listings] == ["Jug in blue", "Cup in red", "Bowl in green", "Vase"]
    assert [one.price for one in page.listings] == [1, 2, 3, 4]


def test_a_sign_that_cannot_mean_the_declared_currency_leaves_the_currency_open() -> None:
    market = Marketplace.model_validate(
        {
            "name": "shop",
            "title": "Shop",
            "url": "https://shop.example/",
            "currencies": ["GBP"],
            "domains": {"shop.example": "GBP"},
            "exercised": "by this test",
            "search": {"url": "https://shop.example/search?q={query}"},
            "listing": {"url": "^/item/(?P<id>[^/]+)$"},
        }
    )
    for written, currency in (("279.69", "GBP"), ("£279.69", "GBP"), ("$279.69", None), ("279,69 €", "EUR")):
        page = f"<main><h1>Lamp</h1><p class=price>{written}</p></main>"
        card = (
            f"<div class=card><a href=/item/{{0}}><img src=/{{0}}.jpg>Lamp {{0}}</a><b class=price>{written}</b></div>"
        )
        read_as = read(page, "https://shop.example/item/7", marketplace=market)
        assert [(one.price, one.currency) for one in read_as.listings] == [(Decimal("279.69"), currency)], written
        results = read("".join(map(card.format, range(4))), "https://shop.example/search?q=lamp", marketplace=market)
        assert {one.currency for one in results.listings} == {currency} and len(results.listings) == 4
