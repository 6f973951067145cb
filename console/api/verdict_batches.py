"""One verdict about many suspects at once, for programs."""

import secrets
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Path
from starlette.responses import Response

from console.contract.creating import CurrentCreation, create
from console.guards.access import needs
from console.request import CurrentSession
from console.schemas.judgement import VerdictBatchSaid, VerdictBatchShown
from counterfoil.clock import now
from counterfoil.models import Role
from counterfoil.store import verdict_batches as stored

router = APIRouter(prefix="/api/v1/verdict-batches", tags=["suspects"], dependencies=[needs(Role.VIEWER)])
_analyst = [needs(Role.ANALYST)]

BatchId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@router.post("", status_code=201, response_model=VerdictBatchShown, dependencies=_analyst)
def create_verdict_batch(session: CurrentSession, said: VerdictBatchSaid, creation: CurrentCreation) -> Response:
    """Decide about up to 200 suspects at once; those that have changed since their revision are left and named."""
    owner_id, batch = session.owner.id, secrets.token_hex(16)

    def make(connection: sa.Connection) -> tuple[str, VerdictBatchShown]:
        left = stored.add_verdict_batch(
            connection,
            owner_id,
            batch,
            {one.id: one.revision for one in said.suspects},
            said.kind,
            note=said.note or None,
            decided_by=session.person,
            now=now(),
        )
        made = VerdictBatchShown.model_validate(stored.get_verdict_batch(connection, owner_id, batch))
        return f"/api/v1/verdict-batches/{batch}", made.model_copy(update={"left": list(left)})

    asked = [one.id for one in said.suspects]
    return create(session, creation, "verdict.add_many", f"batch {batch}", make, kind=said.kind, suspects=asked)


@router.get("/{batch_id}")
def get_verdict_batch(session: CurrentSession, batch_id: BatchId) -> VerdictBatchShown:
    """A verdict about many, and where it still stands."""
    with session.read() as connection:
        return VerdictBatchShown.model_validate(stored.get_verdict_batch(connection, session.owner.id, batch_id))


@router.post("/{batch_id}/undo", dependencies=_analyst)
def undo_verdict_batch(session: CurrentSession, batch_id: BatchId) -> VerdictBatchShown:
    """Take it back wherever it still stands; asking again changes nothing."""
    with session.act("verdict.undo_many", f"batch {batch_id}") as connection:
        stored.undo_verdict_batch(connection, session.owner.id, batch_id, now())
        return VerdictBatchShown.model_validate(stored.get_verdict_batch(connection, session.owner.id, batch_id))
