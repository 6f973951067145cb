"""Parts of an item's page that call themselves what they hold: its stock, its description, its path of categories."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from crawlers.reading.context import PageContext
from crawlers.reading.text import bare, plain
from crawlers.reading.visible import is_elsewhere, labelled
from crawlers.shown import SKIPPED, is_hidden, names_of, words_of

_STOCK_LABELS = frozenset(
    {"availability", "stock", "stock status", "verfügbarkeit", "lieferstatus", "disponibilité", "disponibilidad"}
    | {"disponibilidade", "disponibilità", "beschikbaarheid", "dostupnost", "dostępność", "наличие", "库存", "在庫"}
)
_STOCK_PART = re.compile(
    r"(?:^|[-_ ])(?:availability|stock|in-?stock|out-?of-?stock|stock-?(?:status|level))(?:[-_ ]|$)",
    re.I,
)
# What says that there is none holds words of what says that there is some, so it is looked for first.
_STOCK_WORDS = (
    (
        "OutOfStock",
        re.compile(
            r"out of stock|sold out|unavailable|not (?:currently )?(?:available|in stock)|no longer available|"
            r"(?<!\d)0 (?:in stock|available)|ausverkauft|nicht (?:mehr )?(?:verfügbar|auf lager|lieferbar|vorrätig)|"
            r"rupture de stock|indisponible|épuisé|agotado|sin stock|no disponible|esgotado|indisponível|esaurito|"
            r"non disponibile|uitverkocht|niet (?:op voorraad|beschikbaar|leverbaar)|vyprodáno|není skladem|"
            r"niedostępn|brak w magazynie|нет в наличии|在庫切れ|在庫なし|品切れ|售罄|缺货|缺貨|無庫存|无库存|품절",
            re.I,
        ),
    ),
    ("PreOrder", re.compile(r"pre-?order|vorbestell|précommande|preventa|予約", re.I)),
    ("BackOrder", re.compile(r"back-?order", re.I)),
    (
        "InStock",
        re.compile(
            r"in stock|\bavailable\b|auf lager|verfügbar|lieferbar|vorrätig|en stock|disponible|en existencia|"
            r"disponível|em estoque|disponibile|op voorraad|leverbaar|skladem|dostępny|в наличии|在庫あり|"
            r"有货|有貨|现货|現貨|재고 있음",
            re.I,
        ),
    ),
)
_LONGEST_STOCK = 120
_DESCRIPTION_PART = re.compile(
    r"^(?:product|item|pdp|detail|full|long|prod)?[-_]{0,2}(?:long|full|main)?[-_]?(?:description|beschreibung|descripcion)"
    r"(?:[-_]{1,2}(?:content|text|body|inner|container|wrapper|full|long))?$",
    re.I,
)
_DESCRIPTION_WORDS = frozenset(
    {"description", "productdescription", "itemdescription", "aboutthisitem", "beschreibung", "produktbeschreibung"}
    | {"artikelbeschreibung", "descriptionduproduit", "descripción", "descripcióndelproducto", "descrição"}
    | {"descriçãodoproduto", "descrizione", "descrizioneprodotto", "beschrijving", "productomschrijving", "popis"}
    | {"popisproduktu", "opis", "opisproduktu", "описание", "описаниетовара", "商品描述", "商品説明", "상품설명"}
)
_HEADINGS = ("h2", "h3", "h4", "h5", "dt")
_SHORTEST_DESCRIPTION = 15
_LONGEST_DESCRIPTION = 20_000
_MOST_SIBLINGS = 200
_BREADCRUMB = re.compile(r"bread-?_?crumb", re.I)
_HOME = frozenset(
    {
        "home",
        "homepage",
        "start",
        "startseite",
        "accueil",
        "inicio",
        "início",
        "pagina",
        "úvod",
        "главная",
        "首页",
        "首頁",
    }
)
_LONGEST_CRUMB = 80
_MOST_CRUMBS = 12


def shown_availability(page: PageContext) -> str | None:
    """Whether the page says that the thing can be had, as schema.org's word for it."""
    named = labelled(page, _STOCK_LABELS)
    told = _stock_word(named) if named else None
    if told is not None:
        return told
    for element in _behind_heading(page):
        if _STOCK_PART.search(names_of(element)) and not is_hidden(element) and not is_elsewhere(element):
            text = words_of(element)
            told = _stock_word(text) if len(text) <= _LONGEST_STOCK else None
            if told is not None:
                return told
    return None


def _stock_word(text: str) -> str | None:
    return next((word for word, pattern in _STOCK_WORDS if pattern.search(text)), None)


def shown_description(page: PageContext) -> str | None:
    """The description that the page shows: of a part that is called so, or below a heading that says so."""
    for element in _behind_heading(page):
        part, text = element, ""
        if any(_DESCRIPTION_PART.match(name) for name in names_of(element).split()):
            text = _without_heading(element)
        elif element.tag in _HEADINGS and bare(words_of(element)) in _DESCRIPTION_WORDS:
            part = _outermost(element)
            text = _below(part)
        if len(text) >= _SHORTEST_DESCRIPTION and not is_elsewhere(part):
            return plain(text[:_LONGEST_DESCRIPTION])
    return None


def _without_heading(element: Any) -> str:
    """The text of a part, but for a heading that only says what the part is."""
    text = words_of(element)
    for heading in element.iter(*_HEADINGS):
        said = words_of(heading)
        return text.removeprefix(said).strip() if bare(said) in _DESCRIPTION_WORDS else text
    return text


def _outermost(heading: Any) -> Any:
    """The element that holds a heading and nothing behind it."""
    part = heading
    while part.getnext() is None and part.getparent() is not None and part.getparent().tag not in {"body", "html"}:
        part = part.getparent()
    return part


def _below(heading: Any) -> str:
    """The text between a heading and the next one."""
    texts: list[str] = []
    for count, sibling in enumerate(heading.itersiblings()):
        if count > _MOST_SIBLINGS or sibling.tag in _HEADINGS or next(sibling.iter(*_HEADINGS, "h1"), None) is not None:
            break
        texts.append(words_of(sibling))
    return " ".join(filter(None, texts))


def shown_category(page: PageContext) -> str | None:
    """The path of categories that leads to the page, outermost first: "Bags > Satchels"."""
    for element in page.root.iter("nav", "ol", "ul", "div"):
        if _BREADCRUMB.search(names_of(element, "class", "id", "aria-label")):
            links = [words_of(link) for link in element.iter("a") if not _leads_home(link)]
            own = bare(page.heading)
            named = [one for one in links if one and len(one) <= _LONGEST_CRUMB and bare(one) not in {own, ""}]
            if named:
                return " > ".join(named[:_MOST_CRUMBS])
    return None


def _leads_home(link: Any) -> bool:
    if bare(words_of(link)) in _HOME:
        return True
    try:
        parts = urlsplit((link.get("href") or "").strip())
    except ValueError:
        return True
    return parts.path in {"", "/"} and not parts.query


def _behind_heading(page: PageContext) -> Iterator[Any]:
    """The elements of the page from its heading on, in its order."""
    heading = page.heading_element
    started = False
    for element in page.root.iter("*") if heading is not None else ():
        started = started or element is heading
        if started and isinstance(element.tag, str) and element.tag not in SKIPPED:
            yield element
