"""What a request handler works with."""

from typing import Annotated

from fastapi import Depends, Request

from console.session import Session


def _session(request: Request) -> Session:
    session: Session = request.app.state.session
    return session


CurrentSession = Annotated[Session, Depends(_session)]
