"""Values that a page names in words beside them: "SKU: 4711", "Sold by Light shop"."""

import re
from collections.abc import Iterator

from crawlers.reading.context import PageContext
from crawlers.reading.visible import labelled

_CODE = re.compile(
    r"^(?:sku|art(?:icle|ikel|\.)?[ .-]{0,2}(?:nr|no|number|nummer|code)?\.?|artikelnummer|"
    r"item (?:no|number|code|#)\.?|"
    r"product (?:code|id|no\.?|number)|código(?: do produto| de producto)?|cod(?:ice|\.)?(?: articolo| prodotto)?|"
    r"référence|réf\.?|referencia|ref(?:erence|\.)?|код(?: товара)?|артикул|šifra|kód(?: produktu| tovaru)?|"
    r"kod(?: produktu)?|tuotekoodi|tuotenumero|品號|商品編號|商品编号|"
    r"商品货号|货号|品番|商品番号|商品コード|상품번호)"
    r"\s*[:：#]\s*(?P<value>(?=\D*\d)[A-Za-z0-9][\w./-]{2,30})?$",
    re.IGNORECASE,
)
_SELLER = re.compile(
    r"^(?:sold by|sold and shipped by|verkauf(?:t)? (?:durch|von)|verkäufer|vendu (?:et expédié )?par|vendeur|"
    r"vendido (?:e entregue |y enviado )?por|vendedor|venduto (?:e spedito )?da|venditore|verkocht door|sprzedawca|"
    r"sprzedaje|продавец|卖家|賣家|販売元|판매자)\s*[:：]?\s*(?P<value>[^:：]{2,60})?$",
    re.IGNORECASE,
)
_CODES = frozenset(
    {"sku", "article number", "item number", "product code", "artikelnummer", "artikel-nr.", "art.-nr.", "référence"}
    | {"referencia", "código", "codice prodotto", "artikelnr.", "kód produktu", "kod produktu", "артикул", "код товара"}
    | {"货号", "商品货号", "商品编号", "品番", "商品番号", "商品コード", "상품번호"}
)
_BRAND = re.compile(
    r"^(?:brand|marke|marque|marca|merk|značka|marka|бренд|品牌|ブランド|브랜드)\s*[:：]\s*(?P<value>[^:：]{2,60})?$",
    re.IGNORECASE,
)
_BRANDS = frozenset({"brand", "marke", "marque", "marca", "merk", "značka", "marka", "бренд", "品牌", "ブランド"})
_GTIN = re.compile(
    r"^(?:gtin|ean|upc|jan|isbn)(?:[- ]?(?:8|10|12|13|14))?(?:[- ]?(?:code|nr\.?|no\.?|number))?\s*[:：#]\s*"
    r"(?P<value>[\d -]{8,20})?$",
    re.IGNORECASE,
)
_GTINS = frozenset(
    {"gtin", "gtin-13", "gtin13", "ean", "ean-13", "ean13", "ean code", "ean-code", "upc", "upc-a", "jan", "isbn"}
    | {"isbn-13", "isbn13", "barcode"}
)
_GTIN_LENGTHS = {8, 12, 13, 14}
_IS_CODE = re.compile(r"(?=\D*\d)[A-Za-z0-9][\w./-]{2,30}")
_MOST = 30_000
_LONGEST = 120


def labelled_code(page: PageContext) -> str | None:
    """The article number that the page names behind its heading, or in a table."""
    listed = labelled(page, _CODES) or ""
    return listed if _IS_CODE.fullmatch(listed) else next(_after(page, _CODE), None)


def labelled_seller(page: PageContext) -> str | None:
    """The seller that the page names behind its heading."""
    return next(_after(page, _SELLER), None)


def labelled_brand(page: PageContext) -> str | None:
    """The brand that the page names behind its heading, or in a table."""
    return labelled(page, _BRANDS) or next(_after(page, _BRAND), None)


def labelled_gtin(page: PageContext) -> str | None:
    """The trade item number that the page names; None unless its check digit is right."""
    digits = re.sub(r"[ -]", "", labelled(page, _GTINS) or next(_after(page, _GTIN), None) or "")
    return digits if digits.isascii() and digits.isdigit() and _is_checked(digits) else None


def _is_checked(digits: str) -> bool:
    """Whether a GTIN ends in the check digit of the others (GS1 General Specifications, 7.9)."""
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return len(digits) in _GTIN_LENGTHS and weighed % 10 == 0 and bool(digits.strip("0"))


def _after(page: PageContext, label: re.Pattern[str]) -> Iterator[str]:
    """The value of a label: behind it in its own text, else the next text of the page."""
    waiting = False
    for text in _texts(page):
        if waiting:
            waiting = False
            if label is not _CODE or _IS_CODE.fullmatch(text):
                yield text
                return
        found = label.match(text) if len(text) <= _LONGEST else None
        if found and found["value"]:
            yield found["value"].strip(" .")
            return
        waiting = found is not None


def _texts(page: PageContext) -> list[str]:
    """The texts of the page from its heading on, in its order."""
    if "texts" not in page.kept:
        page.kept["texts"] = list(_read_texts(page))
    found: list[str] = page.kept["texts"]
    return found


def _read_texts(page: PageContext) -> Iterator[str]:
    heading = page.heading_element
    if heading is None:
        return
    started = False
    for text in page.root.xpath("//body//text()[not(parent::script or parent::style or parent::noscript)]")[:_MOST]:
        started = started or text.getparent() is heading
        words = " ".join(text.split()) if started else ""
        if words:
            yield words
