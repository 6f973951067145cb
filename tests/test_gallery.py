"""All pictures of a listing, each the largest, and nothing else: as shop systems, lazy loaders and data show them."""

import json
from typing import Any

import pytest

from crawlers.reading import PageKind, ReadListing, read_page
from crawlers.reading.variants import largest, likely_pixels, picture_key

URL = "https://shop.example/products/satchel"

AROUND = """<html><head><title>Satchel - Shop</title><meta property=og:type content=product>
<meta property=og:image content="{main}"></head><body>
<header><a href=/><img src=/logo.png></a><div class=promo-banner><img src=/media/banner-sale.jpg></div></header>
{gallery}
<div class=info><h1>Leather satchel</h1><span class=price>EUR 120.00</span><button>Add to cart</button>
<div class=color-swatches><img src=/media/red.jpg><img src=/media/blue.jpg></div>
<div class=payment-icons><img src=/media/visa.jpg></div></div>
<div class=description><p>{words}</p><p><img src=/media/care.jpg></p></div>
<section class=related-products>
<div class=product-image><a href=/products/purse><img src=/media/purse-1.jpg></a><span>EUR 40.00</span></div>
<div class=product-image><a href=/products/satchel-mini><img src=/media/mini-1.jpg></a><span>EUR 60.00</span></div>
</section>
<div class=reviews><img src=/media/customer-1.jpg></div>
<footer><img src=/media/seal.jpg></footer>{scripts}</body></html>"""


def listing(gallery: str, main: str = "/media/a.jpg", scripts: str = "", url: str | None = URL) -> ReadListing:
    words = "Made by hand of vegetable tanned leather, for daily use and for travels. " * 20
    page = read_page(AROUND.format(main=main, gallery=gallery, words=words, scripts=scripts).encode(), url)
    assert page.kind is PageKind.PRODUCT
    return page.listings[0]


SHOPIFY = """<ul class="product__media-list contains-media grid">
<li class="product__media-item grid__item"><div class="product__media media"><img
 src="//s.example/cdn/shop/files/a.jpg?v=1&width=1946"
 srcset="//s.example/cdn/shop/files/a.jpg?v=1&width=493 493w,
 //s.example/cdn/shop/files/a.jpg?v=1&width=1946 1946w"></div></li>
<li class="product__media-item"><img src="//s.example/cdn/shop/files/b.jpg?v=1&width=1946" loading=lazy></li></ul>
<slider-component class=thumbnail-slider><img src="//s.example/cdn/shop/files/a.jpg?v=1&width=108">
<img src="//s.example/cdn/shop/files/b.jpg?v=1&width=108"></slider-component>"""
WOOCOMMERCE = """<div class="woocommerce-product-gallery"><figure class="woocommerce-product-gallery__wrapper">
<div data-thumb="/u/a-100x100.jpg" class="woocommerce-product-gallery__image"><a href="/u/a.jpg">
<img src="/u/a-600x600.jpg"
 data-src="/u/a.jpg" data-large_image="/u/a.jpg" srcset="/u/a-600x600.jpg 600w, /u/a-300x300.jpg 300w"></a></div>
<div data-thumb="/u/b-100x100.jpg" class="woocommerce-product-gallery__image"><a href="/u/b.jpg">
<img src="/u/b-100x100.jpg"></a></div>
</figure></div>"""
MAGENTO = """<div class="product media"><div class="gallery-placeholder"><img class="gallery-placeholder__image"
 src="https://shop.example/media/catalog/product/cache/0123456789abcdef0123456789abcdef/a/_/a_bag.jpg"></div></div>"""
MAGENTO_DATA = """<script type="text/x-magento-init">{"[data-gallery-role]": {"mage/gallery/gallery": {
"mixins":["magnifier/magnify"], "data": %s, "options": {"nav": "thumbs"}}}}</script>"""
PRESTASHOP = """<div class="images-container"><div class="product-cover">
<img class="js-qv-product-cover" src="/12-large_default/bag.jpg"></div>
<ul class="product-images js-qv-product-images"><li class=thumb-container>
<img class="thumb js-thumb selected" src="/12-home_default/bag.jpg"
 data-image-medium-src="/12-medium_default/bag.jpg" data-image-large-src="/12-large_default/bag.jpg"></li>
<li class=thumb-container><img class="thumb js-thumb" src="/13-home_default/bag.jpg"
 data-image-medium-src="/13-medium_default/bag.jpg"
  data-image-large-src="/13-large_default/bag.jpg"></li></ul></div>"""
OPENCART = """<ul class="thumbnails"><li><a class="thumbnail" href="/image/cache/catalog/a-1000x1000.jpg"><img
 src="/image/cache/catalog/a-500x500.jpg"></a></li><li class="image-additional"><a class="thumbnail"
 href="/image/cache/catalog/b-1000x1000.jpg"><img src="/image/cache/catalog/b-74x74.jpg"></a></li></ul>"""
BIGCOMMERCE = """<section class="productView-images"><figure class="productView-image"
 data-zoom-image="/s-1/images/stencil/1280x1280/products/7/a__1.jpg?c=2">
<a href="/s-1/images/stencil/1280x1280/products/7/a__1.jpg?c=2">
<img src="/s-1/images/stencil/500x659/products/7/a__1.jpg?c=2"></a></figure><ul class="productView-thumbnails"><li>
<a href="#"
 data-image-gallery-zoom-image-url="/s-1/images/stencil/1280x1280/products/7/b__2.jpg?c=2"><img
 src="/s-1/images/stencil/50x50/products/7/b__2.jpg?c=2"></a></li></ul></section>"""
CLOUD_ZOOM = """<div class=box><a class=cloud-zoom href=/i/a_big.jpg><img src=/i/a_medium.jpg></a><div>
<a class=cloud-zoom-gallery href=/i/b_big.jpg
 rel="{gallery: 'g', smallimage: '/i/b_medium.jpg', largeimage: '/i/b_big.jpg'}">
<img src=/i/b_tiny.jpg></a></div></div>"""
LAZY = """<div class="pdp-carousel"><div class=slide><img class=lazyload src="data:image/gif;base64,R0"
 data-src="/p/a.jpg?w=200"
 data-srcset="/p/a.jpg?w=400 400w,/p/a.jpg?w=1600 1600w"><noscript><img src="/p/a.jpg?w=200"></noscript></div>
<div class=slide style="background-image:url('/p/b.jpg?w=1600')"></div><div class=slide><picture>
<source type=image/webp srcset="/p/c.webp?w=1600 1600w"><img src="/p/c.jpg?w=200"></picture></div>
<button class=arrow><img src=/p/arrow-left.png></button></div>"""


def magento_entry(name: str) -> dict[str, Any]:
    kept = f"{name}/_/{name}_bag.jpg"
    folder = "https://shop.example/media/catalog/product"
    sizes = {"thumb": f"{folder}/cache/{'a1' * 16}/{kept}", "img": f"{folder}/cache/{'b2' * 16}/{kept}"}
    told = {"caption": "Leather satchel", "position": "1", "isMain": name == "a", "type": "image", "videoUrl": None}
    return {**sizes, "full": f"{folder}/{kept}", **told}


@pytest.mark.parametrize(
    ("gallery", "main", "scripts", "wanted"),
    [
        (SHOPIFY, "https://s.example/cdn/shop/files/a.jpg?v=1", "", ["a.jpg?v=1&width=1946", "b.jpg?v=1&width=1946"]),
        (WOOCOMMERCE, "/u/a.jpg", "", ["/u/a.jpg", "/u/b.jpg"]),
        (
            MAGENTO,
            "https://shop.example/media/catalog/product/cache/fedcba9876543210fedcba9876543210/a/_/a_bag.jpg",
            MAGENTO_DATA % json.dumps([magento_entry(n) for n in "ab"]).replace("/", "\\/"),
            ["/media/catalog/product/a/_/a_bag.jpg", "/media/catalog/product/b/_/b_bag.jpg"],
        ),
        (PRESTASHOP, "/12-large_default/bag.jpg", "", ["/12-large_default/bag.jpg", "/13-large_default/bag.jpg"]),
        (OPENCART, "/image/cache/catalog/a-500x500.jpg", "", ["catalog/a-1000x1000.jpg", "catalog/b-1000x1000.jpg"]),
        (
            BIGCOMMERCE,
            "/s-1/images/stencil/500x659/products/7/a__1.jpg?c=2",
            "",
            ["1280x1280/products/7/a__1.jpg?c=2", "1280x1280/products/7/b__2.jpg?c=2"],
        ),
        (CLOUD_ZOOM, "/i/a_medium.jpg", "", ["/i/a_big.jpg", "/i/b_big.jpg"]),
        (LAZY, "/p/a.jpg", "", ["/p/a.jpg?w=1600", "/p/b.jpg?w=1600", "/p/c.webp?w=1600"]),
    ],
    ids=["shopify", "woocommerce", "magento", "prestashop", "opencart", "bigcommerce", "cloud zoom", "lazy"],
)
def test_the_whole_gallery_is_read_in_its_order_and_each_picture_once_in_its_largest_size(
    gallery: str, main: str, scripts: str, wanted: list[str]
) -> None:
    one = listing(gallery, main, scripts)
    assert [got.endswith(end) for got, end in zip(one.images, wanted, strict=True)] == [True] * len(wanted), one.images
    assert one.sources["images"] == "opengraph, gallery"


def test_a_gallery_in_data_that_nextjs_streams_is_read() -> None:
    pictures = [f"https://img.example/webp/0x0/f3/{n}7f643f3-076c-4169-ba59-30c17de7ee9e.jpg" for n in "89a"]
    said = json.dumps('5:["$",{"item":{"imgs":' + json.dumps(pictures) + ',"prodPrice":{"low":4}}}]')
    one = listing("", pictures[0].replace("webp/0x0", "100x100"), f"<script>self.__next_f.push([1,{said}])</script>")
    assert list(one.images[1:]) == pictures[1:] and one.images[0].endswith("87f643f3-076c-4169-ba59-30c17de7ee9e.jpg")


@pytest.mark.parametrize(
    "data",
    [
        {"recommended": [{"image": "https://shop.example/media/a.jpg"}, {"image": "https://shop.example/media/z.jpg"}]},
        {"list": [{"src": "https://shop.example/media/a.jpg", "price": 4}, {"src": "https://shop.example/z.jpg"}]},
        {
            "list": [
                {"image": "https://shop.example/media/a.jpg", "url": "/products/satchel"},
                {"image": "https://shop.example/media/z.jpg", "url": "/products/purse"},
            ]
        },
        {"colors": ["https://shop.example/media/a.jpg", "https://shop.example/media/z.jpg"]},
        {"images": ["a.jpg", "z.jpg"]},
    ],
)
def test_a_list_of_other_things_that_names_the_picture_is_no_gallery(data: Any) -> None:
    one = listing("", "/media/a.jpg", f"<script>var data = {json.dumps(data)};</script>")
    assert one.images == ("https://shop.example/media/a.jpg",)
    assert one.sources["images"] == "opengraph"


def test_of_a_page_whose_data_name_no_picture_the_part_that_is_called_a_gallery_counts() -> None:
    page = AROUND.replace('<meta property=og:image content="{main}">', "")
    body = page.format(gallery=f"<div class=product-gallery>{OPENCART}</div>", words="", scripts="")
    one = read_page(body.encode(), URL).listings[0]
    assert [image.rpartition("/")[2] for image in one.images] == ["a-1000x1000.jpg", "b-1000x1000.jpg"]
    assert one.sources["images"] == "gallery"


def test_a_picture_that_the_data_name_is_kept_where_the_page_shows_another_gallery_or_none() -> None:
    assert listing("", "/media/share.jpg").images == ("https://shop.example/media/share.jpg",)
    one = listing(f"<div class=product-gallery>{OPENCART}</div>", "/media/share.jpg")
    assert [image.rpartition("/")[2] for image in one.images] == ["share.jpg", "a-1000x1000.jpg", "b-1000x1000.jpg"]


def test_more_pictures_than_a_listing_has_are_cut_off() -> None:
    many = "".join(f"<img src=/media/{n:04}.jpg>" for n in range(300))
    assert len(listing(f"<div class=product-gallery><img src=/media/a.jpg>{many}</div>").images) == 40


@pytest.mark.parametrize(
    "one_picture",
    [
        ("https://i.ebayimg.com/images/g/frMAAOSwCXlfPZ~4/s-l64.jpg", "https://i.ebayimg.com/images/g/frMAAOSwCXlfPZ~4/s-l1600.jpg"),
        ("https://m.example/I/815SbrtzztL._AC_SR38,50_.jpg", "https://m.example/I/815SbrtzztL._AC_SL1500_.jpg"),
        ("https://i.etsystatic.com/1/il_75x75.759424778_ojd8.jpg", "https://i.etsystatic.com/1/il_fullxfull.759424778_ojd8.jpg"),
        ("https://img.alicdn.com/i3/O1CN01_!!26.jpg_60x60q90.jpg", "https://img.alicdn.com/i3/O1CN01_!!26.jpg"),
        ("https://s.example/a_300x.jpg?v=2", "https://s.example/a_2048x2048.jpg?v=2"),
        ("https://s.example/w_80,h_80,c_fill/v1/a.jpg", "https://s.example/w_1600,c_fill/v1/a.jpg"),
        ("https://s.example/is/image/Shop/2383?$thumb$", "https://s.example/is/image/Shop/2383?$pdp-port-1440$"),
        ("https://s.example/_next/image?url=https%3A%2F%2Fc.example%2Fa.jpg&w=64", "https://s.example/_next/image?url=https%3A%2F%2Fc.example%2Fa.jpg&w=1080"),
        ("https://s.example/image.php?id=5&w=100", "https://s.example/image.php?id=5&w=900"),
        ("https://s.example/img/small/a.jpg", "https://s.example/img/large/a.jpg"),
        ("https://s.example/thumbs/a-300.jpg", "https://s.example/thumbs/a-300.jpg"),
    ],
)  # fmt: skip
def test_addresses_of_one_picture_in_several_sizes_are_one_and_the_largest_is_told(
    one_picture: tuple[str, str],
) -> None:
    small, large = one_picture
    assert picture_key(small) == picture_key(large)
    assert largest([(one, likely_pixels(one, "src")) for one in one_picture]) == large


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://s.example/p/7/1.jpg", "https://s.example/p/8/1.jpg"),
        ("https://s.example/bag-1.jpg", "https://s.example/bag-2.jpg"),
        ("https://s.example/frame-10x15cm.jpg", "https://s.example/frame-20x30cm.jpg"),
        ("https://s.example/image.php?id=5", "https://s.example/image.php?id=6"),
        ("https://s.example/is/image/Shop/2383alt1", "https://s.example/is/image/Shop/2383alt2"),
        ("https://s.example/12-large_default/bag.jpg", "https://s.example/13-large_default/bag.jpg"),
        ("https://s.example/v1/1-zoom.jpg", "https://s.example/v1/2-zoom.jpg"),
    ],
)
def test_addresses_of_different_pictures_are_told_apart(one: str, other: str) -> None:
    assert picture_key(one) != picture_key(other)


# What grows with the square takes many minutes here, where 2 seconds are the goal for a page.
@pytest.mark.timeout(100)
@pytest.mark.parametrize(
    "gallery",
    [
        "<div>" * 200 + "<img src=/media/a.jpg>" * 8_000,
        "<a href=/media/a.jpg>" * 20_000,
        "<div class=gallery>" * 240 + "<i></i>" * 50_000,
        "<div class=gallery>" + '<p data-x="[' + "/,/" * 2_500 + '"></p>' * 400,
        "<img src=/media/a.jpg srcset='" + "," * 200_000 + "'>",
        "<script>" + '["/media/a.jpg", [' * 20_000 + "</script>",
        "<script>x = [" + '\\"/media/a.jpg\\",' * 60_000 + "</script>",
        "<script>x = {" + '\\"' * 400_000 + "</script>",
    ],
)
def test_no_page_makes_the_search_for_a_gallery_endless(gallery: str) -> None:
    listing(gallery, "/media/a.jpg")
