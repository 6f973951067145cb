"""Reference products for programs."""

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query
from starlette.responses import Response

from console.calibration_words import remark_words
from console.contract.creating import CurrentCreation, create
from console.contract.pages import Cursor, Limit, Page, newest_page_of, page_of
from console.contract.preconditions import IfMatch, IfNoneMatch, answer_with_etag, etag_of, require_match
from console.guards.access import needs
from console.registration import entry_from, request_card
from console.request import CurrentSession
from console.schemas.fields import PathId
from console.schemas.registry import CalibrationShown, ProductChange, ProductSaid, ProductShown, RemarkShown
from console.session import RequestSession
from counterfoil.calibration import card_from_json, remarks_of
from counterfoil.clock import now
from counterfoil.models import Role
from counterfoil.store import products as stored
from counterfoil.store.calibrations import get_card
from counterfoil.store.owners import hold_owner

router = APIRouter(prefix="/api/v1/products", tags=["products"], dependencies=[needs(Role.VIEWER)])
_manager = [needs(Role.MANAGER)]


@router.get("")
def list_products(
    session: CurrentSession,
    words: Annotated[str | None, Query(max_length=500, description="All must stand in its name, SKU or brand.")] = None,
    brand_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ProductShown]:
    """The owner's products; with `words` or of a brand where that is said, and then newest first."""
    if words is not None or brand_id is not None:
        return _searched(session, words or "", brand_id, cursor, limit)
    with session.read() as connection:
        return page_of(
            "products",
            cursor,
            limit,
            lambda after, most: stored.products_after(connection, session.owner.id, after, most),
            ProductShown,
        )


@router.post("", status_code=201, response_model=ProductShown, dependencies=_manager)
def create_product(session: CurrentSession, said: ProductSaid, creation: CurrentCreation) -> Response:
    """Register a product; past listings are judged against it without a crawl. Its pictures follow one by one."""

    def make(connection: sa.Connection) -> tuple[str, ProductShown]:
        made = stored.create_product(connection, session.owner.id, entry_from(said.model_dump()), now())
        return f"/api/v1/products/{made.id}", ProductShown.model_validate(made)

    return create(session, creation, "product.add", said.name, make)


@router.get("/{product_id}", response_model=ProductShown)
def get_product(session: CurrentSession, product_id: PathId, if_none_match: IfNoneMatch = None) -> Response:
    """A product."""
    with session.read() as connection:
        return answer_with_etag(_shown(connection, session.owner.id, product_id), if_none_match)


@router.get("/{product_id}/calibration")
def get_calibration(session: CurrentSession, product_id: PathId) -> CalibrationShown:
    """What is known of the copies of a product's pictures: which would be found, and what would be taken for it."""
    with session.read() as connection:
        return _calibration(connection, session.owner.id, product_id)


@router.post("/{product_id}/calibration", status_code=202, dependencies=_manager)
def request_calibration(session: CurrentSession, product_id: PathId) -> CalibrationShown:
    """Ask for the calibration anew; the service makes it when no listing waits to be judged. 409 without pictures."""
    with session.act("product.calibrate", f"product {product_id}") as connection:
        request_card(connection, session, product_id)
        return _calibration(connection, session.owner.id, product_id)


@router.patch("/{product_id}", response_model=ProductShown, dependencies=_manager)
def change_product(
    session: CurrentSession, product_id: PathId, said: ProductChange, if_match: IfMatch = None
) -> Response:
    """Change what is registered about a product; past listings are judged again."""
    given = said.model_dump(exclude_unset=True)
    with session.act("product.change", f"product {product_id}", changed=sorted(given)) as connection:
        hold_owner(connection, session.owner.id)
        before = _shown(connection, session.owner.id, product_id)
        require_match(if_match, etag_of(before))
        taken = {name: value for name, value in given.items() if value is not None or name in {"sku", "price_range"}}
        entry = entry_from({**before.model_dump(exclude={"id"}), **taken})
        changed = stored.update_product(connection, session.owner.id, product_id, entry, now())
    return answer_with_etag(ProductShown.model_validate(changed))


@router.delete("/{product_id}", status_code=204, response_class=Response, dependencies=_manager)
def remove_product(session: CurrentSession, product_id: PathId, if_match: IfMatch = None) -> None:
    """Take a product back; its suspects are judged again without it, verdicts stay."""
    with session.act("product.remove", f"product {product_id}") as connection:
        hold_owner(connection, session.owner.id)
        require_match(if_match, etag_of(_shown(connection, session.owner.id, product_id)))
        stored.remove_product(connection, session.owner.id, product_id, now())


@router.post("/{product_id}/restore", response_model=ProductShown, dependencies=_manager)
def restore_product(session: CurrentSession, product_id: PathId) -> Response:
    """Undo the removal of a product; 409 where its name or SKU was given away meanwhile, or its brand was removed."""
    with session.act("product.restore", f"product {product_id}") as connection:
        restored = stored.restore_product(connection, session.owner.id, product_id, now())
    return answer_with_etag(ProductShown.model_validate(restored))


def _shown(connection: sa.Connection, owner_id: int, product_id: int) -> ProductShown:
    return ProductShown.model_validate(stored.get_product(connection, owner_id, product_id))


def _searched(
    session: RequestSession, words: str, brand_id: int | None, cursor: str | None, limit: int
) -> Page[ProductShown]:
    with session.read() as connection:
        return newest_page_of(
            f"products of {brand_id} with {words}",
            cursor,
            limit,
            lambda before, most: [
                row.product
                for row in stored.search_products(connection, session.owner.id, words, brand_id, before, most)
            ],
            ProductShown,
        )


def _calibration(connection: sa.Connection, owner_id: int, product_id: int) -> CalibrationShown:
    stored.get_product(connection, owner_id, product_id)
    kept = get_card(connection, owner_id, product_id)
    names = stored.product_names(connection, owner_id)
    remarks = remarks_of(card_from_json(kept.card)) if kept.card is not None else []
    return CalibrationShown(
        made_at=kept.made_at,
        under_way=kept.under_way,
        card=kept.card,
        remarks=[
            RemarkShown(code=one.code, values=dict(one.values), words=remark_words(one, names)) for one in remarks
        ],
    )
