"""The pages of products: the list, and one product with its pictures, its data and its calibration card."""

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Form, Query, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from console.contract.pages import cursor_of, position_of
from console.contract.preconditions import etag_of, require_match
from console.guards.access import needs
from console.pictures import read_upload
from console.registration import add_picture, entry_from, request_card
from console.rendering import render
from console.request import CurrentSession
from console.schemas.fields import PathId
from console.schemas.registry import ProductSaid, ProductShown
from console.session import RequestSession
from console.translation import gettext as _
from console.translation import ngettext, worded
from console.web.calibration import alarm_pictures, shown_card, summary
from console.web.forms import Messages, SaidProduct, Wrong, read_said
from console.web.pictures import pictures_of
from counterfoil.calibration import SMALL_SIDE
from counterfoil.clock import now
from counterfoil.exceptions import Conflict, CounterfoilError, InvalidInput, Outdated
from counterfoil.models import Role
from counterfoil.rates import write_amount
from counterfoil.store import products as stored
from counterfoil.store.brands import get_brand_by_id, list_brands, list_rights
from counterfoil.store.calibrations import get_card
from counterfoil.store.drafts import DraftKind, list_open_drafts
from counterfoil.store.images import get_fingerprints, image_visible_to
from counterfoil.store.owners import hold_owner

router = APIRouter(prefix="/products", include_in_schema=False, dependencies=[needs(Role.VIEWER)])
_manager = [needs(Role.MANAGER)]
_PAGE = 48


@router.get("", response_class=HTMLResponse)
def list_products(
    session: CurrentSession,
    words: Annotated[str, Query(max_length=500)] = "",
    brand: int | None = None,
    cursor: str | None = None,
    removed: int | None = None,
) -> HTMLResponse:
    """The page of products: each with picture and what its calibration says; above them how to add more."""
    owner_id = session.owner.id
    with session.read() as connection:
        rows = stored.search_products(
            connection, owner_id, words, brand, position_of("products page", cursor), _PAGE + 1
        )
        counts = stored.count_products(connection, owner_id)
        brands = list_brands(connection, owner_id)
        shown = [row.image_sha256 for row in rows if row.image_sha256]
        pictures = pictures_of(connection, shown)
        drafts = list_open_drafts(connection, owner_id, DraftKind.PRODUCTS)
        gone = stored.find_removed_product(connection, owner_id, removed) if removed is not None else None
    on_page = rows[:_PAGE]
    return HTMLResponse(
        render(
            "products.html",
            session,
            total=sum(counts.values()),
            words=words,
            chosen=brand,
            brands=[one for one in brands if counts.get(one.id)],
            brand_names=[one.name for one in brands],
            counts=counts,
            rows=[_row(row, pictures) for row in on_page],
            next=cursor_of("products page", on_page[-1].id) if len(rows) > _PAGE else None,
            drafts=drafts,
            removed=gone,
            may_change=session.actor.role.allows(Role.MANAGER),
        )
    )


@router.get("/{product_id}", response_class=HTMLResponse)
def show_product(session: CurrentSession, product_id: PathId, image: int | None = None) -> HTMLResponse:
    """The page of one product: pictures, data, rights, and the calibration card in words and pictures."""
    return _page(session, product_id, removed_image=image)


@router.get("/{product_id}/edit", response_class=HTMLResponse, dependencies=_manager)
def edit_product(session: CurrentSession, product_id: PathId) -> HTMLResponse:
    """The form that changes what is registered about a product."""
    with session.read() as connection:
        shown = _shown(connection, session.owner.id, product_id)
    return _form(session, product_id, SaidProduct.of(shown), etag_of(shown))


@router.post("/{product_id}/edit", response_class=HTMLResponse, dependencies=_manager)
def post_product(
    session: CurrentSession,
    product_id: PathId,
    said: Annotated[SaidProduct, Form()],
    based_on: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Change what is registered about a product; past listings are judged again."""
    try:
        wanted = read_said(ProductSaid, said.as_said())
        with session.act("product.change", f"product {product_id}") as connection:
            hold_owner(connection, session.owner.id)
            require_match(based_on, etag_of(_shown(connection, session.owner.id, product_id)))
            entry = entry_from(wanted.model_dump())
            stored.update_product(connection, session.owner.id, product_id, entry, now())
    except Outdated:
        raise
    except Wrong as wrong:
        return _form(session, product_id, said, based_on, wrong.fields)
    except (InvalidInput, Conflict) as error:
        return _form(session, product_id, said, based_on, {"": worded(error)})
    return RedirectResponse(f"/products/{product_id}", status_code=303)


@router.post("/{product_id}/remove", response_class=HTMLResponse, dependencies=_manager)
def remove_product(session: CurrentSession, product_id: PathId) -> RedirectResponse:
    """Take a product back; the list that follows offers to undo it."""
    with session.act("product.remove", f"product {product_id}") as connection:
        stored.remove_product(connection, session.owner.id, product_id, now())
    return RedirectResponse(f"/products?removed={product_id}", status_code=303)


@router.post("/{product_id}/restore", response_class=HTMLResponse, dependencies=_manager)
def restore_product(session: CurrentSession, product_id: PathId) -> RedirectResponse:
    """Undo the removal of a product."""
    with session.act("product.restore", f"product {product_id}") as connection:
        stored.restore_product(connection, session.owner.id, product_id, now())
    return RedirectResponse(f"/products/{product_id}", status_code=303)


@router.post("/{product_id}/images", response_class=HTMLResponse, dependencies=_manager)
def post_images(session: CurrentSession, product_id: PathId, files: list[UploadFile] | None = None) -> Response:
    """Add reference images: each is kept or refused for itself, and the page says which and why."""
    with session.read() as connection:
        stored.get_product(connection, session.owner.id, product_id)
    sent = [file for file in files or [] if file.filename or file.size]
    refused = [said for file in sent if (said := _add(session, product_id, file)) is not None]
    if not sent:
        refused = [_("No picture was sent: choose one or several files first.")]
    if refused:
        return _page(session, product_id, refused=refused)
    return RedirectResponse(f"/products/{product_id}#pictures", status_code=303)


@router.post("/{product_id}/images/{image_id}/remove", response_class=HTMLResponse, dependencies=_manager)
def remove_image(session: CurrentSession, product_id: PathId, image_id: PathId) -> RedirectResponse:
    """Take a reference image back; the page that follows offers to undo it."""
    with session.act("image.remove", f"image {image_id} of product {product_id}") as connection:
        stored.get_reference_image(connection, session.owner.id, product_id, image_id)
        stored.remove_reference_image(connection, session.owner.id, image_id, now())
    return RedirectResponse(f"/products/{product_id}?image={image_id}#pictures", status_code=303)


@router.post("/{product_id}/images/{image_id}/restore", response_class=HTMLResponse, dependencies=_manager)
def restore_image(session: CurrentSession, product_id: PathId, image_id: PathId) -> RedirectResponse:
    """Undo the removal of a reference image."""
    with session.act("image.restore", f"image {image_id} of product {product_id}") as connection:
        stored.restore_reference_image(connection, session.owner.id, product_id, image_id, now())
    return RedirectResponse(f"/products/{product_id}#pictures", status_code=303)


@router.post("/{product_id}/calibrate", response_class=HTMLResponse, dependencies=_manager)
def post_calibrate(session: CurrentSession, product_id: PathId) -> RedirectResponse:
    """Ask for the calibration card anew; the service makes it when no listing waits to be judged."""
    with session.act("product.calibrate", f"product {product_id}") as connection:
        request_card(connection, session, product_id)
    return RedirectResponse(f"/products/{product_id}#calibration", status_code=303)


def _add(session: RequestSession, product_id: int, file: UploadFile) -> str | None:
    """Add one picture; why not, where it was refused."""
    try:
        picture = read_upload(file.filename, file.file)
        fingerprint = session.installation.decoder.fingerprint(picture.data)
        session.evidence.put_image(picture.data)
        with session.act("image.add", f"{picture.source} of product {product_id}") as connection:
            add_picture(connection, session, product_id, picture, fingerprint)
    except CounterfoilError as error:
        return f"{(file.filename or _('upload'))[-100:]}: {error}"
    return None


def _page(
    session: RequestSession, product_id: int, *, removed_image: int | None = None, refused: list[str] | None = None
) -> HTMLResponse:
    owner_id = session.owner.id
    with session.read() as connection:
        one = stored.get_product(connection, owner_id, product_id)
        brand = get_brand_by_id(connection, owner_id, one.brand_id)
        images = stored.list_reference_images(connection, owner_id, product_id)
        kept = get_card(connection, owner_id, product_id)
        rights = [right for right in list_rights(connection, owner_id) if right.brand_id == brand.id]
        pictures = pictures_of(connection, [image.image_sha256 for image in images])
        sizes = _sizes(connection, images)
        visible = {one for one in alarm_pictures(kept) if image_visible_to(connection, owner_id, one)}
        names = stored.product_names(connection, owner_id)
    page = render(
        "product.html",
        session,
        one=one,
        brand=brand,
        price=price_words(one),
        rights=rights,
        images=[
            {
                "id": image.id,
                "source": image.source,
                "picture": pictures[image.image_sha256],
                "about": _about(sizes.get(image.image_sha256)),
            }
            for image in images
        ],
        card=shown_card(kept, product_id, {image.id for image in images}, names, visible),
        removed_image=removed_image if removed_image not in {image.id for image in images} else None,
        refused=refused or [],
        may_change=session.actor.role.allows(Role.MANAGER),
    )
    return HTMLResponse(page, status_code=422 if refused else 200)


def _form(
    session: RequestSession,
    product_id: int,
    said: SaidProduct,
    based_on: str,
    wrong: dict[str, str] | None = None,
) -> HTMLResponse:
    with session.read() as connection:
        before = stored.get_product(connection, session.owner.id, product_id)
        brands = list_brands(connection, session.owner.id)
    page = render(
        "product_edit.html",
        session,
        one=before,
        said=said,
        brands=brands,
        based_on=based_on,
        wrong=Messages(wrong or {}),
    )
    return HTMLResponse(page, status_code=422 if wrong else 200)


def _shown(connection: sa.Connection, owner_id: int, product_id: int) -> ProductShown:
    return ProductShown.model_validate(stored.get_product(connection, owner_id, product_id))


def _row(row: stored.ListedProduct, pictures: dict[str, Any]) -> dict[str, Any]:
    facts = (row.brand, row.product.sku, price_words(row.product))
    return {
        "id": row.id,
        "name": row.product.name,
        "picture": pictures.get(row.image_sha256 or ""),
        "facts": " · ".join(fact for fact in facts if fact),
        "images": ngettext("{} picture", "{} pictures", row.images).format(row.images),
        "calibration": summary(row.card, row.calibrating, row.images),
    }


def price_words(one: Any) -> str:
    """A price range for people; empty where there is none."""
    price = one.price_range
    if price is None:
        return ""
    if price.low == price.high:
        return f"{write_amount(price.low)} {price.currency}"
    return f"{write_amount(price.low)} – {write_amount(price.high)} {price.currency}"


def _sizes(connection: sa.Connection, images: Any) -> dict[str, Any]:
    from counterfoil.fingerprints import FINGERPRINT_VERSION  # heavy, and needed by this page only

    return get_fingerprints(connection, {image.image_sha256 for image in images}, FINGERPRINT_VERSION)


def _about(fingerprint: Any) -> str | None:
    """What is wrong with a reference image, told before any calibration."""
    if fingerprint is None:
        return None
    if not fingerprint.informative:
        return _("Too plain to find copies of: add a picture that shows more of the product.")
    if min(fingerprint.width, fingerprint.height) < SMALL_SIDE:
        return _("Small ({} x {}): a copy of it in a collage would be missed.").format(
            fingerprint.width, fingerprint.height
        )
    return None
