"""The page of searching by picture: dropped, pasted or chosen, or one that is stored already."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from console.api.images import readable_picture
from console.guards.access import needs
from console.pictures import read_upload
from console.rendering import render
from console.request import CurrentSession
from console.search import PictureSearch, remark_on, suspects_by_picture
from console.session import RequestSession
from console.translation import gettext as _
from console.translation import worded
from console.web.pictures import ShownPicture, pictures_of
from console.wording import LONGEST_TITLE, shortened, verdict_word
from counterfoil.clock import now
from counterfoil.exceptions import InvalidInput, TooLarge, UnreadablePicture
from counterfoil.models import MatchDecision, Role
from counterfoil.store.images import note_searched_picture
from indexer.document import SuspectDocument
from indexer.loading import load_documents
from indexer.picture_search import FoundPicture

router = APIRouter(prefix="/picture-search", include_in_schema=False, dependencies=[needs(Role.VIEWER)])
# More pictures than these are a picture that everybody shows.
_SHOWN = 60
_SUSPECTS_EACH = 5


@router.get("", response_class=HTMLResponse)
def show_picture_search(
    session: CurrentSession, picture: Annotated[str, Query(pattern=r"^([0-9a-f]{64})?$")] = ""
) -> HTMLResponse:
    """The form; with the SHA-256 of a stored picture, what shows one like it."""
    if not picture:
        return HTMLResponse(render("picture_search.html", session, asked=None, error="", **_NOTHING))
    return _answer(session, readable_picture(session, picture), picture)


@router.post("", response_class=HTMLResponse)
def post_picture_search(session: CurrentSession, file: UploadFile) -> Response:
    """Take a picture (at most 20 MB), decode it under limits, and lead to the search, whose address answers again."""
    try:
        data = read_upload(file.filename, file.file).data
        sha256 = session.installation.decoder.sketch(data).fingerprint.image_sha256
    except (InvalidInput, TooLarge) as error:
        return _refused(session, worded(error))
    except UnreadablePicture as error:
        return _refused(session, _("This cannot be read as a picture: %(why)s.") % {"why": worded(error)})
    session.evidence.put_image(data)
    with session.write() as connection:
        note_searched_picture(connection, session.owner.id, sha256, len(data), now())
    return RedirectResponse(f"/picture-search?picture={sha256}", status_code=303)


_NOTHING: Mapping[str, Any] = {"groups": [], "remark": None, "image": None}


def _answer(session: RequestSession, data: bytes, sha256: str) -> HTMLResponse:
    try:
        found = suspects_by_picture(session, session.installation.decoder, data)
    except UnreadablePicture as error:
        return _refused(session, _("This cannot be read as a picture: %(why)s.") % {"why": worded(error)})
    shown = found.pictures[:_SHOWN]
    with session.read() as connection:
        ids = {one for picture in shown for one in picture.suspect_ids[:_SUSPECTS_EACH]}
        loaded = load_documents(connection, ids)
        pictures = pictures_of(connection, [*(one.sha256 for one in shown), sha256])
    suspects = {one.id: one for one in loaded if one.owner_id == session.owner.id}
    return HTMLResponse(
        render(
            "picture_search.html",
            session,
            asked=True,
            error="",
            image=pictures.get(sha256),
            remark=_remark(found),
            groups=_groups(shown, suspects, pictures),
        )
    )


def _refused(session: RequestSession, why: str) -> HTMLResponse:
    page = render("picture_search.html", session, asked=None, error=why, **_NOTHING)
    return HTMLResponse(page, status_code=422)


def _groups(
    shown: Sequence[FoundPicture], suspects: Mapping[int, SuspectDocument], pictures: Mapping[str, ShownPicture]
) -> list[tuple[str, list[dict[str, Any]]]]:
    """Those of each decision, the surest first."""
    titles = {
        MatchDecision.CONFIRMED: _("Confirmed: they show this picture"),
        MatchDecision.REVIEW: _("To be looked at: they may show it"),
        MatchDecision.UNVERIFIED: _("Unverified: the pictures are no longer stored, only their hashes speak for them"),
    }
    groups = [
        (title, [_row(one, suspects, pictures) for one in shown if one.decision is decision])
        for decision, title in titles.items()
    ]
    return [(title, rows) for title, rows in groups if rows]


def _row(
    one: FoundPicture, suspects: Mapping[int, SuspectDocument], pictures: Mapping[str, ShownPicture]
) -> dict[str, Any]:
    named = [suspects[suspect_id] for suspect_id in one.suspect_ids[:_SUSPECTS_EACH] if suspect_id in suspects]
    return {
        "image": pictures.get(one.sha256),
        "score": f"{one.score:.2f}",
        "suspects": [
            {
                "title": shortened(suspect.title, LONGEST_TITLE),
                "link": f"/suspects/{suspect.id}?picture={one.sha256}",
                "verdict": verdict_word(suspect.verdict) if suspect.verdict else None,
                "marketplace": suspect.marketplace,
            }
            for suspect in named
        ],
        "more": len(one.suspect_ids) - len(named),
        "all": f"/suspects/many?showing={one.sha256}",
    }


def _remark(found: PictureSearch) -> str | None:
    if not found.pictures and not found.too_plain:
        return _("No picture that your crawls have seen is like this one.")
    return remark_on(found)
