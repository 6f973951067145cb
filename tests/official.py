"""Official APIs on loopback: they check the keys, and answer in the shape of captured answers, with made-up lamps."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from market import Answer, Asked, Market
from shops import as_json, found, numbered

KEYS = {
    "ebay": {"EBAY_CLIENT_ID": "app", "EBAY_CLIENT_SECRET": "s3cret"},
    "etsy": {"ETSY_KEYSTRING": "app", "ETSY_SHARED_SECRET": "s3cret"},
    "mercadolibre": {"MERCADOLIBRE_CLIENT_ID": "app", "MERCADOLIBRE_CLIENT_SECRET": "s3cret"},
    "rakuten": {"RAKUTEN_APPLICATION_ID": "app", "RAKUTEN_ACCESS_KEY": "s3cret"},
}


@dataclass
class StandIn:
    """One API: what it has been asked, by kind, and how many calls its token is good for."""

    market: Market
    tokens: int = 0
    calls_per_token: int = 1_000_000
    calls: int = 0
    pictures: list[bytes] = field(default_factory=list)

    def issue(self, asked: Asked) -> Answer:
        """A token for the right keys."""
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        basic = base64.b64encode(b"app:s3cret").decode()
        right = asked.headers.get("authorization") == f"Basic {basic}" or form.get("client_secret") == "s3cret"
        if asked.method != "POST" or form.get("grant_type") != "client_credentials" or not right:
            return Answer(status=401, body=b'{"error": "invalid_client"}', type="application/json")
        self.tokens += 1
        self.calls = 0
        return as_json(
            {"access_token": f"token-{self.tokens}", "expires_in": 7200, "token_type": "Application Access Token"}
        )

    def holds(self, asked: Asked) -> bool:
        """Whether the request bears the newest token, and that is still good."""
        self.calls += 1
        fresh = self.calls <= self.calls_per_token
        return fresh and asked.headers.get("authorization") == f"Bearer token-{self.tokens}"


def ebay(api: StandIn) -> None:
    """The Browse API."""
    market = api.market

    def summary(number: int, title: str) -> dict[str, Any]:
        return {
            "itemId": f"v1|{number}|0",
            "title": title,
            "legacyItemId": str(number),
            "price": {"value": f"{number}.50", "currency": "USD"},
            "image": {"imageUrl": f"{market.url}/thumbs/picture/{number}/s-l225.jpg"},
            "thumbnailImages": [{"imageUrl": f"{market.url}/picture/{number}/s-l1600.jpg"}],
            "seller": {"username": f"seller{number % 3}", "feedbackPercentage": "94.6", "feedbackScore": 15},
            "condition": "New",
            "conditionId": "1000",
            "itemWebUrl": f"{market.url}/itm/{number}?hash=item{number}",
            "itemLocation": {"country": "CN"},
            "categories": [{"categoryId": "1", "categoryName": "Lamps"}],
        }

    def results(asked: Asked) -> Answer:
        if not api.holds(asked) or asked.headers.get("x-ebay-c-marketplace-id") != "EBAY_US":
            return Answer(status=401, body=b'{"errors": [{"errorId": 1001}]}', type="application/json")
        sold = found(asked.query["q"])
        size, offset = min(int(asked.query["limit"]), 40), int(asked.query["offset"])
        answer: dict[str, Any] = {"total": len(sold), "limit": size, "offset": offset}
        if sold:
            answer["itemSummaries"] = [summary(*one) for one in numbered(sold)[offset : offset + size]]
        if offset + size < len(sold):
            answer["next"] = f"{market.url}{asked.path}?q={asked.query['q']}&limit={size}&offset={offset + size}"
        return as_json(answer)

    def by_image(asked: Asked) -> Answer:
        if asked.method != "POST" or not api.holds(asked):
            return Answer(status=401)
        api.pictures.append(base64.b64decode(json.loads(asked.body)["image"]))
        return as_json({"total": 1, "itemSummaries": [summary(300, "A lamp without a name")]})

    def item(asked: Asked) -> Answer:
        if not api.holds(asked):
            return Answer(status=401)
        number = int(asked.path.rpartition("/")[2].split("%7C")[1])
        more = {"description": "<p>Shines <b>well</b></p>", "brand": "Lumen", "gtin": "4006381333931"}
        image = {"imageUrl": f"{market.url}/picture/{number}/s-l1600.jpg"}
        stock = [{"estimatedAvailabilityStatus": "IN_STOCK"}]
        return as_json(
            {**summary(number, "as in the results"), **more, "image": image, "estimatedAvailabilities": stock}
        )

    market.faults["/identity/v1/oauth2/token"] = api.issue
    market.faults["/buy/browse/v1/item_summary/search"] = results
    market.faults["/buy/browse/v1/item_summary/search_by_image"] = by_image
    for number in range(1, 301):
        market.faults[f"/buy/browse/v1/item/v1%7C{number}%7C0"] = item


def etsy(api: StandIn) -> None:
    """The Open API, version 3."""
    market = api.market

    def listing(number: int, title: str) -> dict[str, Any]:
        return {
            "listing_id": number,
            "shop_id": number % 3,
            "title": title.replace("Red", "Red &quot;warm&quot;"),
            "description": "Shines",
            "state": "active",
            "url": f"{market.url}/listing/{number}/lamp",
            "price": {"amount": number * 100 + 50, "divisor": 100, "currency_code": "EUR"},
        }

    def results(asked: Asked) -> Answer:
        if asked.headers.get("x-api-key") != "app:s3cret":
            return Answer(status=403, body=b'{"error": "Invalid API key"}')
        sold = found(asked.query["keywords"])
        size, offset = int(asked.query["limit"]), int(asked.query["offset"])
        return as_json(
            {"count": len(sold), "results": [listing(*one) for one in numbered(sold)[offset : offset + size]]}
        )

    def whole(asked: Asked) -> Answer:
        number = int(asked.path.rpartition("/")[2])
        if asked.headers.get("x-api-key") != "app:s3cret" or asked.query.get("includes") != "Images,Shop":
            return Answer(status=403)
        image = {
            "rank": 1,
            "url_570xN": "https://x.invalid/small",
            "url_fullxfull": f"{market.url}/picture/{number}.jpg",
        }
        shop = {"shop_name": f"Shop {number % 3}", "url": f"{market.url}/shop/{number % 3}"}
        return as_json({**listing(number, "as in the results"), "images": [image], "shop": shop})

    market.faults["/v3/application/listings/active"] = results
    for number in range(1, 301):
        market.faults[f"/v3/application/listings/{number}"] = whole


def mercadolibre(api: StandIn) -> None:
    """Search on a site, and items."""
    market = api.market

    def result(number: int, title: str) -> dict[str, Any]:
        return {
            "id": f"MLA{number}",
            "title": title,
            "seller": {"id": number % 3, "permalink": f"{market.url}/perfil/{number % 3}"},
            "price": number + 0.5,
            "currency_id": "ARS",
            "condition": "new",
            "permalink": f"{market.url}/MLA-{number}-lamp",
            "thumbnail": f"{market.url}/picture/{number}-I.jpg",
            "address": {"state_name": "Capital Federal", "city_name": "Palermo"},
            "sold_quantity": 3,
        }

    def results(asked: Asked) -> Answer:
        if not api.holds(asked):
            return Answer(status=401, body=b'{"message": "invalid access token"}')
        sold = found(asked.query["q"])
        size, offset = int(asked.query["limit"]), int(asked.query["offset"])
        paging = {"total": len(sold), "offset": offset, "limit": size}
        return as_json({"paging": paging, "results": [result(*one) for one in numbered(sold)[offset : offset + size]]})

    def item(asked: Asked) -> Answer:
        if not api.holds(asked):
            return Answer(status=401)
        number = int(asked.path.rpartition("MLA")[2])
        whole = {name: value for name, value in result(number, "as in the results").items() if name != "seller"}
        pictures = [{"url": "http://x.invalid/1", "secure_url": f"{market.url}/picture/{number}.jpg"}]
        brand = [{"id": "BRAND", "value_name": "Lumen"}]
        return as_json(
            {**whole, "seller_id": number % 3, "pictures": pictures, "attributes": brand, "status": "active"}
        )

    market.faults["/oauth/token"] = api.issue
    market.faults["/sites/MLA/search"] = results
    for number in range(1, 301):
        market.faults[f"/items/MLA{number}"] = item


def rakuten(api: StandIn) -> None:
    """Ichiba item search, in its second format."""
    market = api.market

    def item(number: int, title: str) -> dict[str, Any]:
        return {
            "itemName": title,
            "itemCode": f"shop:{number}",
            "itemPrice": number,
            "itemCaption": "Shines",
            "itemUrl": f"{market.url}/shop/{number}/",
            "mediumImageUrls": [f"{market.url}/picture/{number}.jpg?_ex=128x128"],
            "availability": 1,
            "shopName": "Shop",
            "shopCode": "shop",
            "shopUrl": f"{market.url}/shop/",
            "reviewAverage": 4.5,
            "reviewCount": 8,
        }

    def results(asked: Asked) -> Answer:
        if asked.query.get("applicationId") != "app" or asked.headers.get("accesskey") != "s3cret":
            return Answer(status=403, body=b'{"error": "wrong_parameter"}')
        sold = found(asked.query["keyword"])
        if not sold:
            return Answer(status=404, body=b'{"error": "not_found", "error_description": "not found"}')
        size, page = int(asked.query["hits"]), int(asked.query["page"])
        shown = numbered(sold)[(page - 1) * size : page * size]
        return as_json(
            {
                "count": len(sold),
                "page": page,
                "pageCount": -(-len(sold) // size),
                "Items": [item(*one) for one in shown],
            }
        )

    market.faults["/ichiba/search"] = results


APIS: dict[str, Callable[[StandIn], None]] = {
    "ebay": ebay,
    "etsy": etsy,
    "mercadolibre": mercadolibre,
    "rakuten": rakuten,
}
