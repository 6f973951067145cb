"""Which interface a declared shop or marketplace has."""

from counterfoil.marketplaces import Marketplace
from crawlers.apis.base import Interface
from crawlers.apis.magento import Magento
from crawlers.apis.prestashop import PrestaShop
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
