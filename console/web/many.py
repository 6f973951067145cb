"""One verdict about many suspects: first which they are, then what was decided, with one way back for all."""

import secrets
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse

from console.api.verdict_batches import BatchId
from console.guards.access import needs
from console.rendering import render
from console.request import CurrentSession
from console.session import RequestSession
from console.web.pictures import pictures_of
from console.web.searching import CurrentSearch
from console.wording import LONGEST_TITLE, shortened, verdict_choices, verdict_word
from counterfoil.clock import now
from counterfoil.exceptions import InvalidInput
from counterfoil.models import Role, VerdictKind
from counterfoil.rates import write_price
from counterfoil.store.suspects import suspects_of_seller, suspects_showing
from counterfoil.store.verdict_batches import (
    MOST_AT_ONCE,
    add_verdict_batch,
    get_verdict_batch,
    undo_verdict_batch,
)
from indexer.document import SuspectDocument
from indexer.loading import load_documents

router = APIRouter(prefix="/suspects/many", include_in_schema=False, dependencies=[needs(Role.VIEWER)])
_analyst = [needs(Role.ANALYST)]

_Id = Annotated[int, Query(ge=1, le=2**63 - 1)]


@router.get("", response_class=HTMLResponse)
def show_many(
    session: CurrentSession,
    asked: CurrentSearch,
    suspect: Annotated[list[_Id], Query(max_length=MOST_AT_ONCE)] = [],  # noqa: B006 - FastAPI copies it
    of_seller: _Id | None = None,
    showing: Annotated[str, Query(max_length=64)] = "",
) -> HTMLResponse:
    """Which suspects one verdict would be about: those selected, of one seller (`of_seller`), or with one picture."""
    owner_id = session.owner.id
    with session.read() as connection:
        ids = _wanted(connection, owner_id, suspect, of_seller, showing)
        found = [one for one in load_documents(connection, ids[:MOST_AT_ONCE]) if one.owner_id == owner_id]
    found.sort(key=lambda one: (-one.score, one.id))
    return HTMLResponse(
        render(
            "many.html",
            session,
            rows=_rows(session, found),
            is_cut=len(ids) > MOST_AT_ONCE,
            most=MOST_AT_ONCE,
            may_decide=session.actor.role.allows(Role.ANALYST),
            choices=verdict_choices(),
            to_list=asked.address("/suspects"),
            to_decide=asked.address("/suspects/many"),
        )
    )


@router.post("", response_class=HTMLResponse, dependencies=_analyst)
def post_many(
    session: CurrentSession,
    asked: CurrentSearch,
    kind: Annotated[VerdictKind, Form()],
    suspect: Annotated[list[str], Form(max_length=MOST_AT_ONCE)] = [],  # noqa: B006 - FastAPI copies it
    note: Annotated[str, Form(max_length=10_000)] = "",
) -> RedirectResponse:
    """Decide about those that were shown and are still so; each comes as `id:revision`."""
    revisions, batch = dict(map(_revision, suspect)), secrets.token_hex(16)
    detail: dict[str, Any] = {"kind": kind, "suspects": sorted(revisions)}
    with session.act("verdict.add_many", f"batch {batch}", **detail) as connection:
        left = add_verdict_batch(
            connection,
            session.owner.id,
            batch,
            revisions,
            kind,
            note=note.strip() or None,
            decided_by=session.person,
            now=now(),
        )
    more = {"left": ",".join(map(str, left))} if left else {}
    return RedirectResponse(asked.address(f"/suspects/many/{batch}", **more), status_code=303)


@router.get("/{batch_id}", response_class=HTMLResponse)
def show_batch(
    session: CurrentSession,
    asked: CurrentSearch,
    batch_id: BatchId,
    left: Annotated[str, Query(pattern=r"^[0-9,]*$", max_length=4_000)] = "",
) -> HTMLResponse:
    """What was decided about many, to be taken back at once; `left` are those that had changed."""
    owner_id = session.owner.id
    with session.read() as connection:
        batch = get_verdict_batch(connection, owner_id, batch_id)
        found = [one for one in load_documents(connection, batch.suspect_ids) if one.owner_id == owner_id]
    return HTMLResponse(
        render(
            "batch.html",
            session,
            batch=batch,
            verdict=verdict_word(batch.kind),
            rows=_rows(session, found),
            left=[(one, asked.address(f"/suspects/{one}")) for one in left.split(",") if one],
            may_decide=session.actor.role.allows(Role.ANALYST),
            to_list=asked.address("/suspects"),
            to_undo=asked.address(f"/suspects/many/{batch_id}/undo"),
        )
    )


@router.post("/{batch_id}/undo", response_class=HTMLResponse, dependencies=_analyst)
def post_batch_undo(session: CurrentSession, asked: CurrentSearch, batch_id: BatchId) -> RedirectResponse:
    """Take it back wherever it still stands; what somebody has decided about since stays."""
    with session.act("verdict.undo_many", f"batch {batch_id}") as connection:
        undo_verdict_batch(connection, session.owner.id, batch_id, now())
    return RedirectResponse(asked.address(f"/suspects/many/{batch_id}"), status_code=303)


def _wanted(
    connection: sa.Connection, owner_id: int, selected: list[int], seller_id: int | None, picture: str
) -> list[int]:
    # One more than can be decided about: it tells that there are more.
    if seller_id is not None:
        return suspects_of_seller(connection, owner_id, seller_id, MOST_AT_ONCE + 1)
    if picture:
        return suspects_showing(connection, owner_id, picture, MOST_AT_ONCE + 1)
    return list(dict.fromkeys(selected))


def _rows(session: RequestSession, found: list[SuspectDocument]) -> list[dict[str, Any]]:
    with session.read() as connection:
        pictures = pictures_of(connection, [one.image.sha256 for one in found if one.image and one.image.sha256])
    return [
        {
            "id": one.id,
            "value": f"{one.id}:{one.revision}",
            "title": shortened(one.title, LONGEST_TITLE),
            "image": pictures.get(one.image.sha256 or "") if one.image else None,
            "link": f"/suspects/{one.id}",
            "score": f"{one.score:.2f}",
            "verdict": verdict_word(one.verdict) if one.verdict else None,
            "facts": [
                fact
                for fact in (
                    write_price(one.price, one.currency),
                    (one.seller.name or one.seller.key) if one.seller else "",
                    one.marketplace,
                )
                if fact
            ],
        }
        for one in found
    ]


def _revision(text: str) -> tuple[int, int]:
    suspect_id, _, revision = text.partition(":")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in (suspect_id, revision)):
        raise InvalidInput("{text!r} is no suspect and its revision: go back, and choose them anew.", text=text[:40])
    return int(suspect_id), int(revision)
