"""Crawled and registered pictures, from our own store only."""

from fastapi import APIRouter, Response

from console.guards.access import needs
from console.output import deleted_words
from console.request import CurrentSession
from console.session import RequestSession
from counterfoil.exceptions import DeletedByRetention, NotFound
from counterfoil.models import Role
from counterfoil.store.images import deleted_images, image_visible_to

router = APIRouter(tags=["images"], dependencies=[needs(Role.VIEWER)])

# Told by the first bytes, never by what a page or a server said.
_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
)


@router.get("/api/v1/images/{sha256}", response_class=Response)
def get_image(sha256: str, session: CurrentSession) -> Response:
    """A picture of one of the owner's listings or products, as its bytes came; 410 once retention has deleted it."""
    _require_visible(session, sha256)
    return stored_picture(session, sha256)


@router.get("/api/v1/images/{sha256}/thumbnail", response_class=Response)
def get_thumbnail(sha256: str, session: CurrentSession) -> Response:
    """The same at most 256 pixels wide and high (JPEG, made once); as its bytes came where they cannot be decoded."""
    _require_visible(session, sha256)
    return stored_thumbnail(session, sha256)


def readable_picture(session: RequestSession, sha256: str) -> bytes:
    """The bytes of a picture that the asker may see. Raises NotFound, DeletedByRetention."""
    _require_visible(session, sha256)
    _require_kept(session, sha256)
    return session.evidence.get_image(sha256)


def _require_visible(session: RequestSession, sha256: str) -> None:
    with session.read() as connection:
        if not image_visible_to(connection, session.owner.id, sha256):
            raise NotFound("There is no picture {sha256!r}.", sha256=sha256[:64])


def _require_kept(session: RequestSession, sha256: str) -> None:
    with session.read() as connection:
        deleted = deleted_images(connection, [sha256])
    if deleted:
        raise DeletedByRetention(
            "The picture {sha256} was {deleted_words}.", sha256=sha256, deleted_words=deleted_words(deleted[sha256])
        )


def stored_picture(session: RequestSession, sha256: str) -> Response:
    """The answer with a stored picture that the asker may see. Raises DeletedByRetention, NotFound for a lost file."""
    _require_kept(session, sha256)
    return picture_answer(session.evidence.get_image(sha256))


def stored_thumbnail(session: RequestSession, sha256: str) -> Response:
    """The same in small; as its bytes came where they cannot be decoded."""
    _require_kept(session, sha256)
    made = session.installation.renditions.thumbnail(sha256)
    return stored_picture(session, sha256) if made is None else picture_answer(made)


def picture_answer(data: bytes) -> Response:
    """A picture's bytes as an answer, which never change under their address."""
    headers = {
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(data, media_type=_media_type(data), headers=headers)


def _media_type(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:12] == b"ftypavif":
        return "image/avif"
    return next((kind for signature, kind in _SIGNATURES if data.startswith(signature)), "application/octet-stream")
