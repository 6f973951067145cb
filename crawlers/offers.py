"""Reads the offers of a schema.org product: price, currency, availability, seller, where it ships from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crawlers.currencies import currency_code
from crawlers.prices import Amount, read_price
from crawlers.structured import Node
from crawlers.values import first, schema_word, text_of, url_of

_MOST_OFFERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """All offers of one product taken together; `price_max` only where they differ."""

    price: Decimal | None = None
    price_max: Decimal | None = None
    currency: str | None = None
    availability: str | None = None
    condition: str | None = None
    seller_id: str | None = None
    seller_name: str | None = None
    seller_url: str | None = None
    ships_from: str | None = None


def read_offers(product: Node, by_id: Mapping[str, Node], used_here: Sequence[str]) -> Offers:
    """What a product's offers say; `by_id` are the page's nodes, which offers may name instead of repeating them."""
    offers = list(_offers(product, by_id))[:_MOST_OFFERS]
    low, high, currency = _range(offers, used_here)
    inside = [one for offer in offers for one in _nodes(offer.get("offers"), by_id)]
    seller = first(*(offer.get("seller") or offer.get("offeredBy") for offer in [*offers, *inside]))
    seller = seller or product.get("seller")
    seller_id, seller_name, seller_url = _seller(seller, by_id)
    return Offers(
        price=low,
        price_max=high if high != low else None,
        currency=currency,
        availability=first(*(schema_word(offer.get("availability")) for offer in [*offers, *inside])),
        condition=first(*(schema_word(offer.get("itemCondition")) for offer in offers)),
        seller_id=seller_id,
        seller_name=seller_name,
        seller_url=seller_url,
        ships_from=_ships_from(product, offers),
    )


def _offers(product: Node, by_id: Mapping[str, Node]) -> Iterator[Node]:
    yield from _nodes(product.get("offers"), by_id)
    if not product.get("offers"):
        for variant in _nodes(product.get("hasVariant"), by_id):
            yield from _nodes(variant.get("offers"), by_id)


def _nodes(said: Any, by_id: Mapping[str, Node]) -> Iterator[Node]:
    for node in said if isinstance(said, list) else [said]:
        if isinstance(node, dict):
            yield by_id.get(str(node.get("@id")), node)


def _range(offers: list[Node], used_here: Sequence[str]) -> tuple[Decimal | None, Decimal | None, str | None]:
    """Lowest and highest price of the offers that are in the first one's currency."""
    amounts = [amount for offer in offers for amount in _amounts(offer, used_here)]
    if not amounts:
        return None, None, None
    currency = amounts[0].currency
    values = [amount.value for amount in amounts if amount.currency == currency]
    return min(values), max(values), currency


def _amounts(offer: Node, used_here: Sequence[str]) -> Iterator[Amount]:
    specified = [node for node in _nodes(offer.get("priceSpecification"), {}) if not node.get("priceType")]
    stated = currency_code(text_of(offer.get("priceCurrency")), used_here)
    for said in (offer.get("price"), offer.get("lowPrice"), offer.get("highPrice")):
        amount = read_price(said, used_here)
        if amount is not None:
            specific = first(*(currency_code(text_of(node.get("priceCurrency")), used_here) for node in specified))
            yield Amount(amount.value, stated or amount.currency or specific)
    if offer.get("price") is None and offer.get("lowPrice") is None:
        for node in specified:
            amount = read_price(node.get("price"), used_here)
            if amount is not None:
                code = currency_code(text_of(node.get("priceCurrency")), used_here)
                yield Amount(amount.value, code or stated or amount.currency)


def _seller(said: Any, by_id: Mapping[str, Node]) -> tuple[str | None, str | None, str | None]:
    if isinstance(said, list):
        said = next((part for part in said if part), None)
    if not isinstance(said, dict):
        return None, text_of(said), None
    seller = by_id.get(str(said.get("@id")), said)
    named = text_of(first(seller.get("identifier"), seller.get("sku")))
    return named, text_of(seller.get("name")), url_of(seller.get("url"))


def _ships_from(product: Node, offers: list[Node]) -> str | None:
    for offer in offers:
        for details in _nodes(offer.get("shippingDetails"), {}):
            place = _place(details.get("shippingOrigin"))
            if place:
                return place
        place = _place(offer.get("availableAtOrFrom"))
        if place:
            return place
    for extra in _nodes(product.get("additionalProperty"), {}):
        if (text_of(extra.get("name")) or "").lower() in {"ships from", "shipping origin"}:
            return text_of(extra.get("value"))
    return None


def _place(said: Any) -> str | None:
    if not isinstance(said, dict):
        return text_of(said)
    address = said.get("address")
    country = (address if isinstance(address, dict) else said).get("addressCountry")
    return first(text_of(country), text_of(said.get("name")))
