"""Whether the process lives, and whether it can work."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from console.request import CurrentSession
from counterfoil.exceptions import CounterfoilError
from counterfoil.store.outbox import outbox_size

router = APIRouter(tags=["health"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(session: CurrentSession) -> JSONResponse:
    """Database and index can be used; 503 with the reason when not."""
    checks: dict[str, str] = {}
    try:
        with session.store.read() as connection:
            checks["outbox"] = str(outbox_size(connection))
        checks["database"] = "ok"
        session.index.check()
        checks["index"] = "ok"
    except CounterfoilError as error:
        return JSONResponse({"status": "unavailable", "detail": str(error), **checks}, status_code=503)
    return JSONResponse({"status": "ok", **checks})
