"""Answers of shops' and marketplaces' own interfaces: what to ask, what an answer says, no I/O.

Shop platforms (Shopify, WooCommerce, Magento, PrestaShop) answer everybody; official APIs (eBay, Etsy, Mercado Libre,
Rakuten) answer with the operator's own keys. The spiders `shop` and `api` do the asking.
"""
