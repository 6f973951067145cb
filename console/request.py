"""What a request handler works with."""

from typing import Annotated

from fastapi import Depends, Request

from console.guards.access import CurrentSession, address_of, installation_of
from console.installation import Installation
from counterfoil.accounts import Visit

__all__ = ["ClientAddress", "CurrentInstallation", "CurrentSession", "CurrentVisit"]


def _visit(request: Request, _: CurrentSession) -> Visit | None:
    return getattr(request.state, "visit", None)


# For what comes before logging in.
CurrentInstallation = Annotated[Installation, Depends(installation_of)]
# The log-in of the browser that asks; None for a program with an API key.
CurrentVisit = Annotated[Visit | None, Depends(_visit)]
ClientAddress = Annotated[str | None, Depends(address_of)]
