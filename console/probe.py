"""Finds out by which way a site could be read: a few polite requests through the address guard, robots.txt first."""

import gzip
import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from lxml import etree

from counterfoil.egress import guard_from
from counterfoil.exceptions import AddressRefused, FetchFailed, InvalidInput
from counterfoil.fetching import fetch
from counterfoil.settings import Settings
from counterfoil.version import user_agent
from crawlers.apis.base import Interface, UnexpectedAnswer, read_json
from crawlers.apis.magento import Magento
from crawlers.apis.prestashop import PrestaShop
from crawlers.apis.shopify import Shopify
from crawlers.apis.woocommerce import WooCommerce
from crawlers.platforms import Clue, find_clues, find_search
from crawlers.reading.documents import OpenedPage, open_page
from crawlers.robots_rules import Rules, read_rules

# Sites name a crawler by its product token alone (RFC 9309, 2.2.1).
_TOKEN = "Counterfoil"  # noqa: S105 - no secret
_WORDS = "*"
# 50 MB is the most that the protocol allows (sitemaps.org).
_LARGEST_SITEMAP = 50_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A way to read the site: whether it works, None where that was not to be found out, and why."""

    name: str
    works: bool | None
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What was found out about a site; `home` is its home page as it came, redirects followed."""

    url: str
    home: OpenedPage | None
    clues: tuple[Clue, ...]
    routes: tuple[Route, ...]
    search: str | None

    @property
    def platform(self) -> str | None:
        """The likeliest shop system."""
        return self.clues[0].platform if self.clues else None

    @property
    def best(self) -> Route | None:
        """The first way that works: an interface before the site's search, and that before the sitemap."""
        return next((route for route in self.routes if route.works), None)


class Prober:
    """Asks one site. Raises InvalidInput for an address that may not be asked, or where nobody could reach us."""

    def __init__(self, url: str, settings: Settings) -> None:
        self._settings = settings
        self._guard = guard_from(settings)
        try:
            target = self._guard.check_url(url if "://" in url else f"https://{url}")
        except AddressRefused as error:
            raise InvalidInput("{url} cannot be asked: {error}", url=url, error=error) from error
        if settings.contact is None and not self._guard.lists(target.host, target.port):
            raise InvalidInput(
                "COUNTERFOIL_CONTACT is not set: sites that are asked must be able to reach you. Set an e-mail or a "
                "web page."
            )
        self.url = target.href
        self.origin = urljoin(target.href, "/")
        self._robots: Rules | None = None
        self._robots_text = b""

    def probe(self) -> Probe:
        """Find out by which way the site could be read. Raises FetchFailed where it does not answer at all."""
        refusal = self.read_robots()
        if refusal is not None:
            return Probe(url=self.url, home=None, clues=(), routes=(self._nothing(refusal),), search=None)
        home: OpenedPage | None = None
        clues: tuple[Clue, ...] = ()
        search: str | None = None
        try:
            body = self.fetch(self.url)
        except FetchFailed as error:
            routes = [Route(name="crawl", works=False, said=str(error))]
        else:
            home = open_page(body)
            clues = tuple(find_clues(home.text))
            search = None if home.is_json else find_search(home.root(), self.url)
            routes = [self._search_route(search)]
        interfaces = [self._interface_route(name, one) for name, one in self.interfaces(clues)]
        return Probe(
            url=self.url,
            home=home,
            clues=clues,
            routes=(*interfaces, *routes, self._sitemap_route()),
            search=search,
        )

    def fetch_allowed(self, url: str, *, overridden: bool = False) -> bytes:
        """One page of the site, robots.txt asked first unless it is overridden. Raises FetchFailed."""
        refusal = None if overridden else self.read_robots()
        if refusal is not None:
            raise FetchFailed("{refusal}.", refusal=refusal, permanent=True)
        return self.fetch(url)

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> bytes:
        """A document of the site. Raises FetchFailed, or AddressRefused, also for what robots.txt forbids."""
        if self._robots is not None and not self._robots.allows(url):
            raise FetchFailed(
                "robots.txt of {netloc} forbids {url}.", netloc=urlsplit(url).netloc, url=url, permanent=True
            )
        return fetch(
            url,
            self._guard,
            largest=self._settings.response_megabytes * 1024 * 1024,
            user_agent=user_agent(self._settings),
            proxy=self._settings.proxy_address,
            headers=headers,
        )

    def read_robots(self) -> str | None:
        """Read robots.txt; why nothing may be asked, where that is so (RFC 9309, 2.3.1)."""
        try:
            self._robots_text = self.fetch(urljoin(self.origin, "robots.txt"))
        except FetchFailed as error:
            # What does not exist forbids nothing; what cannot be had forbids everything.
            if not error.permanent:
                raise
            self._robots_text = b""
        self._robots = read_rules(self._robots_text, _TOKEN)
        return None if self._robots.allows(self.url) else f"robots.txt forbids {self.url}"

    def _nothing(self, refusal: str) -> Route:
        return Route(name="crawl", works=False, said=refusal)

    def interfaces(self, clues: tuple[Clue, ...]) -> list[tuple[str, Interface]]:
        """The interfaces to try: of the platform that the page speaks for, else those that cost one request each."""
        known: dict[str, Interface] = {
            "shopify": Shopify(self.origin, None),
            "woocommerce": WooCommerce(self.origin),
            "magento": Magento(self.origin),
            "prestashop": PrestaShop(self.origin, ()),
        }
        named = [name for name in dict.fromkeys(clue.platform for clue in clues) if name in known]
        return [(name, known[name]) for name in (named or ([] if clues else ["shopify", "woocommerce", "magento"]))]

    def _interface_route(self, name: str, interface: Interface) -> Route:
        ask = interface.search(_WORDS)
        where = ask.url.partition("?")[0]
        try:
            answer = interface.read(ask, read_json(self.fetch(ask.url, ask.headers)))
        except (FetchFailed, UnexpectedAnswer, KeyError, TypeError, AttributeError) as error:
            return Route(name=name, works=False, said=str(error).replace(ask.url, where))
        if not answer.records:
            return Route(name=name, works=None, said=f"{where} answers, and shows no product")
        first = answer.records[0].read
        more = ", and more behind them" if answer.next else ""
        return Route(name=name, works=True, said=f"{len(answer.records)} products, the first {first.title!r}{more}")

    @property
    def delay(self) -> float | None:
        """The Crawl-delay that robots.txt asks for, in seconds."""
        return self._robots.delay if self._robots is not None else None

    def sitemaps(self) -> list[str]:
        """The sitemaps that robots.txt names, else the usual one."""
        named = [
            line.partition(b":")[2].strip().decode("utf-8", "replace")
            for line in self._robots_text.splitlines()
            if line.strip().lower().startswith(b"sitemap:")
        ]
        return [urljoin(self.origin, one) for one in named] or [urljoin(self.origin, "sitemap.xml")]

    def read_sitemap(self, url: str) -> tuple[list[str], bool]:
        """The addresses that a sitemap names, and whether these are sitemaps again; none of one that cannot be read."""
        try:
            body = self.fetch(url)
            body = _unpacked(body) if body.startswith(b"\x1f\x8b") else body
            root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
        except (FetchFailed, AddressRefused, OSError, EOFError, zlib.error, etree.XMLSyntaxError):
            return [], False
        places = root.iter("{*}loc")
        named = [(one.text or "").strip() for one in places if "image" not in (etree.QName(one).namespace or "")]
        return [one for one in named if one], etree.QName(root).localname == "sitemapindex"

    def _sitemap_route(self) -> Route:
        url = self.sitemaps()[0]
        try:
            body = self.fetch(url)
        except (FetchFailed, AddressRefused) as error:
            return Route(name="sitemap", works=False, said=str(error))
        if body.startswith(b"\x1f\x8b"):
            return Route(name="sitemap", works=True, said=f"{url} is there, packed")
        count = body.count(b"<loc>")
        kind = "sitemaps" if b"<sitemapindex" in body else "pages"
        return Route(name="sitemap", works=count > 0, said=f"{url} names {count:,} {kind}")

    def _search_route(self, search: str | None) -> Route:
        if search is None:
            return Route(name="crawl", works=None, said="the home page has no search form that a crawler could use")
        if self._robots is not None and not self._robots.allows(search.replace("{query}", "x")):
            return Route(name="crawl", works=False, said=f"robots.txt forbids its search ({search})")
        return Route(name="crawl", works=True, said=f"search form: {search}")


def _unpacked(body: bytes) -> bytes:
    # A few hundred bytes can be gigabytes.
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as packed:
        return packed.read(_LARGEST_SITEMAP)
