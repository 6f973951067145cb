"""Reads listings out of JSON that nobody described: answers of APIs, the state that pages carry along.

A record is an object that has a title and something more of a listing. What its keys mean is told by their names, the
way a person would read them; names that say "old price", "shipping" or "recommended" are as telling as the others.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crawlers.currencies import currency_code
from crawlers.prices import PriceText, read_price, read_price_text
from crawlers.reading.claims import Claims, claims
from crawlers.reading.text import fixed_address, plain
from crawlers.values import schema_word

Path = tuple[str, ...]
Leaf = tuple[Path, Any]

_MOST_NODES = 300_000
_MOST_LEAVES = 400
_MOST_RECORDS = 1_000
_DEEPEST = 5

# Below a key with one of these words stand other things than the listing, or than the page's results.
_ASIDE = re.compile(
    r"recommend|related|similar|alsobought|alsoviewed|recentlyviewed|youmay|crosssell|upsell|accessor|campaign|facet|"
    r"filter|breadcrumb|categor(?:y|ies)list|review|suggest|bundle|sponsoredads|navigation|menu|banner|sibling|"
    r"tracking|analytics|freight|logistic|faq|wishlist"
)
_INNER = re.compile(
    r"variant|variation|^skus?$|skulist|sku(?:map|info|props?|base)|relatedcolor|colou?rs?$|swatch|options?$|"
    r"attribute|"
    r"specification|^tags?$|badge|coupon|promotion|label|parameter|aspects|review|seller|^shop|store|brand|category|"
    r"^series|^ext$|i18n|trace|track|shipping|delivery|location|address|video|warranty|quantityprices|tiers?$|"
    r"image|photo"
)
_TITLES = (
    *("producttitle", "itemtitle", "offertitle", "goodsname", "productname", "itemname", "goodstitle", "subject"),
    *("displaytitle", "rawtitle", "title", "boxname", "name", "titlename", "heading", "shorttitle", "seotitle"),
)
_IDS = (
    *("legacyitemid", "usitemid", "asin", "itemid", "listingid", "goodsid", "nid", "offerid", "productid", "auctionid"),
    *("boxid", "itemcode", "wareid", "adid", "id", "code", "articlenumber", "sku", "skuid", "uid"),
)
_URLS = (
    *("itemweburl", "viewitemurl", "itemurl", "producturl", "productdetailurl", "detailurl", "canonicalurl"),
    *("producturlpc", "permalink", "productpageurl", "pdpurl", "url", "link", "href", "cleanurl", "canonicalpageurl"),
    *("producthref", "itemlink", "productlink", "path", "seourl"),
)
_SELLERS = (
    *("sellername", "storename", "shopname", "companyname", "merchantname", "soldby", "sellernick", "nick", "nickname"),
    *("sellerusername", "sellerlogin", "shopnick"),
)
_SELLER_HOLDER = re.compile(r"^(?:seller|shop|store|merchant|company|vendor)(?:info|data|card|module|details)?$")
_SELLER_NAMES = ("login", "username", "companyname", "nickname", "nick", "name", "storename", "shopname", "title")
_IMAGE = re.compile(
    r"image|img|picture|photo|thumb|gallery|pic(?:ture)?s?(?:url|path)?$|^src$|poster|extrafield\d+|asset"
)
_NO_IMAGE = re.compile(
    r"logo|icon|brand|badge|flag|corner|swatch|seller|shop|avatar|tags?$|label|video|width|height|count|size|"
    r"alt|banner|"
    r"series|colou?r|promo|title|caption|type|id$|hash|sprite|placeholder|masterbox|count"
)
_OTHER_PRICE = re.compile(
    r"original|origin|(?:^|[^g])old|was|list(?:price)?$|listprice|retail|rrp|msrp|regular|before|sav(?:e|ing)|"
    r"shipping|"
    r"delivery|freight|postage|fee|tax|unitprice|perunit|installment|coupon|compare|cash|exchange|average|deposit|"
    r"reserve|strike|cross|klarna|usd|converted|bid(?!price)|market|suggest|wholesale|volume|tier|schema|export|"
    r"credit|points?|rate|history|range(?:text)?$|hkprice|intprice|euprice|usprice|basis|full|max|high|discount$"
)
_NOW_PRICE = re.compile(
    r"^(?:final|current|now|sale|sales|sell|selling|deal|promotion(?:al)?|promo|act|special|view|offer|purchase|"
    r"our|min|"
    r"salesmin|minimum|minfinal|pay|topay)(?:min)?price(?:s|info|module)?$|^pricetopay$|^activityprice$|appsaleprice"
)
_CUT_PRICE = re.compile(r"^(?:item|product|goods)?discount(?:ed)?price$")
_PLAIN_PRICE = re.compile(
    r"^(?:item|product|goods|base|display|extracted|sku|app|formatted|buynow|fixed|unit|main|normal)*prices?\d?"
    r"(?:info|value|amount|module|data)?$|^amount$"
)
_LOW_PRICE = re.compile(
    r"^(?:min|low|lowest|from|starting|minimum)(?:est)?(?:price|amount)$|^price(?:min|from|low)$|"
    r"^minactivityamount$|^minamount$"
)
_HIGH_PRICE = re.compile(
    r"^(?:sales)?(?:max|high|highest|maximum|to)(?:price|amount)$|^price(?:max|to|high)$|^maxactivityamount$"
)
_VARIANTS = re.compile(r"variants?$|skus?$|skulist$|offers?$")
_VARIANT_PRICES = frozenset({"price", "saleprice", "currentprice", "amount"})
_VALUES = ("value", "amount", "price", "minprice", "min", "lowprice", "number", "raw", "text", "formatted", "encoded")
_CURRENCY = re.compile(r"currency(?:code|id|iso|symbol|sign)?$|^currencycode|^ccy$")


@dataclass(frozen=True, slots=True)
class Record:
    """One object read as a listing; `place` is its path with positions left out."""

    place: Path
    said: Claims

    @property
    def weight(self) -> float:
        """How much it says: records of which more is known are likelier to be what the page is about."""
        return 1.0 + sum(0.5 for name in ("price", "images", "url", "id") if self.said.get(name) is not None)


@dataclass(frozen=True, slots=True)
class Found:
    """The records of a document: `listings` of the best group, `single` where they are one object, not a list."""

    listings: tuple[Claims, ...] = ()
    single: bool = False
    place: Path = ()


def find_records(data: Any, base: str | None, used_here: Sequence[str] = (), source: str = "json") -> Found:
    """The listings in a document of unknown shape: the heaviest group of alike places.

    An object that has lists of others inside is the listing, and they are its asides.
    """
    stated = stated_currency(data)
    groups: dict[Path, list[Record]] = {}
    lists: set[Path] = set()
    for place, node, in_list in _objects(data):
        record = _record(place, node, base, used_here, stated, source)
        if record is None:
            continue
        group = groups.setdefault(place, [])
        if len(group) < _MOST_RECORDS:
            group.append(record)
        if in_list:
            lists.add(place)
    if not groups:
        return Found()
    best = max(groups, key=lambda place: _group_weight(place, groups[place], lists))
    singles = [place for place in groups if place not in lists and _is_whole(groups[place][0].said)]
    outer = next((place for place in singles if best[: len(place)] == place and place != best), None)
    if outer is not None and best in lists:
        best = outer
    chosen = groups[best]
    return Found(tuple(record.said for record in chosen), best not in lists and len(chosen) == 1, best)


def _is_whole(said: Claims) -> bool:
    return said.get("price") is not None and (said.get("id") is not None or said.get("images") is not None)


def _group_weight(place: Path, records: list[Record], lists: set[Path]) -> float:
    weight = sum(record.weight for record in records)
    priced = sum(1 for record in records if record.said.get("price") is not None)
    # Things without a price are seldom what is for sale, and what lies deeper is seldom what the answer is about.
    return weight * (1.0 if priced else 0.15) * 0.99 ** len(place)


def _objects(data: Any) -> Iterator[tuple[Path, dict[str, Any], bool]]:
    """Every object with its place, outermost first; asides are left out."""
    waiting: list[tuple[Path, Any, bool]] = [((), data, False)]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        place, node, in_list = waiting.pop()
        if isinstance(node, dict):
            yield place, node, in_list
            numbered = len(node) >= 3 and all(_is_number(key) for key in node)
            for key, child in reversed(list(node.items())):
                if isinstance(child, dict | list):
                    name = "*" if numbered else _name(key)
                    if not _ASIDE.search(name) and not _INNER.search(name):
                        waiting.append(((*place, name), child, numbered))
        elif isinstance(node, list):
            waiting.extend(((*place, "*"), child, True) for child in reversed(node) if isinstance(child, dict | list))


def _is_number(key: Any) -> bool:
    return isinstance(key, str) and key.isdigit()


def _name(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.lower())


def _record(
    place: Path, node: Mapping[str, Any], base: str | None, used_here: Sequence[str], stated: str | None, source: str
) -> Record | None:
    if len(node) < 3 and not any(isinstance(child, dict) for child in node.values()):
        return None
    leaves = list(_leaves(node))[:_MOST_LEAVES]
    said = read_record(leaves, base, used_here, stated, source)
    if said.get("title") is None or not (said.get("price") or said.get("images")) or len(said.values) < 3:
        return None
    return Record(place, said)


def _leaves(node: Any, path: Path = ()) -> Iterator[Leaf]:
    """Values of an object with their paths; lists of one are as good as what they hold, others keep their place."""
    if isinstance(node, dict):
        if len(path) < _DEEPEST:
            for key, child in node.items():
                yield from _leaves(child, (*path, _name(key)))
    elif isinstance(node, list):
        for child in node[:1] if len(node) == 1 else node[:30]:
            if not isinstance(child, list):
                yield from _leaves(child, path if len(node) == 1 else (*path, "*"))
    elif node is not None and node != "":
        yield path, node


def read_record(
    leaves: Sequence[Leaf], base: str | None, used_here: Sequence[str], stated: str | None, source: str
) -> Claims:
    """What the leaves of one object say about a listing."""
    own = [leaf for leaf in leaves if not any(_INNER.search(key) or _ASIDE.search(key) for key in leaf[0][:-1])]
    low, high, currency = _price(own, used_here)
    if low is None:
        low, high, currency = _variant_prices(leaves, used_here)
    if low is not None and currency is None:
        currency = _stated(own, used_here) or stated
    url = _address(own, base)
    seller, seller_id, seller_url = _seller(leaves, base)
    return claims(
        source,
        id=_first_text(own, _IDS, deepest=2, longest=100),
        url=url,
        title=_title(own),
        price=low,
        price_max=high if high is not None and low is not None and high > low else None,
        currency=currency,
        seller=seller,
        seller_id=seller_id,
        seller_url=seller_url,
        images=_images(leaves, base),
        brand=_brand(leaves),
        sku=_first_text(own, ("sku", "skuid", "productsku", "goodssn", "mpn"), deepest=2, longest=100),
        gtin=_gtin(own),
        description=plain(_first_text(own, ("description", "bodyhtml", "itemcaption", "shortdescription"), 2, 100_000)),
        condition=schema_word(_first_text(own, ("condition", "conditiondisplayname", "itemcondition"), 3, 60)),
        availability=_availability(own),
        ships_from=_ships_from(leaves),
        rating=_rating(leaves),
        ratings=_count(
            leaves, ("reviewcount", "ratingstotal", "numberofreviews", "reviewscount", "ratingcount", "cmtcount")
        ),
        sold_count=_count(
            leaves,
            (
                "soldcount",
                "historicalsold",
                "soldquantity",
                "sold",
                "estimatedsoldquantity",
                "viewsales",
                "salequantityint",
                "salescount",
                "saledcount",
                "tradecount",
                "orderscount",
            ),
        ),
        category=_first_text(leaves, ("categoryname", "producttype", "categorypath"), 2, 300),
    )


def _title(own: Sequence[Leaf]) -> str | None:
    for name in _TITLES:
        for path, value in own:
            if not isinstance(value, str) or len(path) > 4:
                continue
            keys = [key for key in path if key != "*"]
            wrapped = (
                len(keys) > 1 and keys[-2] == name and keys[-1] in {"value", "text", "displaytitle", "name", "content"}
            )
            if keys and (keys[-1] == name or wrapped) and "*" not in path:
                text = plain(value)
                if (text and any(character.isalpha() for character in text)) or (
                    text and name != "name" and len(text) > 3
                ):
                    return text if "://" not in text else None
                if text and name == "name" and text.isdigit() and len(text) >= 5:
                    return text
    return None


def _first_text(leaves: Sequence[Leaf], names: Iterable[str], deepest: int, longest: int) -> str | None:
    for name in names:
        for path, value in leaves:
            keys = tuple(key for key in path if key != "*")
            wrapped = len(keys) > 1 and keys[-1] in {"value", "text"} and keys[-2] == name
            if (
                not keys
                or not (keys[-1] == name or wrapped)
                or len(keys) - wrapped > deepest
                or isinstance(value, bool)
            ):
                continue
            text = str(value).strip()
            if text and text not in {"0", "-1"} and len(text) <= longest:
                return text
    return None


def _price(own: Sequence[Leaf], used_here: Sequence[str]) -> tuple[Decimal | None, Decimal | None, str | None]:
    ranked: list[tuple[tuple[int, int, int], Path, PriceText]] = []
    for path, value in own:
        rank = _price_rank(path)
        if rank is None:
            continue
        read = _amount(path, value, own, used_here)
        if read is not None and read.low > 0:
            ranked.append((rank, path, read))
    if not ranked:
        return None, None, None
    ranked.sort(key=lambda one: one[0])
    _, path, chosen = _without_savings(ranked)[0]
    currency = chosen.currency or _currency_beside(own, path, used_here)
    if currency is None:
        currency = next((one.currency for _, where, one in ranked if one.currency and one.low == chosen.low), None)
    return chosen.low, chosen.high or _high(own, used_here, path), currency


def _without_savings(
    ranked: list[tuple[tuple[int, int, int], Path, PriceText]],
) -> list[tuple[tuple[int, int, int], Path, PriceText]]:
    """A "discount price" that is dearer than the plain one, or the difference of two others, is none."""
    plain_prices = [read.low for rank, _, read in ranked if rank[0] == 2]
    kept = [one for one in ranked if one[0][0] != 1 or all(one[2].low <= price for price in plain_prices)]
    return kept or ranked


def _price_rank(path: Path) -> tuple[int, int, int] | None:
    """How likely the value at a path is the price to pay now: the class of its name, its depth, its wrapper."""
    keys = [key for key in path if key != "*"]
    if not keys or any(_OTHER_PRICE.search(key) for key in keys) or len(keys) > 4:
        return None
    wrapper = _VALUES.index(keys[-1]) if keys[-1] in _VALUES and len(keys) > 1 else None
    named = keys[:-1] if wrapper is not None else keys
    for order, pattern in ((0, _NOW_PRICE), (1, _CUT_PRICE), (2, _PLAIN_PRICE), (3, _LOW_PRICE)):
        if any(pattern.match(key) for key in (named[-1:] if wrapper is None else named)):
            return order, len(keys), wrapper if wrapper is not None else 0
    if wrapper is None and _LOW_PRICE.match(keys[-1]):
        return 3, len(keys), 0
    return None


def _amount(path: Path, value: Any, own: Sequence[Leaf], used_here: Sequence[str]) -> PriceText | None:
    if isinstance(value, bool):
        return None
    exact = read_price(value)
    if exact is None:
        return read_price_text(value, used_here) if isinstance(value, str) else None
    places = _minor_unit(path, own)
    amount = exact.value.scaleb(-places) if places else exact.value
    return PriceText(amount, None, exact.currency)


def _minor_unit(path: Path, own: Sequence[Leaf]) -> int:
    """Of how many digits a price beside such a statement is written without its point."""
    beside = path[:-1]
    for other, value in own:
        if other[: len(beside)] == beside and other[-1] in {"currencyminorunit", "fractiondigits", "minorunit"}:
            text = str(value)
            return int(text) if text in {"0", "1", "2", "3"} else 0
    return 0


def _high(own: Sequence[Leaf], used_here: Sequence[str], chosen: Path) -> Decimal | None:
    found = []
    for path, value in own:
        keys = [key for key in path if key != "*"]
        named = keys[:-1] if len(keys) > 1 and keys[-1] in _VALUES else keys
        if (
            named
            and _HIGH_PRICE.match(named[-1])
            and not any(re.search(r"before|original|old|list|rrp|regular|usedexclude", key) for key in keys)
        ):
            read = _amount(path, value, own, used_here)
            if read is not None and read.low > 0:
                found.append((named[-1] != "salesmaxprice", read.low))
    return min(found)[1] if found else None


def _currency_beside(own: Sequence[Leaf], path: Path, used_here: Sequence[str]) -> str | None:
    """The currency that stands in the same object as the price, or in one around it."""
    for depth in range(len(path) - 1, -1, -1):
        for other, value in own:
            if other[:depth] == path[:depth] and len(other) <= len(path) and _CURRENCY.search(other[-1]):
                if re.search(r"from|original|target", other[-1]) or not isinstance(value, str):
                    continue
                code = currency_code(value, used_here)
                if code:
                    return code
    return None


def _stated(leaves: Sequence[Leaf], used_here: Sequence[str]) -> str | None:
    for path, value in leaves:
        if path and isinstance(value, str) and _CURRENCY.search(path[-1]) and "from" not in path[-1]:
            code = currency_code(value, used_here)
            if code:
                return code
    return None


def _variant_prices(
    leaves: Sequence[Leaf], used_here: Sequence[str]
) -> tuple[Decimal | None, Decimal | None, str | None]:
    """The range of a listing's variants, where only they have prices."""
    found = []
    for path, value in leaves:
        inside = [key for key in path[:-1] if key != "*"]
        if not inside or len(inside) > 2 or not _VARIANTS.match(inside[0]) or path[-1] not in _VARIANT_PRICES:
            continue
        read = None if any(map(_OTHER_PRICE.search, path)) else _amount(path, value, leaves, used_here)
        if read is not None and read.low > 0:
            found.append(read)
    if not found:
        return None, None, None
    values = [one.low for one in found]
    return min(values), max(values), found[0].currency


def stated_currency(data: Any) -> str | None:
    """The one currency that a document states outside its records; None where it states none or several."""
    found: set[str] = set()
    waiting: list[tuple[Any, int]] = [(data, 0)]
    for _ in range(20_000):
        if not waiting:
            break
        node, depth = waiting.pop()
        if isinstance(node, dict):
            for key, child in node.items():
                name = _name(key)
                if isinstance(child, str) and _CURRENCY.search(name) and len(child) <= 6:
                    code = currency_code(child)
                    if code:
                        found.add(code)
                elif isinstance(child, dict) and depth < 6:
                    if _CURRENCY.search(name):
                        code = currency_code(str(child.get("sign") or child.get("code") or child.get("symbol") or ""))
                        found.update({code} if code else ())
                    waiting.append((child, depth + 1))
                elif isinstance(child, list) and depth < 3:
                    waiting.extend((one, depth + 1) for one in child[:5])
        elif isinstance(node, list) and depth < 3:
            waiting.extend((one, depth + 1) for one in node[:5])
    return found.pop() if len(found) == 1 else None


def _address(own: Sequence[Leaf], base: str | None) -> str | None:
    for name in _URLS:
        for path, value in own:
            keys = [key for key in path if key != "*"]
            wrapped = len(keys) > 1 and keys[-1] in {"value", "text"} and keys[-2] == name
            if not keys or not (keys[-1] == name or wrapped) or not isinstance(value, str) or len(keys) - wrapped > 2:
                continue
            address = fixed_address(value, base)
            if address and not re.search(r"\.(?:jpe?g|png|webp|gif)(?:\?|$)|^https?://api\.|/api/", address):
                return address
    return None


def _images(leaves: Sequence[Leaf], base: str | None) -> tuple[str, ...]:
    found: list[tuple[int, int, str]] = []
    for order, (path, value) in enumerate(leaves):
        keys = [key for key in path if key != "*"]
        if not keys or not isinstance(value, str) or len(value) > 2_000 or len(keys) > 4:
            continue
        imaging = [key for key in keys if _IMAGE.search(key)]
        wrong = [key for key in keys[:-1] if _ASIDE.search(key) or (_NO_IMAGE.search(key) and not _IMAGE.match(key))]
        inner = [key for key in keys[:-1] if _INNER.search(key) and not _IMAGE.search(key)]
        if not imaging or wrong or inner or (_NO_IMAGE.search(keys[-1]) and keys[-1] not in {"imageid"}):
            continue
        if not _looks_like_image(value, keys[-1]):
            continue
        address = fixed_address(value, base) or (value if "/" in value and " " not in value else None)
        if address and "e_blur" not in address:
            found.append((_image_rank(keys), order, address))
    found.sort()
    return tuple(dict.fromkeys(address for _, _, address in found))[:40]


def _looks_like_image(value: str, key: str) -> bool:
    if value.startswith("data:") or "\n" in value or "<" in value or (" " in value.strip() and "://" not in value):
        return False
    if re.search(r"\.(?:jpe?g|png|webp|gif|avif|bmp)(?:[?!_#@/]|$)", value, re.IGNORECASE):
        return True
    return value.startswith(("http://", "https://", "//")) and not re.search(
        r"\.(?:html?|mp4|svg|js|css)(?:\?|$)", value
    )


def _image_rank(keys: Sequence[str]) -> int:
    name = " ".join(keys)
    if re.search(r"small|thumb|medium|tiny|\bs\d", name):
        return 2 if "thumb" not in name else 3
    return (
        0
        if re.search(r"main|large|full|orig|^(?:product|goods|item)?(?:image|img|pic|picture)(?:url|s)?\b", name)
        else 1
    )


def _seller(leaves: Sequence[Leaf], base: str | None) -> tuple[str | None, str | None, str | None]:
    name = identifier = address = None
    holder: dict[str, Any] = {}
    for path, value in leaves:
        keys = [key for key in path if key != "*"]
        if len(keys) >= 2 and _SELLER_HOLDER.match(keys[-2]) and len(keys) <= 3 and not isinstance(value, bool):
            holder.setdefault(keys[-1], value)
    for key in _SELLER_NAMES:
        value = holder.get(key)
        if isinstance(value, str) and value.strip() and len(value) <= 200 and "://" not in value:
            name = plain(value)
            break
    name = name or plain(_first_text(leaves, _SELLERS, deepest=3, longest=200))
    identifier = next(
        (str(holder[key]) for key in ("id", "sellerid", "shopid", "memberid", "storeid", "userid") if holder.get(key)),
        None,
    )
    identifier = identifier or _first_text(
        leaves, ("sellerid", "shopid", "storeid", "storenum", "shopcode", "userid"), 2, 100
    )
    for key in ("permalink", "url", "storeurl", "shopurl", "sellerurl", "userlistingurl", "link"):
        if isinstance(holder.get(key), str):
            address = fixed_address(holder[key], base)
            break
    if address is None:
        said = _first_text(leaves, ("sellerurl", "storeurl", "shopurl", "shoplink"), 2, 2_000)
        address = fixed_address(said, base) if said else None
    return name, identifier, address


def _brand(leaves: Sequence[Leaf]) -> str | None:
    for path, value in leaves:
        keys = [key for key in path if key != "*"]
        if not isinstance(value, str) or not keys or len(value) > 100:
            continue
        if keys in (["brand"], ["brandname"], ["brand", "name"], ["brand", "value"]):
            return plain(value)
    return None


def _gtin(own: Sequence[Leaf]) -> str | None:
    said = _first_text(own, ("gtin", "gtin13", "gtin14", "gtin12", "ean", "upc", "jan", "isbn", "barcode"), 2, 40)
    digits = (said or "").replace("-", "").replace(" ", "")
    return digits if digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 14 else None


def _availability(own: Sequence[Leaf]) -> str | None:
    for path, value in own:
        keys = [key for key in path if key != "*"]
        name = keys[-1] if keys else ""
        if isinstance(value, bool) and len(keys) == 1 and name in {"isinstock", "instock", "available"}:
            return "InStock" if value else "OutOfStock"
        wrapped = (
            len(keys) == 2 and name in {"value", "stocklevelstatus"} and "availab" in keys[0] + name
        ) or name == "stocklevelstatus"
        known = name in {"availability", "stockstatus", "availabilitystatus", "estimatedavailabilitystatus"}
        if isinstance(value, str) and (known or wrapped) and len(keys) <= 3:
            word = schema_word(value)
            if word in {
                "InStock",
                "OutOfStock",
                "SoldOut",
                "PreOrder",
                "BackOrder",
                "Discontinued",
                "LimitedAvailability",
            }:
                return word
    return None


def _ships_from(leaves: Sequence[Leaf]) -> str | None:
    for path, value in leaves:
        keys = [key for key in path if key != "*"]
        if not isinstance(value, str) or not keys:
            continue
        if keys in (
            ["itemlocation", "country"],
            ["shipsfrom"],
            ["shipfrom"],
            ["itemloc"],
            ["shoplocation"],
            ["sendgoodsaddress"],
        ):
            return plain(value[:300])
    return _first_text(leaves, ("shipsfrom", "shipfrom", "sendfrom", "itemloc", "shoplocation"), 2, 300)


def _rating(leaves: Sequence[Leaf]) -> str | None:
    said = _first_text(
        leaves,
        (
            "averagerating",
            "reviewaverage",
            "itemratingscore",
            "ratingstar",
            "ratingvalue",
            "averagestar",
            "rating",
            "reviewrating",
        ),
        deepest=2,
        longest=20,
    )
    amount = read_price(said) if said else None
    return format(amount.value, "f") if amount is not None and 0 < amount.value <= 5 else None


def _count(leaves: Sequence[Leaf], names: Iterable[str]) -> int | None:
    said = _first_text(leaves, names, deepest=2, longest=30)
    found = re.search(r"\d[\d,.]*", said or "")
    if not found or re.search(r"[万萬kKmM]", said or ""):
        return None
    digits = found[0].replace(",", "").rstrip(".")
    return int(digits) if digits.isdigit() and len(digits) <= 12 else None
