"""Which way a marketplace is read here and now: by its official API where the keys are set, else as it declares."""

from collections.abc import Mapping
from dataclasses import dataclass

from counterfoil.marketplaces import Marketplace
from counterfoil.settings import Settings, variable

# A query that is a picture: the SHA-256 of a reference image behind it.
IMAGE_QUERY = "image:"
# The settings that an API's keys are in.
KEYS: Mapping[str, tuple[str, ...]] = {
    "ebay": ("ebay_client_id", "ebay_client_secret"),
    "etsy": ("etsy_keystring", "etsy_shared_secret"),
    "mercadolibre": ("mercadolibre_client_id", "mercadolibre_client_secret"),
    "rakuten": ("rakuten_application_id", "rakuten_access_key"),
}


@dataclass(frozen=True, slots=True)
class Search:
    """How a marketplace is searched: by which spider, and whether also for pictures."""

    spider: str = "search"
    by_image: bool = False


def search_of(marketplace: Marketplace, settings: Settings) -> Search:
    """How a marketplace is searched with these settings."""
    if marketplace.api is not None and not missing_keys(marketplace, settings):
        return Search("api", by_image=marketplace.api.client == "ebay")
    return Search("shop" if marketplace.platform is not None else "search")


def missing_keys(marketplace: Marketplace, settings: Settings) -> list[str]:
    """The variables of the keys that its API needs and that are not set; none without an API."""
    wanted = KEYS[marketplace.api.client] if marketplace.api is not None else ()
    return [variable(name) for name in wanted if getattr(settings, name) is None]


def no_way_to_search(marketplace: Marketplace, settings: Settings) -> str | None:
    """Why no crawl may search a marketplace with these settings, and what to do about it; None where one may."""
    if marketplace.route not in ("api", "import") or search_of(marketplace, settings).spider == "api":
        return None
    missing = " and ".join(missing_keys(marketplace, settings))
    if missing:
        said = f"may be searched only through its official API, and {missing} are not set. Set them (docs/apis.md)"
    elif marketplace.route == "api":
        said = "may be searched only through its official API, and its declaration has no section `api`. Add it"
    else:
        said = "may not be crawled"
    saved = f"counterfoil import FILES --marketplace {marketplace.name}"
    return (
        f"{marketplace.title} {said}. Pages that a person saved can be imported: {saved}. "
        "If you may crawl it all the same, declare it anew in your own folder, with `route: crawl`."
    )


def access_in_words(marketplace: Marketplace, settings: Settings) -> str:
    """How the marketplace is read with these settings, and what would change it."""
    if marketplace.api is not None:
        missing = missing_keys(marketplace, settings)
        if not missing:
            return f"api: {marketplace.api.url} with your keys"
        present = "none yet" if marketplace.route == "api" else marketplace.route
        return f"{present}; by its official API once {' and '.join(missing)} are set"
    if marketplace.platform is not None:
        by = "its sitemap" if marketplace.platform == "sitemap" else f"the interface of {marketplace.platform}"
        return f"{marketplace.route}, through {by}"
    return str(marketplace.route)
