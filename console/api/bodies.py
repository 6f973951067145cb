"""The responses that listings were read from, as evidence: handed out as files, never shown as pages."""

from fastapi import APIRouter, Response

from console.guards.access import needs
from console.output import deleted_words
from console.request import CurrentSession
from console.schemas.fields import PathSha256
from counterfoil.exceptions import DeletedByRetention, NotFound
from counterfoil.models import Role
from counterfoil.store.listings import body_visible_to

router = APIRouter(prefix="/api/v1/bodies", tags=["evidence"], dependencies=[needs(Role.VIEWER)])


@router.get(
    "/{sha256}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "The response's bytes."}},
)
def get_body(sha256: PathSha256, session: CurrentSession) -> Response:
    """A response body that one of the owner's listings was read from; 410 once retention has deleted it."""
    with session.read() as connection:
        version = body_visible_to(connection, session.owner.id, sha256)
    if version is None:
        raise NotFound("There is no response body {sha256}.", sha256=sha256)
    if version.body_deleted_at is not None:
        raise DeletedByRetention(
            "The response body {sha256} was {deleted_words}.",
            sha256=sha256,
            deleted_words=deleted_words(version.body_deleted_at),
        )
    headers = {
        "Cache-Control": "private, max-age=31536000, immutable",
        # Somebody else's page must not run as one of ours.
        "Content-Disposition": f'attachment; filename="{sha256}.body"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(session.evidence.get_body(sha256), media_type="application/octet-stream", headers=headers)
