"""Reads marketplace declarations: data in YAML, one folder each, ours and the operator's alike.

A declaration says who a marketplace is, by which route it is read, how it is searched, what its pages look like and how
politely it wants to be asked. The scheduler, the console and the crawlers all need it, so the domain reads it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from counterfoil.exceptions import InvalidDeclaration, UnknownMarketplace
from counterfoil.settings import Settings

# The same in C, where PyYAML was built with it: every command and every crawl reads all declarations.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
BUILT_IN = Path(__file__).parents[1] / "crawlers" / "marketplaces"
FILE_NAME = "marketplace.yaml"


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class SearchPages(_Declared):
    """How to search, and what a page of results looks like: CSS selectors, relative to the card but for the last two.

    Without `card` the generic reader finds the cards. `url` has `{query}` and, where pages are numbered, `{page}` (the
    first is 1).
    """

    url: str
    card: str | None = None
    link: str | None = None
    title: str | None = None
    price: str | None = None
    image: str | None = None
    next: str | None = None
    empty: str | None = None

    @field_validator("url")
    @classmethod
    def _has_query(cls, value: str) -> str:
        if "{query}" not in value:
            raise ValueError("must contain {query}")
        return value


class ListingPages(_Declared):
    """What a listing's page is: `url` matches its path with a group `id`; `required` fields are always there.

    `address` makes the address of an `{id}`, for data that names none; `seller` matches a seller's address with a group
    `name`; `placeholders` are ids of cards that are no listings.
    """

    url: str
    address: str | None = None
    seller: str | None = None
    placeholders: tuple[str, ...] = ()
    required: tuple[str, ...] = ("title",)

    @field_validator("url")
    @classmethod
    def _names_the_id(cls, value: str) -> str:
        try:
            groups = re.compile(value).groupindex
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from error
        if "id" not in groups:
            raise ValueError("must have a group (?P<id>...)")
        return value


class FieldPaths(_Declared):
    """Where one kind of a marketplace's data has its listings, as JMESPath.

    `state` names the variables, or the ids of the scripts, that hold the data in HTML pages; an answer that is JSON is
    tried as it is. `records` selects the listings, `fields` the value of each field of a record (a list: the first
    that has a value); `divisor` is what prices are multiplied by; `kind` what such a page is; `untried` says that no
    real page or answer of this shape was ever read, only what is known of them.
    """

    name: str
    untried: bool = False
    state: tuple[str, ...] = ()
    records: str = "@"
    fields: dict[str, str | tuple[str, ...]]
    divisor: int = Field(default=1, ge=1, le=10**9)
    next: str | None = None
    kind: Literal["product", "results"] = "results"


class CardSelectors(_Declared):
    """Where one layout of a marketplace's pages of results has its listings: CSS selectors, relative to `card`.

    Of a field with a pattern only what its first group matches is its value. Cards in which `skip` finds something are
    no listings. `untried` as of data.
    """

    name: str
    untried: bool = False
    card: str
    fields: dict[str, str | tuple[str, ...]]
    patterns: dict[str, str] = {}
    skip: str | None = None
    next: str | None = None


class PageSelectors(_Declared):
    """Where one layout of a marketplace's item pages has its fields: CSS selectors, `::attr(name)` for an attribute.

    Without `when`, or where it finds something, the page has this layout. Of a field with a pattern only what its first
    group matches is its value. `untried` as of data.
    """

    name: str
    untried: bool = False
    when: str | None = None
    fields: dict[str, str | tuple[str, ...]]
    patterns: dict[str, str] = {}


class Reading(_Declared):
    """How to read what the generic reader does not understand, most trusted first."""

    data: tuple[FieldPaths, ...] = ()
    cards: tuple[CardSelectors, ...] = ()
    page: tuple[PageSelectors, ...] = ()

    @property
    def layouts(self) -> tuple[str, ...]:
        """What the declared layouts are called, and which of them were never tried on a real page."""
        kinds: tuple[tuple[FieldPaths | CardSelectors | PageSelectors, ...], ...] = (self.data, self.cards, self.page)
        every = (layout for kind in kinds for layout in kind)
        return tuple(f"{layout.name} [untried]" if layout.untried else layout.name for layout in every)


class Expectations(_Declared):
    """What reading must find, or the layout has changed: fields of every listing of results, and how many of them."""

    fields: tuple[str, ...] = ()
    fewest: int = Field(default=1, ge=0)
    most: int = Field(default=500, ge=1)


class DeclaredCanary(_Declared):
    """A listing (its id) that every search crawl must find again by this query."""

    query: str = Field(min_length=1)
    listing: str = Field(min_length=1)


class BrowserPages(_Declared):
    """Which pages show what they sell only to a browser; `..._ready` is there (CSS) once their scripts are done.

    Pages of results are ready when they show a card or say that there is none, unless told otherwise.
    """

    search: bool = True
    listing: bool = True
    search_ready: str | None = None
    listing_ready: str | None = None


class ApiAccess(_Declared):
    """The marketplace's official API: whose it is, where it answers, and for which of its sites (EBAY_US, MLA)."""

    client: Literal["ebay", "etsy", "mercadolibre", "rakuten"]
    url: str
    site: str = ""


class Politeness(_Declared):
    """How hard a marketplace may be asked: seconds between requests, requests at once, crawls at once."""

    delay: float = Field(default=1.0, ge=0)
    concurrency: int = Field(default=1, ge=1, le=64)
    crawls: int = Field(default=1, ge=1, le=64)


# What the pages of a shop platform are like, unless a shop says otherwise: (search, a listing's path).
_PLATFORMS = {
    "shopify": ("search?q={query}&type=product", r"/products/(?P<id>[^/]+)/?$"),
    "woocommerce": ("?s={query}&post_type=product", r"^/(?:[^/]+/)*product/(?P<id>[^/]+)/?$"),
    "magento": ("catalogsearch/result/?q={query}", r"^/(?:[^/]+/)*(?P<id>[^/]+)\.html$"),
    "prestashop": ("index.php?controller=search&s={query}", r"/(?P<id>\d+)(?:-\d+)?-[^/]+\.html$"),
    "sitemap": ("?s={query}", r"^/(?:[^/]+/)*(?P<id>[^/]+)/?$"),
}


class Marketplace(_Declared):
    """A declared marketplace; `exercised` says in plain words what reading it was really tried on.

    A shop of a known `platform` needs no `search` and `listing`: it is asked through the platform's own interface, or
    read by its sitemap.

    `domains` are its hosts, each with the currency that its pages use, or an empty text where that differs by page;
    `media` those of its pictures, which tell whose a page without an address is.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$")
    title: str
    url: str
    countries: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    domains: dict[str, str] = {}
    media: tuple[str, ...] = ()
    route: Literal["api", "feed", "crawl", "import"] = "crawl"
    platform: Literal["shopify", "woocommerce", "magento", "prestashop", "sitemap"] | None = None
    exercised: str
    terms: str = ""
    search: SearchPages
    listing: ListingPages
    api: ApiAccess | None = None
    expectations: Expectations = Expectations()
    canaries: tuple[DeclaredCanary, ...] = ()
    politeness: Politeness = Politeness()
    browser: BrowserPages | None = None
    reading: Reading = Reading()

    @model_validator(mode="before")
    @classmethod
    def _as_on_its_platform(cls, said: Any) -> Any:
        if not isinstance(said, dict) or said.get("platform") not in _PLATFORMS or not isinstance(said.get("url"), str):
            return said
        search, listing = _PLATFORMS[said["platform"]]
        return {"search": {"url": urljoin(said["url"], search)}, "listing": {"url": listing}, **said}

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every domain of the marketplace, without www."""
        named = [urlsplit(address).hostname or "" for address in (self.url, self.search.url)]
        return tuple(dict.fromkeys([*self.domains, *(host.removeprefix("www.") for host in named if host)]))


def load_marketplaces(settings: Settings) -> dict[str, Marketplace]:
    """All declared marketplaces by name; the operator's own replace built-in ones of the same name.

    Raises InvalidDeclaration, which names file and field.
    """
    return read_folders([BUILT_IN, settings.marketplaces_folder])


def read_folders(folders: Iterable[Path]) -> dict[str, Marketplace]:
    """Declarations of several folders; later ones win."""
    return {marketplace.name: marketplace for folder in folders for marketplace in map(_as_it_is, _files(folder))}


def _as_it_is(path: Path) -> Marketplace:
    """A declaration, read again only where its file is another: a worker asks every second, a page for every person."""
    try:
        found = path.stat()
    except OSError as error:
        raise InvalidDeclaration("{path} cannot be read: {error}", path=path, error=error) from error
    return _read_once(path, found.st_mtime_ns, found.st_size, found.st_ino)


@lru_cache(maxsize=1_000)
def _read_once(path: Path, *_stamp: int) -> Marketplace:
    return read_declaration(path)


def read_declaration(path: Path) -> Marketplace:
    """One declaration. Raises InvalidDeclaration."""
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), _LOADER)  # noqa: S506 - the safe one
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidDeclaration("{path} cannot be read: {error}", path=path, error=error) from error
    if not isinstance(data, dict):
        raise InvalidDeclaration("{path}: expected a table of fields, starting with `name:`.", path=path)
    try:
        return Marketplace.model_validate(data)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors())
        raise InvalidDeclaration("{path}: {problems}", path=path, problems=problems) from error


def get_marketplace(known: Mapping[str, Marketplace], name: str) -> Marketplace:
    """A declared marketplace by name. Raises UnknownMarketplace, which lists those there are."""
    if name not in known:
        raise UnknownMarketplace(
            "There is no marketplace named {name!r}. Declared are: {known}. To add one, put a declaration into the "
            "folder COUNTERFOIL_MARKETPLACES.",
            name=name,
            known=", ".join(sorted(known)) or "none",
        )
    return known[name]


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(folder.glob(f"*/{FILE_NAME}"))
