"""The layer in front of the shop: strikes requests with the faults that are on, and takes orders while it runs."""

import json
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from counterfoil.exceptions import InvalidInput
from examples.marketplace.faults.answers import address_of
from examples.marketplace.faults.catalogue import FAULTS, checked
from examples.marketplace.faults.spec import Fault, kind_of, parse_fault

CONTROL = "/-/faults"


def read_faults(written: Sequence[str]) -> list[Fault]:
    """The faults that were asked for. Raises InvalidInput."""
    return [checked(parse_fault(text)) for text in written]


class FaultLayer:
    """Around the shop's application; the first fault that is named stands foremost.

    With `control`, `GET /-/faults` says what is on and how often each has struck, and `PUT` takes a JSON list of faults
    in place of those.
    """

    def __init__(self, app: ASGIApp, faults: Sequence[Fault], *, seed: int, control: bool) -> None:
        self._app = app
        self._seed = seed
        self._control = control
        self._switch(faults)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, rightly or not."""
        if self._control and scope["type"] == "http" and scope["path"] == CONTROL:
            answer = await self._ordered(Request(scope, receive))
            await answer(scope, receive, send)
            return
        app = self._app
        for fault in reversed(self._struck_by(scope)):
            app = FAULTS[fault.name].in_front_of(app, fault.value)
        await app(scope, receive, send)

    def _switch(self, faults: Sequence[Fault]) -> None:
        self._faults = list(faults)
        self._struck = [0] * len(self._faults)

    def _struck_by(self, scope: Scope) -> list[Fault]:
        if scope["type"] != "http":
            return []
        kind, address = kind_of(scope["path"]), address_of(scope)
        found = []
        for place, fault in enumerate(self._faults):
            meant = kind in (fault.kinds or FAULTS[fault.name].kinds) and fault.strikes(address, self._seed)
            if meant and (fault.times is None or self._struck[place] < fault.times):
                self._struck[place] += 1
                found.append(fault)
        return found

    async def _ordered(self, request: Request) -> Response:
        if request.method == "PUT":
            try:
                written = json.loads(await request.body())
                if not isinstance(written, list) or not all(isinstance(text, str) for text in written):
                    raise InvalidInput("Expected a JSON list of faults, each a string.")
                self._switch(read_faults(written))
            except (ValueError, InvalidInput) as error:
                return JSONResponse({"error": str(error)}, 400)
        elif request.method != "GET":
            return JSONResponse({"error": "GET says what is on, PUT changes it."}, 405)
        return JSONResponse({str(fault): struck for fault, struck in zip(self._faults, self._struck, strict=True)})
