"""Which interface a declared shop or marketplace has."""

from collections.abc import Callable
from typing import Any

from counterfoil.access import KEYS, missing_keys
from counterfoil.exceptions import InvalidSetting
from counterfoil.marketplaces import Marketplace
from counterfoil.settings import Settings
from crawlers.apis.base import Interface
from crawlers.apis.ebay import EbayBrowse
from crawlers.apis.etsy import Etsy
from crawlers.apis.magento import Magento
from crawlers.apis.mercadolibre import MercadoLibre
from crawlers.apis.official import OfficialApi
from crawlers.apis.prestashop import PrestaShop
from crawlers.apis.rakuten import Rakuten
from crawlers.apis.shopify import Shopify
from crawlers.apis.woocommerce import WooCommerce


def shop_interface(marketplace: Marketplace) -> Interface:
    """The interface of the shop's platform. Raises ValueError for one whose catalogue is its sitemap, or none."""
    home = marketplace.url
    match marketplace.platform:
        case "shopify":
            return Shopify(home, marketplace.currencies[0] if len(marketplace.currencies) == 1 else None)
        case "woocommerce":
            return WooCommerce(home)
        case "magento":
            return Magento(home)
        case "prestashop":
            return PrestaShop(home, marketplace.currencies)
        case other:
            raise ValueError(f"{marketplace.name} has no interface of a shop platform: its platform is {other}")


def official_api(marketplace: Marketplace, settings: Settings, picture: Callable[[str], bytes]) -> OfficialApi:
    """The marketplace's official API with the operator's keys; `picture` gives a reference image by its SHA-256.

    Raises InvalidSetting, which names the variables, where keys are missing.
    """
    access = marketplace.api
    missing = missing_keys(marketplace, settings)
    if access is None or missing:
        raise InvalidSetting(f"The API of {marketplace.name} needs {' and '.join(missing) or 'a declaration (api)'}.")
    keys = {name: _plain(getattr(settings, name)) for name in KEYS[access.client]}
    match access.client:
        case "ebay":
            return EbayBrowse(access.url, access.site, keys, picture)
        case "etsy":
            return Etsy(access.url, keys)
        case "mercadolibre":
            return MercadoLibre(access.url, access.site, keys)
        case "rakuten":
            return Rakuten(access.url, keys)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else str(value.get_secret_value())
