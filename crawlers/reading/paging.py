"""Finds the address of the next page of results: by relation, by what links say and are called, by their numbers."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from crawlers.reading.context import PageContext
from crawlers.reading.text import fixed_address
from crawlers.shown import names_of

_NEXT = re.compile(
    r"^(?:next(?: page)?|weiter|nächste(?: seite)?|suivante?|page suivante|siguiente|sig\.?|próxim[ao]|seguinte|"
    r"avanti|successiv[ao]|"
    r"volgende|następna|dalej|nästa|næste|neste|seuraava|další|ďalšia|következő|след(?:ующая)?\.?|вперед|下一页|"
    r"下一頁|下页|次へ|次の?ページ|다음|"
    r"التالي|[›»>→]+|&raquo;)\s*[›»>→]*$",
    re.IGNORECASE,
)
_NEXT_NAME = re.compile(
    r"(?:^|[-_ ])next(?:[-_ ]|$)|nextpage|pagination-?next|next-?(?:page|link|btn|button)|pager-next|page-next", re.I
)
_PAGER = re.compile(r"pag(?:er|ination|ing|es|e-?nav)|toolbar", re.I)
_NUMBER = re.compile(r"^\d{1,4}$")
_DISABLED = re.compile(r"disabled|inactive|hidden", re.I)


def next_page(page: PageContext) -> str | None:
    """The address of the next page, None where the page names none that is another."""
    for found in (_by_relation(page), _by_words(page), _by_number(page)):
        if found is not None:
            return found
    return None


def _by_relation(page: PageContext) -> str | None:
    for element in page.root.iter("link", "a"):
        if "next" in (element.get("rel") or "").lower().split():
            found = _other(page, element)
            if found:
                return found
    return None


def _by_words(page: PageContext) -> str | None:
    for link in page.root.iter("a"):
        around = link.getparent()
        said = names_of(link, "class", "id", "data-testid")
        above = (around.get("class") or "") if around is not None else ""
        if _DISABLED.search(f"{said} {above}") or link.get("aria-disabled") == "true":
            continue
        text = " ".join("".join(link.itertext()).split())
        label = (link.get("aria-label") or link.get("title") or "").strip()
        named = _NEXT_NAME.search(said) or (_NEXT_NAME.search(above) and len(around) <= 2)
        spoken = _NEXT.match(text) or _NEXT.match(label)
        if (named or spoken) and _in_pager(link, bool(named and spoken) or len(text) > 3):
            found = _other(page, link)
            if found:
                return found
    return None


def _in_pager(link: Any, sure: bool) -> bool:
    """Whether a link is among page numbers: an arrow alone may turn a carousel or open a menu."""
    for depth, above in enumerate(link.iterancestors()):
        if depth > 6:
            break
        if re.search(r"carousel|slider|gallery|slick|swiper", above.get("class") or "", re.I):
            return False
        if _PAGER.search(names_of(above, "class", "id", "role")):
            return True
    return sure


def _by_number(page: PageContext) -> str | None:
    """The link with the number after the one that is no link, in a row of page numbers."""
    for row in page.root.iter("ul", "ol", "div", "nav", "p", "td", "span"):
        if not _PAGER.search(names_of(row)):
            continue
        numbers: dict[int, Any] = {}
        current: int | None = None
        for element in row.iter("a", "span", "strong", "em", "b", "li", "button"):
            text = " ".join("".join(element.itertext()).split())
            if not _NUMBER.match(text):
                continue
            if element.tag == "a" and (element.get("href") or element.get("data-href")):
                marked = f"{element.get('class') or ''} {element.getparent().get('class') or ''}"
                if re.search(r"(?:^|[-_ ])(?:current|active|selected)(?:[-_ ]|$)", marked, re.I) or element.get(
                    "aria-current"
                ):
                    current = int(text)
                else:
                    numbers[int(text)] = element
            elif not list(element.iter("a")) and current is None:
                current = int(text)
        if current is not None and current + 1 in numbers:
            return _other(page, numbers[current + 1])
    return None


def _other(page: PageContext, element: Any) -> str | None:
    """Where the element leads, unless that is this page."""
    for name in ("href", "data-href", "data-url"):
        address = fixed_address(element.get(name), page.base)
        if address and not _same(address, page.url):
            return address
    return None


def _same(one: str, other: str | None) -> bool:
    if other is None:
        return False
    first, second = urlsplit(one), urlsplit(other)
    return (first.path, sorted(parse_qsl(first.query))) == (second.path, sorted(parse_qsl(second.query)))
