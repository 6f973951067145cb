"""Tells pages that show no listing: blocked, not found, empty."""

import re

from counterfoil.marketplaces import Marketplace
from crawlers.reading.context import PageContext
from crawlers.reading.declared import _select

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
_LONGEST = 6_000


def barrier(page: PageContext) -> bool:
    """Whether the page stands in the way: captcha, challenge, refusal, log-in."""
    said = f"{page.title or ''} {page.heading or ''}"
    if _BARRIERS.search(said):
        return True
    return len(page.text) < 60_000 and bool(_BARRIER_MARKS.search(page.text))


def is_not_found(page: PageContext) -> bool:
    """Whether the page says that what was asked for is not there (any more)."""
    return bool(_NOT_FOUND.search(f"{page.title or ''} {page.heading or ''}"))


def is_empty(page: PageContext, market: Marketplace | None) -> bool:
    """Whether the page says that a search found nothing, by the declared mark or in words."""
    if (
        market is not None
        and market.search is not None
        and market.search.empty
        and _select(page.root, market.search.empty)
    ):
        return True
    body = page.root.find("body")
    text = "" if body is None else " ".join(body.text_content().split())[: _LONGEST * 10]
    return bool(_EMPTY.search(text)) or bool(
        re.search(r"\baddProducts['\"]?\s*[,:]\s*\[\]|\"products\"\s*:\s*\[\]", page.text)
    )
