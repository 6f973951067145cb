"""Listings whose addresses somebody knows, to be looked at without a search; and past ones, to be judged again."""

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.responses import Response

from console.checking import recognise
from console.contract.creating import CurrentCreation, create
from console.guards.access import needs
from console.request import CurrentSession
from console.schemas.monitoring import CheckSaid, CheckShown, ReassessmentSaid, RunShown
from counterfoil.clock import now
from counterfoil.models import Role
from counterfoil.store.products import get_product
from counterfoil.store.reassessments import request_reassessment
from counterfoil.store.runs import get_run
from scheduler.by_hand import check_addresses

router = APIRouter(prefix="/api/v1", tags=["checks"], dependencies=[needs(Role.MANAGER)])


@router.post("/checks", status_code=201, response_model=CheckShown)
def create_check(session: CurrentSession, said: CheckSaid, creation: CurrentCreation) -> Response:
    """Have listings looked at whose addresses are known, by a run of its own; what is none is named as skipped."""
    found, strange = recognise(session, said.addresses)

    def make(connection: sa.Connection) -> tuple[str, CheckShown]:
        run = get_run(connection, session.owner.id, check_addresses(connection, session.owner.id, found))
        return f"/api/v1/runs/{run.id}", CheckShown(run=RunShown.model_validate(run), skipped=strange)

    return create(session, creation, "check", f"{len(found)} addresses", make)


@router.post("/reassessments", status_code=202, response_class=Response)
def create_reassessment(session: CurrentSession, said: ReassessmentSaid) -> None:
    """Have past listings judged again from kept fingerprints, without a crawl; the service does it by and by.

    Asked again before it has begun, it is done once.
    """
    cause = f"product {said.product_id}" if said.product_id is not None else "asked for"
    with session.act("suspect.reassess", cause) as connection:
        if said.product_id is not None:
            get_product(connection, session.owner.id, said.product_id)
        request_reassessment(connection, session.owner.id, said.product_id, cause, now())
