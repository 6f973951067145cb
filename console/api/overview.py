"""What there is to know at a glance, for programs, and who asks."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.guards.access import needs
from console.overview import counts_of, looked_at, mark_seen, over_time
from console.request import CurrentSession
from console.schemas.fields import Moment
from console.schemas.monitoring import RunShown
from console.schemas.overview import AskerShown, FindingShown, OverviewShown, TimeStepShown, TroubleShown
from console.troubles import Examined, service_troubles, troubles_of
from counterfoil.clock import now
from counterfoil.models import Role
from counterfoil.store.history import open_runs

router = APIRouter(prefix="/api/v1", tags=["overview"], dependencies=[needs(Role.VIEWER)])
_MOST_RUNS = 200


@router.get("/overview")
def get_overview(request: Request, session: CurrentSession, since: Moment | None = None) -> OverviewShown:
    """What is new, waits, is under way or failed; without `since`, new since the account looked, or in the last day."""
    examined: Examined = request.app.state.examined
    with session.read() as connection:
        counts = counts_of(connection, session, since or looked_at(connection, session))
        running = open_runs(connection, session.owner.id, _MOST_RUNS)
        troubles = list(troubles_of(connection, session))
        steps = over_time(connection, session.owner.id, now())
    return OverviewShown(
        since=counts.since,
        new=counts.new,
        decided=counts.decided,
        undecided=counts.undecided,
        running=[RunShown.model_validate(one) for one in running],
        troubles=[TroubleShown.model_validate(one) for one in troubles],
        service=[FindingShown.model_validate(one) for one in service_troubles(session, examined)],
        over_time=[TimeStepShown.model_validate(one) for one in steps],
    )


@router.post("/seen", status_code=204, response_class=Response)
def mark_all_seen(session: CurrentSession) -> None:
    """Nothing that is there now is new any more, for the account that asks; 409 for an API key."""
    mark_seen(session)


@router.get("/me")
def get_asker(session: CurrentSession) -> AskerShown:
    """Who asks: by which name, for which owner, and in which role."""
    actor = session.actor
    return AskerShown(owner=session.owner.name, name=actor.name, channel=actor.channel, role=actor.role)
