"""Captured pages of suspects, from our own store only: what strangers wrote is to be saved, never to be run."""

from fastapi import APIRouter, Response

from console.guards.access import needs
from console.output import deleted_words
from console.request import CurrentSession
from console.schemas.fields import PathId
from counterfoil.exceptions import DeletedByRetention, NotFound
from counterfoil.models import CaptureRole, Role
from counterfoil.store.captures import get_capture

router = APIRouter(tags=["captures"], dependencies=[needs(Role.VIEWER)])

_ENDINGS = {CaptureRole.SCREENSHOT: "png", CaptureRole.PAGE: "html", CaptureRole.WARC: "warc.gz"}


@router.get(
    "/api/v1/captures/{capture_id}/{role}",
    response_class=Response,
    responses={200: {"content": {"*/*": {}}, "description": "The file's bytes, in its own type."}},
)
def get_capture_file(capture_id: PathId, role: CaptureRole, session: CurrentSession) -> Response:
    """A file of one of the owner's captures: `screenshot`, `page` or `warc`; 410 once retention has deleted it."""
    with session.read() as connection:
        capture = get_capture(connection, session.owner.id, capture_id)
    file = next((file for file in capture.files if file.role is role), None)
    if file is None:
        raise NotFound("Capture {capture_id} has no {role}.", capture_id=capture_id, role=role)
    if file.deleted_at is not None:
        raise DeletedByRetention(
            "The {role} of capture {capture_id} was {deleted_words}.",
            role=role,
            capture_id=capture_id,
            deleted_words=deleted_words(file.deleted_at),
        )
    disposition = "inline" if role is CaptureRole.SCREENSHOT else "attachment"
    headers = {
        "Cache-Control": "private, max-age=31536000, immutable",
        "Content-Disposition": f'{disposition}; filename="capture-{capture_id}.{_ENDINGS[role]}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(session.evidence.get_capture(file.sha256), media_type=file.media_type, headers=headers)
