"""Values that a page names in words beside them: "SKU: 4711", "Sold by Light shop"."""

import re
from collections.abc import Iterator

from crawlers.reading.context import PageContext

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
_IS_CODE = re.compile(r"(?=\D*\d)[A-Za-z0-9][\w./-]{2,30}")
_MOST = 30_000
_LONGEST = 120


def labelled_code(page: PageContext) -> str | None:
    """The article number that the page names behind its heading."""
    return next(_after(page, _CODE), None)


def labelled_seller(page: PageContext) -> str | None:
    """The seller that the page names behind its heading."""
    return next(_after(page, _SELLER), None)


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


def _texts(page: PageContext) -> Iterator[str]:
    """The texts of the page from its heading on, in its order."""
    heading = page.heading_element
    if heading is None:
        return
    started = False
    for text in page.root.xpath("//body//text()[not(parent::script or parent::style or parent::noscript)]")[:_MOST]:
        started = started or text.getparent() is heading
        words = " ".join(text.split()) if started else ""
        if words:
            yield words
