"""Whether the process lives, and whether it can work. Asked by load balancers, which do not log in."""

import logging

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from console.guards.access import PUBLIC
from console.request import CurrentInstallation
from counterfoil.exceptions import CounterfoilError, IndexUnavailable
from counterfoil.store.outbox import outbox_size
from indexer.base import IndexState

log = logging.getLogger(__name__)

router = APIRouter(tags=["health"], dependencies=[PUBLIC])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(installation: CurrentInstallation) -> JSONResponse:
    """Database and index can be used; 503 with the one that cannot, and the reason in the log."""
    checks = {"database": "unavailable", "index": "unavailable"}
    try:
        with installation.store.read() as connection:
            outbox_size(connection)
        checks["database"] = "ok"
        state = installation.index.state()
        if state is not IndexState.READY:
            raise IndexUnavailable("The suspect index is {state}.", state=state)
        checks["index"] = "ok"
    except CounterfoilError as error:
        log.warning("not ready: %s", error)
        return JSONResponse({"status": "unavailable", **checks}, status_code=503)
    return JSONResponse({"status": "ok", **checks})
