"""The brand's own pictures of a product, for programs."""

import sqlalchemy as sa
from fastapi import APIRouter, UploadFile
from starlette.responses import Response

from console.api.images import picture_answer
from console.contract.creating import CurrentCreation, create
from console.contract.preconditions import IfMatch, IfNoneMatch, answer_with_etag, etag_of, require_match
from console.guards.access import needs
from console.pictures import read_upload
from console.reference_copies import edited_copy
from console.registration import add_picture
from console.request import CurrentSession
from console.schemas.fields import PathId
from console.schemas.registry import ReferenceImageShown
from counterfoil.clock import now
from counterfoil.models import Role
from counterfoil.store import products as stored
from counterfoil.store.owners import hold_owner

router = APIRouter(
    prefix="/api/v1/products/{product_id}/images", tags=["reference images"], dependencies=[needs(Role.VIEWER)]
)
_manager = [needs(Role.MANAGER)]


@router.get("")
def list_reference_images(session: CurrentSession, product_id: PathId) -> list[ReferenceImageShown]:
    """A product's reference images."""
    with session.read() as connection:
        stored.get_product(connection, session.owner.id, product_id)
        found = stored.list_reference_images(connection, session.owner.id, product_id)
    return [ReferenceImageShown.model_validate(one) for one in found]


@router.post("", status_code=201, response_model=ReferenceImageShown, dependencies=_manager)
def create_reference_image(
    session: CurrentSession, product_id: PathId, file: UploadFile, creation: CurrentCreation
) -> Response:
    """Register a picture (JPEG, PNG, WebP, GIF, AVIF, BMP; at most 20 MB); past listings are judged against it.

    It is decoded in a process with a memory limit and a deadline; what is no picture is refused by 422.
    """
    picture = read_upload(file.filename, file.file)
    with session.read() as connection:
        stored.get_product(connection, session.owner.id, product_id)
    fingerprint = session.installation.decoder.fingerprint(picture.data)
    session.evidence.put_image(picture.data)

    def make(connection: sa.Connection) -> tuple[str, ReferenceImageShown]:
        made = add_picture(connection, session, product_id, picture, fingerprint)
        shown = ReferenceImageShown.model_validate(made)
        address = f"/api/v1/products/{product_id}/images/{made.id}"
        return address, shown.model_copy(update={"informative": fingerprint.informative})

    subject = f"{picture.source} of product {product_id}"
    return create(session, creation.also(picture.data), "image.add", subject, make)


@router.get("/{image_id}", response_model=ReferenceImageShown)
def get_reference_image(
    session: CurrentSession, product_id: PathId, image_id: PathId, if_none_match: IfNoneMatch = None
) -> Response:
    """One of a product's reference images."""
    with session.read() as connection:
        return answer_with_etag(_shown(connection, session.owner.id, product_id, image_id), if_none_match)


@router.delete("/{image_id}", status_code=204, response_class=Response, dependencies=_manager)
def remove_reference_image(
    session: CurrentSession, product_id: PathId, image_id: PathId, if_match: IfMatch = None
) -> None:
    """Take a reference image back; past listings are judged again without it."""
    with session.act("image.remove", f"image {image_id} of product {product_id}") as connection:
        hold_owner(connection, session.owner.id)
        require_match(if_match, etag_of(_shown(connection, session.owner.id, product_id, image_id)))
        stored.remove_reference_image(connection, session.owner.id, image_id, now())


@router.get("/{image_id}/copies/{edit}", response_class=Response)
def get_copy(session: CurrentSession, product_id: PathId, image_id: PathId, edit: str) -> Response:
    """The picture edited as sellers edit pictures, as its calibration tried it (`edit` of its card); 404 for others."""
    return picture_answer(edited_copy(session, product_id, image_id, edit))


@router.post("/{image_id}/restore", response_model=ReferenceImageShown, dependencies=_manager)
def restore_reference_image(session: CurrentSession, product_id: PathId, image_id: PathId) -> Response:
    """Undo the removal of a reference image; where the same picture was registered again, that one is answered."""
    with session.act("image.restore", f"image {image_id} of product {product_id}") as connection:
        restored = stored.restore_reference_image(connection, session.owner.id, product_id, image_id, now())
    return answer_with_etag(ReferenceImageShown.model_validate(restored))


def _shown(connection: sa.Connection, owner_id: int, product_id: int, image_id: int) -> ReferenceImageShown:
    found = stored.get_reference_image(connection, owner_id, product_id, image_id)
    return ReferenceImageShown.model_validate(found)
