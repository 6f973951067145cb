"""What the readers of one page share: its tree, address, declaration, and the currencies that its signs may mean."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from counterfoil.marketplaces import Marketplace
from crawlers.currencies import CODES, OF_COUNTRY, share_a_sign
from crawlers.reading.text import bare, fixed_address, one_line
from crawlers.shown import words_of
from crawlers.structured import Document, Node, json_ld, microdata, opengraph

# Begins with letters that can be searched for fast.
_SAID_IN_SCRIPT = re.compile(r"""urrency(?:_?[cC]ode|I[dD]|Iso)?\\?["']?\s*[:=,]\s*\\?["']([A-Z]{3})\\?["']""")
_LOCALE = re.compile(r"^[a-z]{2,3}[-_]([A-Za-z]{2})\b")
_AMERICAN = re.compile(
    r"\bU\.?S\.?A\b|\bUnited States\b|\b1?[-. (]*8(?:00|88|77|66|55|44|33)[-.) ]+\d{3}[-. ](?:\d{4}|[A-Z]{4})\b|"
    r"\b[A-Z]{2} \d{5}(?:-\d{4})?\b"
)
_NAMED_LOCALE = re.compile(r"(?<![A-Za-z])[a-z]{2}_([A-Z]{2})(?![A-Za-z])")
# What Chromium, Firefox's add-ons and SingleFile write at the head of a page that they save.
_SAVED = re.compile(r"(?:saved from url=\(\d+\)|^\s*url: )(https?://\S+)", re.MULTILINE)
_SHORTEST_HEADING = 6
_MOST_SCRIPT = 3_000_000


@dataclass
class PageContext:
    """One HTML page while it is read; `url` is the address it was fetched from, where that is known."""

    text: str
    root: Document
    url: str | None = None
    declaration: Marketplace | None = None
    warnings: list[str] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """A page that a browser saved says where it was."""
        if self.url is None:
            saved = _SAVED.search(self.text, 0, 5_000)
            self.url = fixed_address(saved[1], None) if saved else None

    @cached_property
    def base(self) -> str | None:
        """The address that the page's links are relative to."""
        said = self.root.xpath("string((//base[@href])[1]/@href)").strip()
        known = self.url or self.canonical
        if said:
            return fixed_address(said, known) or known
        return known

    @cached_property
    def meta(self) -> dict[str, list[str]]:
        """OpenGraph and product properties."""
        return opengraph(self.root)

    @cached_property
    def canonical(self) -> str | None:
        """The address that the page gives itself: its canonical link, else what OpenGraph says."""
        links = self.root.xpath("//link[translate(@rel,'CANONIL','canonil')='canonical']/@href")
        for said in [*links, *self.meta.get("og:url", [])]:
            address = fixed_address(said, self.url)
            if address and address.startswith("http") and not re.search(r"\.(?:jpe?g|png|webp|gif)(?:\?|$)", address):
                return address
        return None

    @cached_property
    def nodes(self) -> list[Node]:
        """The page's JSON-LD."""
        return json_ld(self.root)

    @cached_property
    def items(self) -> list[Node]:
        """The page's microdata."""
        return microdata(self.root)

    @cached_property
    def host(self) -> str:
        """The host of the page, or nothing."""
        return (urlsplit(self.url or self.canonical or "").hostname or "").lower()

    @cached_property
    def heading(self) -> str | None:
        """The first heading that says something."""
        return words_of(self.heading_element) or None if self.heading_element is not None else None

    @cached_property
    def heading_element(self) -> Any | None:
        """The element of the first heading; of a page without any, the one that says what the document's title says."""
        for element in self.root.iter("h1"):
            if words_of(element):
                return element
        title = bare(f"{self.title or ''} {' '.join(self.meta.get('og:title', []))}")
        named: tuple[int, Any] | None = None
        for count, element in enumerate(self.root.iter("h2", "h3", "h4", "div", "span", "p", "strong", "b")):
            text = element.text or ""
            if count > 20_000 or not 4 <= len(text) <= 300:
                continue
            spelt = bare(text)
            if len(spelt) >= _SHORTEST_HEADING and spelt in title and (named is None or len(spelt) > named[0]):
                named = (len(spelt), element)
        return named[1] if named else None

    @cached_property
    def title(self) -> str | None:
        """The title of the document."""
        return one_line(self.root.xpath("string((//head//title | //title[not(ancestor::svg)])[1])"))

    @cached_property
    def used_here(self) -> tuple[str, ...]:
        """The currencies that are used on the page, the likeliest first: declared, stated, or of its country."""
        declared = declared_currencies(self.declaration, self.host)
        region = _country_of(self.host)
        stated = self._stated()
        language = self._language_region()
        local = OF_COUNTRY.get(region or "")
        named = [local] if local else []
        spoken = [OF_COUNTRY[language]] if language in OF_COUNTRY else []
        american = [] if named or declared or not _AMERICAN.search(self.visible_text) else ["USD"]
        linked = [] if named or stated or spoken else self._linked_region()
        return tuple(dict.fromkeys([*declared[:1], *named, *stated, *spoken, *declared[1:], *linked, *american]))

    def _linked_region(self) -> list[str]:
        """The currency of the country that the locales in the page's links name, where they all name the same."""
        found = _NAMED_LOCALE.findall(" ".join(self.root.xpath("//a/@href")[:500])[:_MOST_SCRIPT])
        codes = {OF_COUNTRY.get(country.lower()) for country in found}
        return [code for code in codes if code] if len(codes) == 1 else []

    def _stated(self) -> list[str]:
        counts: dict[str, int] = {}
        for code in _SAID_IN_SCRIPT.findall(self.text[:_MOST_SCRIPT]):
            if code in CODES:
                counts[code] = counts.get(code, 0) + 1
        return sorted(counts, key=lambda code: -counts[code])[:1]

    def _language_region(self) -> str | None:
        said = [self.root.get("lang") or "", *self.meta.get("og:locale", [])]
        found = next(filter(None, (_LOCALE.match(one.strip()) for one in said)), None)
        return found[1].lower() if found else None

    @cached_property
    def visible_text(self) -> str:
        """What people read on the page, in one line: the texts of its body but for its scripts."""
        texts = self.root.xpath("//body//text()[not(parent::script or parent::style)]")
        return " ".join(text for text in texts[:20_000] if not text.isspace())


def declared_currencies(declaration: Marketplace | None, host: str) -> Sequence[str]:
    """The currency of a marketplace at this host; else those it declares whose signs cannot mean another of them."""
    if declaration is None:
        return ()
    own = [code for domain, code in declaration.domains.items() if code and is_below(host, domain)]
    if own:
        return own
    every = declaration.currencies
    return [one for one in every if not any(one != other and share_a_sign(one, other) for other in every)]


def is_below(host: str, domain: str) -> bool:
    """Whether a host is a domain or one of its own."""
    return host == domain or host.endswith("." + domain)


def _country_of(host: str) -> str | None:
    last = host.rpartition(".")[2]
    if last in OF_COUNTRY and last not in {"me", "tv", "co", "io", "ai"}:
        return last
    return None


def document_text(value: Any) -> str:
    """All text of an element in one line."""
    return " ".join(" ".join(value.itertext()).split())
