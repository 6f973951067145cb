"""Tells what a page is: about one thing, a page of results, or one without listings and why."""

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from counterfoil.marketplaces import Marketplace
from crawlers.addresses import listing_id
from crawlers.reading.cards import card_elements
from crawlers.reading.carried import SOURCE as STATE
from crawlers.reading.claims import Claims
from crawlers.reading.context import PageContext
from crawlers.reading.declared import select
from crawlers.reading.listing import PageKind
from crawlers.reading.schema_org import is_named, main_product
from crawlers.reading.visible import main_price
from crawlers.shown import SKIPPED, names_of
from crawlers.structured import Node, types_of

# Words in the title or heading of pages that stand in the way of a crawler. Only looked for where no listing is shown.
_BARRIERS = re.compile(
    r"captcha|robot check|are you a robot|not a robot|access denied|access to this page has been denied|"
    r"attention required|"
    r"just a moment|verify you are human|human verification|security check|security verification|unusual traffic|"
    r"pardon our interruption|request blocked|log in or sign up|sign in to continue|checking your browser|"
    r"ddos protection|bot detection|验证码|安全验证|访问被拒绝|登录|滑动验证|请登录|亲，请登录",
    re.I,
)
_BARRIER_MARKS = re.compile(
    r"cf-challenge|challenge-platform|px-captcha|g-recaptcha|h-captcha|hcaptcha\.com|geo\.captcha-delivery|"
    r"/_Incapsula_Resource|"
    r"nc_1_wrapper|punish\?x5secdata|_____tmd_____|awswaf|errors/validateCaptcha|akamai-bm|distil_r_captcha",
)
_RIDDLES = (
    "boolean(//iframe[contains(@src,'captcha')] | //form[contains(@action,'captcha') or contains(@id,'captcha')] | "
    "//form//img[contains(@src,'captcha')])"
)
# A page that asks for a password is a log-in page if its title, or its address, says so too; a form at the top of every
# page of a shop is none.
_LOG_INS = (
    *("log in", "login", "sign in", "signin", "log on", "anmelden", "einloggen", "se connecter", "connexion"),
    *("iniciar sesión", "accedi", "entrar", "inloggen", "logga in", "zaloguj", "войти", "вход", "登录", "登錄"),
    *("ログイン", "로그인"),
)
_LOG_IN_PATH = re.compile(r"(^|[/_.-])(log-?in|sign-?in|sign-?on|logon|auth|passport|sso)([/_.-]|$)", re.IGNORECASE)
_NOT_FOUND = re.compile(
    r"\b404\b|not found|page (?:can(?:no|')t|could not) be found|no longer (?:available|exists)|does not exist|"
    r"nicht gefunden|"
    r"introuvable|no encontrad[ao]|não encontrad[ao]|non trovat[ao]|nie znaleziono|niet gevonden|не найден|"
    r"页面不存在|找不到|商品不存在|見つかりません",
    re.I,
)
_EMPTY = re.compile(
    r"\b(?:no|0|zero) (?:(?:exact )?matches|results?|products?|items?|listings?|search results)\b(?! filter)|"
    r"no results (?:found|for)|"
    r"did(?:n't| not) (?:match|find)|nothing (?:found|matches)|could(?:n't| not) find any|we found 0|"
    r"keine (?:ergebnisse|treffer|artikel|produkte)|"
    r"aucun (?:résultat|produit)|no hay (?:resultados|productos|publicaciones)|nenhum (?:resultado|produto)|"
    r"nessun (?:risultato|prodotto)|"
    r"brak wyników|geen (?:resultaten|producten)|ничего не найдено|"
    r"没有找到|沒有找到|没有结果|抱歉|該当する商品|見つかりませんでした",
    re.I,
)
# Whatever a visitor has put aside.
_KEEPS = re.compile(r"(?:^|[-_ /])(?:mini-?)?(?:cart|basket|bag|wish-?list|favou?rites|compare)(?:[-_ /?.]|$)", re.I)
_LONGEST = 60_000
_SHORT = 60_000
# So many listings on a page of one thing are hardly its asides.
_MANY_CARDS = 8
_BUY = re.compile(
    r"add[-_ ]?(?:item[-_ ]?)?(?:to[-_ ]?)?(?:cart|basket|bag)\b|addtocart|addtobasket|"
    r"buy[-_ ]?(?:it[-_ ]?)?now|button-cart|"
    r"in den (?:warenkorb|einkaufswagen)|ajouter au panier|añadir al carrito|agregar al carro|adicionar ao carrinho|"
    r"comprar(?: agora| ahora)?$|aggiungi al carrello|in winkelwagen|do koszyka|do košíka|v košarico|в корзину|купить|"
    r"加入購物車|加入购物车|立即购买|立即購買|カートに入れる|장바구니",
    re.I,
)
# A price as sure as this stands near the heading and calls itself a price.
_SURE = 5.0


def kind_of(page: PageContext, product: Sequence[Claims] | None, cards: int, declared: bool) -> PageKind:
    """What a page is: `product` is what its sources say about one thing, `cards` how many listings repeat on it.

    `declared` says that the cards have a layout that the marketplace declares for its pages of results.
    """
    market = page.declaration
    address = page.url or page.canonical
    if market is not None and address and listing_id(market, address) and product is not None:
        return PageKind.BLOCKED if barrier(page) and not _is_priced(product) else PageKind.PRODUCT
    if declared and market is not None:
        return PageKind.RESULTS
    weight = _product_weight(page, product)
    if weight >= 2 and (cards < _MANY_CARDS or weight >= 3):
        return PageKind.PRODUCT
    if cards:
        return PageKind.RESULTS
    if barrier(page):
        return PageKind.BLOCKED
    if is_not_found(page):
        return PageKind.NOT_FOUND
    if is_empty(page, market):
        return PageKind.EMPTY
    if product is not None and page.heading and (_is_priced(product) or _lone_price(page)):
        return PageKind.PRODUCT
    return PageKind.UNKNOWN


def _is_priced(product: Iterable[Claims]) -> bool:
    return any(one.get("price") is not None for one in product if one.source != "visible")


def _product_weight(page: PageContext, product: Sequence[Claims] | None) -> float:
    """How much speaks for a page about one thing; 2 is enough where not much repeats on it, 3 anyway."""
    if product is None:
        return 0
    weight = 3.0 if any(one.source == STATE and one.get("price") is not None for one in product) else 0.0
    for nodes in (page.nodes, page.items):
        main, names = main_product(nodes, page)
        if main is not None:
            weight += _node_weight(page, main, names)
    if any("product" in one.lower() for one in page.meta.get("og:type", [])):
        weight += 2
    if any(name.startswith("product:") for name in page.meta):
        weight += 1
    if any({"ItemList", "SearchResultsPage"} & types_of(node) for node in page.nodes):
        weight -= 1
    buying = _buying(page)
    weight += 1 if 1 <= buying <= 4 else -0.5 if buying >= _MANY_CARDS else 0
    return weight + _lone_price(page)


def _node_weight(page: PageContext, main: Node, names: int) -> float:
    priced = bool(main.get("offers"))
    if priced and is_named(main, page.heading, page.title):
        return 3.5 if names <= 3 else 3
    return 2 if names == 1 or (priced and names <= 3) else 0.5 if priced else 0


def _lone_price(page: PageContext) -> float:
    """A price beside the heading, in a part of the page where nothing repeats, is that of the page's one thing."""
    shown, score, distance = main_price(page)
    heading = page.heading_element
    if shown is None or distance is None or heading is None:
        return 0
    cards = set(card_elements(page))
    path = [shown.element, *shown.element.iterancestors()]
    if cards.intersection(path):
        return 0
    if cards and not _in_order(page, heading, shown.element, cards):
        return 0
    return 3 if score >= _SURE else 1


def _in_order(page: PageContext, heading: Any, price: Any, cards: set[Any]) -> bool:
    """Whether the price stands behind the heading and before what repeats."""
    seen = False
    for element in page.root.iter("*"):
        if element is heading:
            seen = True
        elif element is price:
            return seen
        elif element in cards:
            return False
    return False


def _buying(page: PageContext) -> int:
    """How many controls on the page put something into a basket."""
    found = 0
    for element in page.root.iter("button", "input", "a", "form"):
        said = names_of(element, "class", "id", "name", "action", "value", "data-action", "onclick")
        text = (element.text or "") if element.tag != "form" else ""
        if _BUY.search(said) or (len(text) < 60 and _BUY.search(text)):
            found += 1
    return found


def barrier(page: PageContext) -> bool:
    """Whether the page stands in the way: captcha, challenge, refusal, log-in."""
    said = f"{page.title or ''} {page.heading or ''}"
    if _BARRIERS.search(said):
        return True
    if len(page.text) < _SHORT and _BARRIER_MARKS.search(page.text):
        return True
    return bool(page.root.xpath(_RIDDLES)) or _is_log_in(page, said.casefold())


def _is_log_in(page: PageContext, said: str) -> bool:
    if not page.root.xpath("boolean(//input[@type='password'])"):
        return False
    return any(words in said for words in _LOG_INS) or bool(_LOG_IN_PATH.search(urlsplit(page.url or "").path))


def is_not_found(page: PageContext) -> bool:
    """Whether the page says that what was asked for is not there (any more)."""
    return bool(_NOT_FOUND.search(f"{page.title or ''} {page.heading or ''}"))


def is_empty(page: PageContext, market: Marketplace | None) -> bool:
    """Whether the page says that a search found nothing, by the declared mark or in words."""
    if (
        market is not None
        and market.search is not None
        and market.search.empty
        and select(page.root, market.search.empty)
    ):
        return True
    body = page.root.find("body")
    text = "" if body is None else _text(body)
    return bool(_EMPTY.search(text)) or bool(
        re.search(r"\baddProducts['\"]?\s*[,:]\s*\[\]|\"products\"\s*:\s*\[\]", page.text)
    )


def _text(body: Any) -> str:
    """What people read on the page: not its scripts, and not how much lies in a basket or on a wish list."""
    parts: list[str] = []
    length = 0
    kept: set[Any] = set()
    for element in body.iter("*"):
        if element.getparent() in kept or _KEEPS.search(names_of(element, "class", "id", "href")):
            kept.add(element)
        elif element.tag not in SKIPPED and element.text:
            parts.append(element.text)
            length += len(element.text)
        if element.tail and element.getparent() not in kept:
            parts.append(element.tail)
        if length > _LONGEST:
            break
    return " ".join(" ".join(parts).split())
