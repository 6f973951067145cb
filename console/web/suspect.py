"""The page of one suspect: what was found beside what is yours, and the verdict, in the order of a search."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse

from console.guards.access import needs
from console.output import absence_words, capture_words, deleted_words, when
from console.rendering import render
from console.request import CurrentSession
from console.schemas.fields import PathId
from console.session import RequestSession
from console.suspect_view import SuspectView, view_suspect
from console.web.pictures import pictures_of
from console.web.searching import Asked, CurrentSearch
from counterfoil.clock import now
from counterfoil.models import Assessment, Capture, Match, Role, VerdictKind
from counterfoil.rates import write_amount
from counterfoil.store.products import reference_image_sha256
from counterfoil.store.suspects import add_verdict, undo_verdict

router = APIRouter(prefix="/suspects/{suspect_id}", include_in_schema=False, dependencies=[needs(Role.VIEWER)])
_analyst = [needs(Role.ANALYST)]
_VERDICTS = tuple(enumerate(VerdictKind, start=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Queue:
    """Where a suspect stands in the search that it was reached by: the addresses of its neighbours, where there are."""

    previous: str | None
    next: str | None


@router.get("", response_class=HTMLResponse)
def show_suspect(session: CurrentSession, suspect_id: PathId, asked: CurrentSearch) -> HTMLResponse:
    """The page of one suspect: its picture beside yours, the reasons, what the page says, the verdict to be given."""
    with session.read() as connection:
        view = view_suspect(connection, session.owner.id, suspect_id)
        match = _best_match(view.assessments)
        ours = reference_image_sha256(connection, session.owner.id, match.reference_image_id) if match else None
        shown = [image.sha256 for image in view.version.facts.images if image.sha256]
        theirs = match.image_sha256 if match else next(iter(shown), None)
        pictures = pictures_of(connection, [*shown, *filter(None, (ours, theirs))])
    path = f"/suspects/{suspect_id}"
    return HTMLResponse(
        render(
            "suspect.html",
            session,
            id=suspect_id,
            revision=view.suspect.revision,
            title=view.version.facts.title,
            facts=f"score {view.suspect.score:.2f}, {view.suspect.state}",
            address=view.version.facts.url,
            host=urlsplit(view.version.facts.url).hostname or "",
            listing_image=pictures.get(theirs or ""),
            reference_image=pictures.get(ours or ""),
            product=view.product_names.get(match.product_id, "") if match else "",
            other_images=[pictures[sha256] for sha256 in shown] if len(shown) > 1 else [],
            assessments=[_assessment(view, one) for one in view.assessments],
            fields=list(_fields(view)),
            seller_id=view.listing.seller_id,
            verdict=view.suspect.verdict,
            verdicts=[_verdict(one) for one in view.verdicts],
            captures=[_capture(one) for one in view.captures],
            may_decide=session.actor.role.allows(Role.ANALYST),
            choices=_VERDICTS,
            queue=_queue(session, asked, suspect_id),
            to_list=asked.address("/suspects"),
            to_decide=asked.address(f"{path}/verdict"),
            to_undo=asked.address(f"{path}/undo"),
        )
    )


@router.post("/verdict", response_class=HTMLResponse, dependencies=_analyst)
def post_verdict(
    session: CurrentSession,
    suspect_id: PathId,
    asked: CurrentSearch,
    kind: Annotated[VerdictKind, Form()],
    revision: Annotated[int, Form(ge=0, le=2**31 - 1)],
    note: Annotated[str, Form(max_length=10_000)] = "",
) -> RedirectResponse:
    """Decide about a suspect, and go on to the next of the search; 412 when it has changed since it was shown."""
    following = _queue(session, asked, suspect_id).next
    with session.act("verdict.add", f"suspect {suspect_id}", kind=kind) as connection:
        add_verdict(
            connection,
            session.owner.id,
            suspect_id,
            kind,
            note=note.strip() or None,
            decided_by=session.person,
            expected_revision=revision,
            now=now(),
        )
    return RedirectResponse(following or asked.address("/suspects"), status_code=303)


@router.post("/undo", response_class=HTMLResponse, dependencies=_analyst)
def post_undo(
    session: CurrentSession,
    suspect_id: PathId,
    asked: CurrentSearch,
    revision: Annotated[int, Form(ge=0, le=2**31 - 1)],
) -> RedirectResponse:
    """Take the last verdict back, and show the suspect again; 412 when it has changed since it was shown."""
    with session.act("verdict.undo", f"suspect {suspect_id}") as connection:
        undo_verdict(connection, session.owner.id, suspect_id, expected_revision=revision, now=now())
    return RedirectResponse(asked.address(f"/suspects/{suspect_id}"), status_code=303)


def _queue(session: RequestSession, asked: Asked, suspect_id: int) -> _Queue:
    """Its neighbours on the page of the list where it stands, and beyond that page's end."""
    page = session.index.search(asked.query(session))
    ids = [one.id for one in page.suspects]
    if suspect_id not in ids:
        # Decided, and so no longer what was searched for; whatever is first now is next.
        return _Queue(previous=None, next=asked.address(f"/suspects/{ids[0]}") if ids else None)
    place = ids.index(suspect_id)
    previous = asked.address(f"/suspects/{ids[place - 1]}") if place else None
    if place + 1 < len(ids):
        return _Queue(previous=previous, next=asked.address(f"/suspects/{ids[place + 1]}"))
    if page.next_cursor is None:
        return _Queue(previous=previous, next=None)
    beyond = replace(asked, cursor=page.next_cursor)
    first = next((one.id for one in session.index.search(beyond.query(session)).suspects), None)
    return _Queue(previous=previous, next=beyond.address(f"/suspects/{first}") if first is not None else None)


def _best_match(assessments: Iterable[Assessment]) -> Match | None:
    matches = [match for assessment in assessments for match in assessment.matches]
    return max(matches, key=lambda match: match.score, default=None)


def _assessment(view: SuspectView, one: Assessment) -> dict[str, Any]:
    return {
        "product": view.product_names.get(one.product_id, "a product that was removed"),
        "score": f"{one.score.value:.2f}",
        "reasons": [{"weight": f"{reason.weight:.2f}", "text": reason.text} for reason in one.score.reasons],
    }


def _fields(view: SuspectView) -> Iterator[tuple[str, str]]:
    facts = view.version.facts
    price = f"{write_amount(facts.price)} {facts.currency or '(no currency)'}" if facts.price is not None else None
    values = {
        "Price": price,
        "Seller": (facts.seller.name or facts.seller.key) if facts.seller else None,
        "Ships from": facts.ships_from,
        "Condition": facts.condition,
        "Availability": facts.availability,
        "Category": facts.category,
        "Marketplace": view.listing.marketplace,
        "First seen": when(view.listing.first_seen_at),
        "Last seen": when(view.listing.last_seen_at),
        "Absent": absence_words(view.absence) if view.absence else None,
        "Version": f"{view.version.number}, read {when(view.version.captured_at)}",
        "Description": facts.description,
    }
    yield from ((name, value) for name, value in values.items() if value)


def _capture(one: Capture) -> dict[str, Any]:
    """A capture in words, with links to those of its files that are still there."""
    files = {file.role: file for file in one.files}
    deleted = next((file.deleted_at for file in one.files if file.deleted_at), None)
    return {
        "words": capture_words(one),
        "detail": one.detail,
        "deleted": deleted_words(deleted) if deleted else None,
        "links": {role: f"/api/v1/captures/{one.id}/{role}" for role, file in files.items() if not file.deleted_at},
    }


def _verdict(one: Any) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "by": one.decided_by,
        "at": when(one.decided_at),
        "iso": one.decided_at.isoformat(),
        "note": one.note,
        "undone": when(one.undone_at) or None,
    }
