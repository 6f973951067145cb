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


def access_in_words(marketplace: Marketplace, settings: Settings) -> str:
    """How the marketplace is read with these settings, and what would change it."""
    if marketplace.api is not None:
        missing = missing_keys(marketplace, settings)
        if not missing:
            return f"api: {marketplace.api.url} with your keys"
        # Declared as read by its API, and not readable by it yet.
        present = "none yet" if marketplace.route == "api" else marketplace.route
        return f"{present}; by its official API once {' and '.join(missing)} are set"
    if marketplace.platform is not None:
        by = "its sitemap" if marketplace.platform == "sitemap" else f"the interface of {marketplace.platform}"
        return f"{marketplace.route}, through {by}"
    return str(marketplace.route)
