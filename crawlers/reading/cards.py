"""Finds the listings on a page of results that nobody described: what repeats, has a link, and shows a price."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from crawlers.prices import PriceText, read_price_text
from crawlers.reading.claims import Claims, claims
from crawlers.reading.context import PageContext
from crawlers.reading.pictures import picture_address
from crawlers.reading.schema_org import addresses
from crawlers.reading.text import fixed_address, one_line
from crawlers.reading.visible import ShownPrice, shown_prices, unsettled_sign
from crawlers.shown import is_old, is_pricy, names_of, words_of

_MOST_CARDS = 500
_PICTURES = ("img",)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_FEWEST = 3
_NO_LINK = re.compile(
    r"cart|basket|wishlist|wish-list|compare|review|login|signin|register|javascript:|mailto:|/brand/|/marke/|"
    r"#$|add-to|addto|"
    r"favorit|merkzettel|quickview|quick-view|feedback|help|share|facebook|twitter|pinterest",
    re.I,
)
_TITLE = re.compile(r"title|name|heading|(?:^|[-_ ])desc(?:ription)?(?:$|[-_ ])|subject|headline|truncate", re.I)
_NO_TITLE = re.compile(
    r"price|brand|seller|shop|rating|review|badge|label|btn|button|stock|ship|subtitle|sub-title|hidden|sponsor", re.I
)
_ID_ATTRIBUTES = (
    *("data-asin", "data-listing-id", "data-product-id", "data-productid", "data-item-id", "data-itemid", "data-sku"),
    *("data-pid", "data-nid", "data-id", "data-product", "data-product-sku", "data-code", "data-variantid"),
)
_POSITION = re.compile(r"first|last|odd|even|active|alpha|omega|^(?:item|product|post|row)-?\d+$")
_ASIDE = re.compile(
    r"recently|recommend|related|similar|also-?(?:bought|viewed)|carousel|sidebar|footer|header|megamenu|cross-?sell",
    re.I,
)


def find_cards(page: PageContext) -> list[Claims]:
    """The listings of a page of results, in its order, each once; fewer than three that look alike are none."""
    found = read_cards(page, card_elements(page))
    if len(found) < _FEWEST:
        page.kept["cards"] = []
        return []
    return found


def read_cards(page: PageContext, elements: Sequence[Any]) -> list[Claims]:
    """What each card says; cards of one address are one listing."""
    found: dict[str, Claims] = {}
    for element in elements[:_MOST_CARDS]:
        said = read_card(page, element)
        if said is None:
            continue
        key = str(said.get("url") or said.get("id"))
        if key not in found:
            found[key] = said
    return list(found.values())


def read_card(page: PageContext, card: Any) -> Claims | None:
    """What one card says; None for what leads nowhere or has no name: a placeholder, a banner."""
    link = _main_link(card)
    address = fixed_address(link.get("href") or link.get("data-href"), page.base) if link is not None else None
    title = _title(card, link)
    if address is None or title is None:
        return None
    price = _card_price(page, card)
    images = addresses(filter(None, (picture_address(image) for image in card.iter("img"))), page.base)
    return claims(
        "card",
        id=_id(card) or id_from_address(address),
        url=address,
        title=title,
        price=price.low if price else None,
        price_max=price.high if price else None,
        currency=price.currency if price else None,
        images=images,
        **unsettled_sign(price),
    )


def id_from_address(address: str | None) -> str | None:
    """The part of an address that tells a listing from the others of its shop: a number, a code, else the last word."""
    if not address:
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    query = dict(parse_qsl(parts.query)[:50])
    for name, value in query.items():
        if (
            re.fullmatch(r"(?:item|product|goods|offer|p)?_?s?_?id|pid|sku|item|asin|products_id", name, re.I)
            and 1 < len(value) <= 60
        ):
            return value
    segments = [unquote(one) for one in parts.path.split("/") if one]
    words = [re.sub(r"\.(?:html?|php|aspx?|jsp)$", "", one) for one in segments]
    words = [one for one in words if one.lower() not in {"index", "p", "dp", "product", "products", "item"}]
    for word in reversed(words[-2:]):
        if re.search(r"[^\d](?:19|20)\d\d$", word):
            continue
        found = re.search(r"(?:^|[-_.])((?:[A-Za-z]{0,3}[-]?)?\d{4,}[A-Za-z0-9]*)$", word)
        if found:
            return found[1]
    for word in reversed(words):
        if re.fullmatch(r"\d{3,}|(?=\w*\d)[A-Za-z0-9]{6,20}", word):
            return word
    return words[-1][:100] if words else None


def _id(card: Any) -> str | None:
    for element in (card, *card.iterdescendants()):
        numbered = re.fullmatch(r"(?:product|item|goods)-(?:price|id|image)-(\d+)", element.get("id") or "")
        if numbered:
            return numbered[1]
        for name in _ID_ATTRIBUTES:
            value = (element.get(name) or "").strip() if isinstance(element.tag, str) else ""
            if value and re.fullmatch(r"[\w.:-]{2,60}", value) and any(map(str.isdigit, value)):
                return value
    return None


def _main_link(card: Any) -> Any | None:
    links = [card] if card.tag == "a" and card.get("href") else []
    links += [one for one in card.iter("a") if (one.get("href") or one.get("data-href"))]
    counts: Counter[str] = Counter()
    best: dict[str, Any] = {}
    for link in links[:60]:
        href = (link.get("href") or link.get("data-href") or "").strip()
        if not href or _NO_LINK.search(href) or href.startswith("#"):
            continue
        place = href.partition("#")[0].partition("?")[0] or href
        weight = 1 + 2 * _has(link, _PICTURES) + 2 * (_has(link, _HEADINGS) or _is_below(link, _HEADINGS, card))
        weight += bool(_TITLE.search(link.get("class") or ""))
        counts[place] += weight
        best.setdefault(place, link)
    if not counts:
        return None
    return best[max(counts, key=lambda place: counts[place])]


def _has(element: Any, tags: tuple[str, ...]) -> bool:
    return next(element.iter(*tags), None) is not None


def _is_below(element: Any, tags: tuple[str, ...], top: Any) -> bool:
    for above in element.iterancestors():
        if above.tag in tags:
            return True
        if above is top:
            break
    return False


def _title(card: Any, link: Any | None) -> str | None:
    candidates: list[tuple[float, str]] = []
    for order, element in enumerate(card.iter(*_HEADINGS, "a", "span", "div", "p", "strong", "td", "em", "b")):
        if order > 300:
            break
        said = names_of(element, "class", "id", "itemprop", "data-testid")
        heading = element.tag in _HEADINGS
        named = bool(_TITLE.search(said)) and not _NO_TITLE.search(said)
        linked = link is not None and element.tag == "a" and element.get("href") == link.get("href")
        if not (heading or named or linked):
            continue
        text = _without_prices(element) if linked else words_of(element)
        if not text or len(text) > 500 or not any(map(str.isalpha, text)) or _is_price(text):
            continue
        score = 3.0 * heading + 2.5 * named + 2.0 * linked + min(len(text), 60) / 60 - (2.0 if len(text) > 250 else 0)
        score += 1.0 if element.get("itemprop") == "name" else 0.0
        candidates.append((score, text))
    best = max(candidates, key=lambda one: one[0])[1] if candidates else None
    return _completed(best, card, link)


def _without_prices(link: Any) -> str:
    """The text of a link, without the prices that stand in it."""
    text = words_of(link)
    for element in link.iterdescendants():
        if isinstance(element.tag, str) and (is_pricy(element) or is_old(element)):
            text = text.replace(words_of(element), " ", 1)
    return " ".join(text.split()) or words_of(link)


def _completed(best: str | None, card: Any, link: Any | None) -> str | None:
    """A title that is cut off, by its whole in an attribute; without any, what the picture or link is called."""
    attributes = [link.get("title") or ""] if link is not None else []
    attributes += [one.get("title") or "" for one in card.iter("a")][:20]
    attributes += [one.get("alt") or "" for one in card.iter("img")][:10]
    texts = list(filter(None, map(one_line, attributes)))
    if best is None:
        usable = [text for text in texts if len(text) > 3 and any(map(str.isalpha, text))]
        return usable[0] if usable else None
    if best.endswith(("...", "…")):
        start = best.rstrip(".… ").casefold()
        whole = next(
            (text for text in texts if text.casefold().startswith(start) and not text.endswith(("...", "…"))), None
        )
        return whole or best
    return best


def _is_price(text: str) -> bool:
    return len(text) < 30 and read_price_text(text) is not None


def _card_price(page: PageContext, card: Any) -> PriceText | None:
    """The price of a card: of those inside it the least doubtful, and of these the first that names its currency."""
    inside = prices_inside(page).get(card)
    if inside is None:
        inside = [one for one in shown_prices(page).current if card in one.element.iterancestors()]
    own = [one for one in inside if not any(is_old(above) for above in _up_to(one.element, card))]
    if not own:
        return None
    return min(own, key=lambda one: (one.doubt, not one.pricy, one.price.currency is None)).price


def prices_inside(page: PageContext) -> dict[Any, list[ShownPrice]]:
    """The prices inside each element that has any, a few levels up."""
    if "inside" not in page.kept:
        found: dict[Any, list[ShownPrice]] = {}
        for shown in shown_prices(page).current:
            for depth, above in enumerate((shown.element, *shown.element.iterancestors())):
                if depth > 14 or above.tag in {"body", "html"}:
                    break
                found.setdefault(above, []).append(shown)
        page.kept["inside"] = found
    kept: dict[Any, list[ShownPrice]] = page.kept["inside"]
    return kept


def _up_to(element: Any, top: Any) -> list[Any]:
    found = [element]
    for above in element.iterancestors():
        if above is top:
            break
        found.append(above)
    return found


def card_elements(page: PageContext) -> list[Any]:
    """The elements that look like one another and each hold a listing; of several such groups the largest."""
    if "cards" not in page.kept:
        page.kept["cards"] = _best_group(page)
    found: list[Any] = page.kept["cards"]
    return found


def _best_group(page: PageContext) -> list[Any]:
    groups: dict[tuple[str, ...], list[Any]] = {}
    for element in prices_inside(page):
        parent = element.getparent()
        if parent is not None:
            signature = (_signature(element), _signature(parent), _signature(parent.getparent()))
            groups.setdefault(signature, []).append(element)
    best: tuple[float, int, list[Any]] | None = None
    for members in groups.values():
        if len(members) < _FEWEST or (best is not None and len(members) < best[0]):
            continue
        cards = [one for one in members if _holds_listing(one)]
        distinct = {_place(_main_link(one)) for one in cards}
        weight = len(distinct) * (0.2 if is_aside(members[0]) else 1.0)
        # Prices in menus and lists of offers have no pictures.
        weight *= 1.0 if 2 * sum(_has(one, _PICTURES) for one in cards) >= len(cards) else 0.3
        size = -min(len(list(one.iterancestors())) for one in cards) if cards else 0
        if len(distinct) >= _FEWEST and (best is None or (weight, size) > best[:2]):
            best = (weight, size, cards)
    return [] if best is None else _with_unpriced(best[2])


def _with_unpriced(cards: list[Any]) -> list[Any]:
    """The cards and their like that show no price, in the page's order."""
    signature = _signature(cards[0])
    priced = set(cards)
    found: dict[Any, None] = {}
    for parent in dict.fromkeys(card.getparent() for card in cards):
        for child in parent:
            if child in priced or (
                isinstance(child.tag, str) and _signature(child) == signature and _holds_listing(child)
            ):
                found[child] = None
    return list(found)


def _holds_listing(element: Any) -> bool:
    link = _main_link(element)
    return link is not None and (element.tag == "a" or _has(element, _PICTURES) or _title(element, link) is not None)


def _place(link: Any | None) -> str:
    return "" if link is None else (link.get("href") or link.get("data-href") or "").partition("#")[0]


def is_aside(element: Any) -> bool:
    """Whether an element is in the frame of a page, or among what it offers besides."""
    return any(
        above.tag in {"header", "footer", "nav", "aside"} or _ASIDE.search(names_of(above))
        for above in element.iterancestors()
    )


def _signature(element: Any) -> str:
    if element is None or not isinstance(element.tag, str):
        return ""
    names = (element.get("class") or "").split()
    words = sorted(re.sub(r"\d+", "#", name) for name in names if not _POSITION.search(name))
    return f"{element.tag}.{'.'.join(words[:3])}"
