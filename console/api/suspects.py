"""Suspects for programs: search by words and by picture, one suspect as a whole, its verdicts and its evidence."""

from dataclasses import replace
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, UploadFile
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.responses import Response

from console.comparison import compare
from console.contract.creating import CurrentCreation, create
from console.contract.preconditions import IfMatch, require_match
from console.exports import ExportFormat, export, file_name
from console.guards.access import needs
from console.output import plain
from console.pictures import read_upload
from console.request import CurrentSession
from console.schemas.fields import PathId, Sha256
from console.schemas.judgement import (
    EvidenceShown,
    ExportSaid,
    FiltersSaid,
    FoundPage,
    SearchSaid,
    SnoozeSaid,
    SuspectRow,
    SuspectShown,
    VerdictSaid,
    VerdictShown,
)
from console.search import Filters, among, make_query, notice_of, remark_on, summary, suspects_by_picture
from console.session import RequestSession
from console.suspect_view import evidence_of, view_suspect
from counterfoil.clock import now
from counterfoil.exceptions import NotFound
from counterfoil.highlighting import find_spans
from counterfoil.models import Role, Suspect
from counterfoil.store import suspects as stored
from counterfoil.store.snoozes import snooze, wake
from indexer.query import Facet, SuspectQuery
from indexer.renditions import Comparison

router = APIRouter(prefix="/api/v1/suspects", tags=["suspects"], dependencies=[needs(Role.VIEWER)])

# Beside /api/v1/suspects/{suspect_id}, not below it, where a GET would be taken for a suspect of that name.
pictures = APIRouter(tags=["suspects"], dependencies=[needs(Role.VIEWER)])


@router.get("", response_model=FoundPage)
def search(session: CurrentSession, asked: Annotated[SearchSaid, Query()]) -> Response:
    """One page of the suspects that a search finds, with counts by brand, product, marketplace, seller, verdict.

    `title_marks` says where in the title the words stand; `histogram` counts by when they were first suspected.
    """
    return _found(session, _query(session, asked))


@pictures.post("/api/v1/picture-search", response_model=FoundPage)
def search_by_picture(session: CurrentSession, file: UploadFile, asked: Annotated[SearchSaid, Query()]) -> Response:
    """Suspects that show a picture like the one sent (at most 20 MB), restricted as any search; it is not kept."""
    picture = read_upload(file.filename, file.file)
    found = suspects_by_picture(session, session.installation.decoder, picture.data)
    return _found(session, among(_query(session, asked), found.suspect_ids), remark_on(found))


@pictures.get(
    "/api/v1/suspect-export",
    response_class=StreamingResponse,
    responses={200: {"content": {form.media_type: {} for form in ExportFormat}, "description": "The file's bytes."}},
)
def export_suspects(session: CurrentSession, asked: Annotated[ExportSaid, Query()]) -> StreamingResponse:
    """All that a search finds as a file, its first 100,000 suspects at most; no cell is ever a formula."""
    headers = {"Content-Disposition": f'attachment; filename="{file_name(asked.format, now())}"'}
    pieces = export(session.index, _query(session, asked), asked.format)
    return StreamingResponse(pieces, media_type=asked.format.media_type, headers=headers)


@router.get("/{suspect_id}", response_model=SuspectShown)
def get_suspect(session: CurrentSession, suspect_id: PathId) -> Response:
    """A suspect with its listing, version, assessments and verdicts. Its ETag names the suspect's revision."""
    with session.read() as connection:
        view = view_suspect(connection, session.owner.id, suspect_id)
    return JSONResponse(plain(view), headers={"ETag": _tag(view.suspect)})


@router.get("/{suspect_id}/verdicts")
def list_verdicts(session: CurrentSession, suspect_id: PathId) -> list[VerdictShown]:
    """The verdicts on a suspect, oldest first: they are only added to."""
    with session.read() as connection:
        stored.get_suspect(connection, session.owner.id, suspect_id)
        found = stored.list_verdicts(connection, session.owner.id, suspect_id)
    return [VerdictShown.model_validate(one) for one in found]


@router.post("/{suspect_id}/verdicts", status_code=201, response_model=VerdictShown, dependencies=[needs(Role.ANALYST)])
def create_verdict(
    session: CurrentSession,
    suspect_id: PathId,
    said: VerdictSaid,
    creation: CurrentCreation,
    if_match: IfMatch = None,
) -> Response:
    """Decide about a suspect's present version; 412 when it was judged or decided anew since it was shown."""

    def make(connection: sa.Connection) -> tuple[str, VerdictShown]:
        suspect = stored.get_suspect(connection, session.owner.id, suspect_id, lock=True)
        require_match(if_match, _tag(suspect))
        made = stored.add_verdict(
            connection,
            session.owner.id,
            suspect_id,
            said.kind,
            note=said.note or None,
            decided_by=session.person,
            now=now(),
        )
        return f"/api/v1/suspects/{suspect_id}/verdicts", VerdictShown.model_validate(made)

    return create(session, creation, "verdict.add", f"suspect {suspect_id}", make, kind=said.kind)


@router.post("/{suspect_id}/undo", dependencies=[needs(Role.ANALYST)])
def undo_verdict(session: CurrentSession, suspect_id: PathId, if_match: IfMatch = None) -> SuspectRow:
    """Take the last verdict back: the one before it, or none, counts again; 409 where there is none."""
    with session.act("verdict.undo", f"suspect {suspect_id}") as connection:
        require_match(if_match, _tag(stored.get_suspect(connection, session.owner.id, suspect_id, lock=True)))
        undone = stored.undo_verdict(connection, session.owner.id, suspect_id, now=now())
    return SuspectRow.model_validate(undone)


@router.post("/{suspect_id}/snooze", dependencies=[needs(Role.ANALYST)])
def snooze_suspect(
    session: CurrentSession, suspect_id: PathId, said: SnoozeSaid, if_match: IfMatch = None
) -> SuspectRow:
    """Put a suspect off until a time, or until its listing changes; it comes back by itself."""
    with session.act("suspect.snooze", f"suspect {suspect_id}", until=plain(said.until)) as connection:
        require_match(if_match, _tag(stored.get_suspect(connection, session.owner.id, suspect_id, lock=True)))
        found = snooze(connection, session.owner.id, suspect_id, said.until, now=now())
    return SuspectRow.model_validate(found)


@router.post("/{suspect_id}/wake", dependencies=[needs(Role.ANALYST)])
def wake_suspect(session: CurrentSession, suspect_id: PathId, if_match: IfMatch = None) -> SuspectRow:
    """Let a suspect that was put off wait for a decision again; 409 where it is not put off."""
    with session.act("suspect.wake", f"suspect {suspect_id}") as connection:
        require_match(if_match, _tag(stored.get_suspect(connection, session.owner.id, suspect_id, lock=True)))
        found = wake(connection, session.owner.id, suspect_id, now=now())
    return SuspectRow.model_validate(found)


@router.get("/{suspect_id}/evidence")
def list_evidence(session: CurrentSession, suspect_id: PathId) -> list[EvidenceShown]:
    """The stored files that a suspect rests on: the response its listing was read from, and the pictures."""
    with session.read() as connection:
        found = evidence_of(view_suspect(connection, session.owner.id, suspect_id))
    return [EvidenceShown.model_validate(one) for one in found]


@router.get(
    "/{suspect_id}/overlay",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "A picture."}},
)
def get_overlay(
    session: CurrentSession,
    suspect_id: PathId,
    picture: Annotated[Sha256 | None, Query(description="Of the listing; without it the best match's.")] = None,
    reference: Annotated[Sha256 | None, Query(description="Of the product; without it the best match's.")] = None,
    kind: Comparison = Comparison.ALIGNED,
) -> Response:
    """A picture of the listing brought into the frame of the reference that it shows, or where the two differ."""
    with session.read() as connection:
        view = view_suspect(connection, session.owner.id, suspect_id)
        found = compare(connection, session.owner.id, view, picture, reference)
    match = found.match
    if match is None or match.transform is None or found.picture is None or found.reference is None:
        raise NotFound("These two pictures cannot be laid over each other: no match says how one lies in the other.")
    data = session.installation.renditions.compare(found.picture, found.reference, match.transform, kind)
    headers = {"Cache-Control": "private, max-age=86400", "Content-Security-Policy": "default-src 'none'; sandbox"}
    return Response(data, media_type="image/jpeg", headers=headers)


def _tag(suspect: Suspect) -> str:
    # What a verdict must not overlook; that a crawl saw the same page once more is no change.
    return f'"{suspect.revision}"'


def _query(session: RequestSession, asked: FiltersSaid) -> SuspectQuery:
    said = asked.model_dump(exclude={"format"})
    asked_for = {name: said.pop(name) for name in ("sort", "limit", "cursor", "histogram") if name in said}
    return replace(make_query(session, Filters(**said)), **asked_for, facets=tuple(Facet))


def _found(session: RequestSession, query: SuspectQuery, remark: str | None = None) -> Response:
    page = session.index.search(query)
    answer: dict[str, Any] = {
        "suspects": [{**summary(one), "title_marks": _marks(one.title, query)} for one in page.suspects],
        "total": {"value": page.total.value, "exact": page.total.exact},
        "facets": {
            facet: {
                "values": [{"value": one.value, "label": one.label, "count": one.count} for one in counts.values],
                "exact": counts.exact,
            }
            for facet, counts in page.facets.items()
        },
        "histogram": plain(page.histogram),
        "next_cursor": page.next_cursor,
        "notice": " ".join(filter(None, (notice_of(page), remark))) or None,
    }
    return JSONResponse(plain(answer))


def _marks(text: str, query: SuspectQuery) -> list[tuple[int, int]]:
    return [(span.start, span.end) for span in find_spans(text, query.phrases or ())]
