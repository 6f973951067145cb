"""Reading a page without I/O: JSON, cards, prices as people write them, encodings, kinds of pages."""

import gzip
import json
from decimal import Decimal
from typing import Any

import pytest

from crawlers.prices import read_price_text
from crawlers.reading import PageKind, ReadPage, read_page

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
    ],
)
def test_a_price_is_read_as_people_write_it(
    text: str, used_here: tuple[str, ...], low: str, high: str | None, currency: str | None
) -> None:
    read = read_price_text(text, used_here)
    assert read is not None
    assert (read.low, read.high, read.currency) == (Decimal(low), Decimal(high) if high else None, currency)


@pytest.mark.parametrize("text", ["", "Free", "40 items", "3 for 2", "-20%", "£10.00 £8.00", "10% off £20", "9" * 400])
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
