"""Reads listings out of JSON that nobody described: answers of APIs, the state that pages carry along.

A record is an object that has a title and something more of a listing. What its keys mean is told by their names, the
way a person would read them; names that say "old price", "shipping" or "recommended" are as telling as the others.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from crawlers.prices import read_price
from crawlers.reading.claims import Claims, claims
from crawlers.reading.leaves import Leaf, Leaves, bare_name, is_aside, is_inner
from crawlers.reading.record_prices import record_currency, record_price, stated_currency
from crawlers.reading.text import fixed_address, plain
from crawlers.values import schema_word

Place = tuple[str, ...]

_MOST_NODES = 60_000
_MOST_RECORDS = 1_000
# Objects that are read whether they are listings or not: a page of results has some hundred.
_MOST_TRIED = 5_000

_TITLES = (
    *("producttitle", "itemtitle", "offertitle", "goodsname", "productname", "itemname", "goodstitle", "subject"),
    *("displaytitle", "title", "rawtitle", "boxname", "name", "titlename", "heading", "shorttitle", "seotitle"),
)
_TITLE_NAMES = frozenset(_TITLES)
_IDS = (
    *("legacyitemid", "usitemid", "asin", "itemid", "listingid", "goodsid", "nid", "offerid", "productid", "auctionid"),
    *("boxid", "itemcode", "wareid", "adid", "id", "code", "articlenumber", "sku", "skuid", "uid"),
)
_URLS = (
    *("itemweburl", "viewitemurl", "itemurl", "producturl", "productdetailurl", "detailurl", "canonicalurl"),
    *("producturlpc", "permalink", "productpageurl", "pdpurl", "url", "link", "href", "cleanurl", "canonicalpageurl"),
    *("producthref", "itemlink", "productlink", "path", "seourl"),
)
_NO_LISTING_URL = re.compile(r"\.(?:jpe?g|png|webp|gif)(?:\?|$)|^https?://api\.|/api/")
_SELLERS = (
    *("sellername", "storename", "shopname", "companyname", "merchantname", "soldby", "sellernick", "nick", "nickname"),
    *("sellerusername", "sellerlogin", "shopnick"),
)
_SELLER_HOLDER = re.compile(r"^(?:seller|shop|store|merchant|company|vendor)(?:info|data|card|module|details)?$")
_SELLER_NAMES = ("login", "username", "companyname", "nickname", "nick", "name", "storename", "shopname", "title")
_SELLER_IDS = ("id", "sellerid", "shopid", "memberid", "storeid", "userid")
_SELLER_URLS = ("permalink", "url", "storeurl", "shopurl", "sellerurl", "userlistingurl", "link")
_IMAGE = re.compile(
    r"image|img|picture|photo|thumb|gallery|pic(?:ture)?s?(?:url|path)?$|^src$|poster|extrafield\d+|asset"
)
_NO_IMAGE = re.compile(
    r"logo|icon|brand|badge|flag|corner|swatch|seller|shop|avatar|tags?$|label|video|width|height|count|size|"
    r"alt|banner|"
    r"series|colou?r|promo|title|caption|type|id$|hash|sprite|placeholder|masterbox"
)
_PICTURE_FILE = re.compile(r"\.(?:jpe?g|png|webp|gif|avif|bmp)(?:[?!_#@/]|$)", re.IGNORECASE)
_OTHER_FILE = re.compile(r"\.(?:html?|mp4|svg|js|css)(?:\?|$)")
_AVAILABILITY = frozenset(
    {"availability", "stockstatus", "availabilitystatus", "estimatedavailabilitystatus", "stocklevelstatus"}
)
_AVAILABLE = frozenset(
    {"InStock", "OutOfStock", "SoldOut", "PreOrder", "BackOrder", "Discontinued", "LimitedAvailability"}
)
_ORIGINS = (
    *(("itemlocation", "country"), ("shipsfrom",), ("shipfrom",), ("itemloc",), ("shoplocation",), ("sendfrom",)),
    *(("sendgoodsaddress",), ("country",)),
)
_SOLD = (
    *("soldcount", "historicalsold", "soldquantity", "sold", "estimatedsoldquantity", "viewsales", "salequantityint"),
    *("salescount", "saledcount", "tradecount", "orderscount"),
)
_RATINGS = ("averagerating", "reviewaverage", "itemratingscore", "ratingstar", "ratingvalue", "averagestar", "rating")
_REVIEWS = ("reviewcount", "ratingstotal", "numberofreviews", "reviewscount", "ratingcount", "cmtcount")


@dataclass(frozen=True, slots=True)
class Found:
    """The records of a document: `listings` of the best group, `single` where they are one object, not a list."""

    listings: tuple[Claims, ...] = ()
    single: bool = False


def find_records(data: Any, base: str | None, used_here: Sequence[str] = (), source: str = "json") -> Found:
    """The listings in a document of unknown shape: the heaviest group of objects in alike places.

    An object that has lists of others inside is the listing, and they are its asides.
    """
    stated = stated_currency(data)
    groups: dict[Place, list[Claims]] = {}
    lists: set[Place] = set()
    titled: set[Place] = set()
    tried = 0
    for place, node, in_list in _objects(data):
        if not _has_title(node, 2):
            continue
        tried += 1
        said = _record(node, base, used_here, stated, source) if tried <= _MOST_TRIED else None
        if said is None:
            continue
        group = groups.setdefault(place, [])
        if len(group) < _MOST_RECORDS:
            group.append(said)
        if in_list:
            lists.add(place)
        elif _has_title(node, 0):
            titled.add(place)
    if not groups:
        return Found()
    best = max(groups, key=lambda place: _weight(place, groups[place]))
    for place, group in groups.items():
        if place in titled and place != best and best[: len(place)] == place and _is_whole(group[0]):
            best = place
            break
    return Found(tuple(groups[best]), best not in lists and len(groups[best]) == 1)


def _is_whole(said: Claims) -> bool:
    return said.get("price") is not None and (said.get("id") is not None or said.get("images") is not None)


def _weight(place: Place, group: list[Claims]) -> float:
    known = sum(1.0 + sum(0.5 for name in ("price", "images", "url", "id") if said.get(name)) for said in group)
    priced = any(said.get("price") is not None for said in group)
    # Things without a price are seldom what is for sale, and what lies deeper is seldom what the answer is about.
    return float(known * (1.0 if priced else 0.15) * 0.99 ** len(place))


def _objects(data: Any) -> Iterator[tuple[Place, dict[str, Any], bool]]:
    """Every object with its place and whether it is one of a list, outermost first; asides are left out."""
    waiting: list[tuple[Place, Any, bool]] = [((), data, False)]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        place, node, in_list = waiting.pop()
        if isinstance(node, dict):
            yield place, node, in_list
            numbered = len(node) >= 3 and all(map(str.isdigit, node))
            for key, child in reversed(list(node.items())):
                if isinstance(child, dict | list):
                    name = "*" if numbered else bare_name(key)
                    if not is_inner(name):
                        waiting.append(((*place, name), child, numbered))
        elif isinstance(node, list):
            waiting.extend(((*place, "*"), child, True) for child in reversed(node) if isinstance(child, dict | list))


def _record(
    node: Mapping[str, Any], base: str | None, used_here: Sequence[str], stated: str | None, source: str
) -> Claims | None:
    said = read_record(Leaves(node), base, used_here, stated, source)
    if said.get("title") is None or not (said.get("price") or said.get("images")) or len(said.values) < 3:
        return None
    return said


def _has_title(node: Any, deepest: int) -> bool:
    """Whether an object, or one near below it, has something that is called a title: most have not."""
    if isinstance(node, list):
        node = node[0] if len(node) == 1 else None
    if not isinstance(node, dict):
        return False
    if any(bare_name(key) in _TITLE_NAMES for key in itertools.islice(node, 200)):
        return True
    return deepest > 0 and any(
        _has_title(child, deepest - 1) for child in node.values() if isinstance(child, dict | list)
    )


def read_record(leaves: Leaves, base: str | None, used_here: Sequence[str], stated: str | None, source: str) -> Claims:
    """What the leaves of one object say about a listing."""
    title = _title(leaves)
    if title is None:
        return claims(source)
    price = record_price(leaves, used_here)
    currency = price.currency
    if price.low is not None and currency is None:
        currency = record_currency(leaves, used_here) or stated
    seller, seller_id, seller_url = _seller(leaves, base)
    return claims(
        source,
        id=leaves.text(*_IDS, longest=100),
        url=_address(leaves, base),
        title=title,
        price=price.low,
        price_max=price.high,
        currency=currency,
        seller=seller,
        seller_id=seller_id,
        seller_url=seller_url,
        images=_images(leaves, base),
        brand=_brand(leaves),
        sku=leaves.text("sku", "skuid", "productsku", "goodssn", "mpn", longest=100),
        gtin=_gtin(leaves),
        description=plain(leaves.text("description", "bodyhtml", "itemcaption", "shortdescription", longest=100_000)),
        condition=schema_word(leaves.text("condition", "conditiondisplayname", "itemcondition", deepest=3, longest=60)),
        availability=_availability(leaves),
        ships_from=_ships_from(leaves),
        rating=_rating(leaves),
        ratings=_count(leaves, _REVIEWS),
        sold_count=_count(leaves, _SOLD),
        category=leaves.text("categoryname", "producttype", "categorypath", own=False),
    )


def _title(leaves: Leaves) -> str | None:
    for name in _TITLES:
        for leaf in leaves.called(name):
            depth = len(leaf.keys) - (leaf.name != name)
            if not isinstance(leaf.value, str) or leaf.listed or depth > 2 or "://" in leaf.value:
                continue
            text = plain(leaf.value)
            # A name that is a number is one only where it is as long as an article's.
            if text and (any(map(str.isalpha, text)) or (text.isdigit() and len(text) >= 5)):
                return " ".join(text.split())
    return None


def _address(leaves: Leaves, base: str | None) -> str | None:
    for name in _URLS:
        for leaf in leaves.called(name):
            if isinstance(leaf.value, str) and len(leaf.keys) - (leaf.name != name) <= 2 and not leaf.listed:
                address = fixed_address(leaf.value, base)
                if address and not _NO_LISTING_URL.search(address):
                    return address
    return None


def _images(leaves: Leaves, base: str | None) -> tuple[str, ...]:
    found: list[tuple[int, int, str]] = []
    for order, leaf in enumerate(leaves.all):
        if not isinstance(leaf.value, str) or not _is_image_place(leaf.keys) or not _is_picture(leaf.value):
            continue
        address = fixed_address(leaf.value, base) or (leaf.value if "/" in leaf.value else None)
        if address and "e_blur" not in address:
            found.append((_image_rank(leaf.keys), order, address))
    found.sort()
    return tuple(dict.fromkeys(address for _, _, address in found))[:40]


@lru_cache(maxsize=50_000)
def _is_image_place(keys: tuple[str, ...]) -> bool:
    if not keys or len(keys) > 4 or not any(map(_IMAGE.search, keys)) or _NO_IMAGE.search(keys[-1]):
        return False
    return not any(
        is_aside(key)
        or (not _IMAGE.match(key) and (_NO_IMAGE.search(key) or (is_inner(key) and not _IMAGE.search(key))))
        for key in keys[:-1]
    )


def _is_picture(value: str) -> bool:
    if len(value) > 2_000 or value.startswith("data:") or "\n" in value or "<" in value:
        return False
    if "://" not in value and (" " in value.strip() or "/" not in value):
        return False
    if _PICTURE_FILE.search(value):
        return True
    return value.startswith(("http://", "https://", "//")) and not _OTHER_FILE.search(value)


@lru_cache(maxsize=50_000)
def _image_rank(keys: tuple[str, ...]) -> int:
    name = " ".join(keys)
    if re.search(r"small|thumb|medium|tiny|\bs\d", name):
        return 3 if "thumb" in name else 2
    main = r"main|large|full|orig|^(?:product|goods|item)?(?:image|img|pic|picture)(?:url|s)?\b"
    return 0 if re.search(main, name) else 1


def _seller(leaves: Leaves, base: str | None) -> tuple[str | None, str | None, str | None]:
    held: dict[str, Any] = {}
    for leaf in leaves.all:
        if 2 <= len(leaf.keys) <= 3 and not isinstance(leaf.value, bool) and _SELLER_HOLDER.match(leaf.keys[-2]):
            held.setdefault(leaf.name, leaf.value)
    words = (held.get(key) for key in _SELLER_NAMES)
    name = next(
        (one for one in words if isinstance(one, str) and 0 < len(one.strip()) <= 200 and "://" not in one), None
    )
    name = name or leaves.text(*_SELLERS, deepest=3, longest=200, own=False)
    number = next((str(held[key]) for key in _SELLER_IDS if held.get(key)), None)
    number = number or leaves.text("sellerid", "shopid", "storeid", "storenum", "shopcode", "userid", longest=100)
    address = next((held[key] for key in _SELLER_URLS if isinstance(held.get(key), str)), None)
    address = address or leaves.text("sellerurl", "storeurl", "shopurl", "shoplink", longest=2_000)
    return plain(name), number, fixed_address(address, base)


def _brand(leaves: Leaves) -> str | None:
    for keys in (("brand",), ("brandname",), ("brand", "name"), ("brand", "value")):
        for leaf in leaves.called(keys[-1], own=False):
            if leaf.keys == keys and isinstance(leaf.value, str) and len(leaf.value) <= 100:
                return plain(leaf.value)
    return None


def _gtin(leaves: Leaves) -> str | None:
    said = leaves.text("gtin", "gtin13", "gtin14", "gtin12", "ean", "upc", "jan", "isbn", "barcode", longest=40)
    digits = (said or "").replace("-", "").replace(" ", "")
    return digits if digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 14 else None


def _availability(leaves: Leaves) -> str | None:
    for leaf in leaves.all:
        if isinstance(leaf.value, bool) and leaf.keys in {("isinstock",), ("instock",), ("available",)}:
            return "InStock" if leaf.value else "OutOfStock"
        if isinstance(leaf.value, str) and len(leaf.keys) <= 3 and _is_availability(leaf):
            word = schema_word(leaf.value)
            if word in _AVAILABLE:
                return word
    return None


def _is_availability(leaf: Leaf) -> bool:
    return leaf.name in _AVAILABILITY or (len(leaf.keys) > 1 and leaf.name == "value" and "availab" in leaf.keys[-2])


def _ships_from(leaves: Leaves) -> str | None:
    for keys in _ORIGINS:
        for leaf in leaves.called(keys[-1], own=False):
            if leaf.keys == keys and isinstance(leaf.value, str):
                return plain(leaf.value[:300])
    return None


def _rating(leaves: Leaves) -> str | None:
    said = leaves.text(*_RATINGS, longest=20)
    amount = read_price(said) if said else None
    return format(amount.value, "f") if amount is not None and 0 < amount.value <= 5 else None


def _count(leaves: Leaves, names: Sequence[str]) -> int | None:
    """A whole number; "1.2k" and "1万+" are none: they say about how many."""
    said = leaves.text(*names, longest=30)
    found = re.search(r"\d[\d,.]*", said or "")
    if not found or re.search(r"[万萬kKmM]", said or ""):
        return None
    digits = found[0].replace(",", "").rstrip(".")
    return int(digits) if digits.isdigit() and len(digits) <= 12 else None
