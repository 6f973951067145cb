"""Making something: 201 with its address and tag; under an Idempotency-Key, asking again makes nothing twice."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from console.contract.preconditions import etag_of, json_of
from console.session import RequestSession
from counterfoil.clock import now
from counterfoil.store.audit import add_audit_entry
from counterfoil.store.idempotency_keys import claim_key, keep_answer

_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class Creation:
    """That something is to be made: under which key, and a digest of all that was asked."""

    key: str | None
    digest: str

    def also(self, data: bytes) -> "Creation":
        """The same with an upload, which no digest of the request covers."""
        return Creation(self.key, hashlib.sha256(self.digest.encode() + data).hexdigest())


async def _creation(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=255,
            pattern=r"^[\x21-\x7e]+$",
            description="A text of your own for this one request: sent again within 24 hours, it makes nothing twice.",
            examples=["5f0c1a4e-0001"],
        ),
    ] = None,
) -> Creation:
    # A form has been read already, and cannot be read twice; what was uploaded, its route adds.
    is_form = request.headers.get("content-type", "").startswith(_FORMS)
    body = b"" if is_form else await request.body()
    asked = f"{request.method} {request.url.path}?{request.url.query}".encode()
    return Creation(idempotency_key, hashlib.sha256(asked + b"\0" + body).hexdigest())


CurrentCreation = Annotated[Creation, Depends(_creation)]


def create(
    session: RequestSession,
    creation: Creation,
    action: str,
    subject: str,
    make: Callable[[sa.Connection], tuple[str, BaseModel]],
    **detail: Any,
) -> JSONResponse:
    """Make it in one transaction with its line in the audit log; `make` gives its address and what is answered."""
    key = hashlib.sha256(
        "\0".join([str(session.owner.id), session.actor.channel, session.actor.name, str(creation.key)]).encode()
    ).hexdigest()
    with session.write() as connection:
        if creation.key is not None:
            kept = claim_key(connection, session.owner.id, key, creation.digest, now())
            if kept is not None:
                return _answer(kept, replayed=True)
        address, shown = make(connection)
        add_audit_entry(connection, session.owner.id, session.actor, action, subject, now(), detail)
        answer = {"address": address, "etag": etag_of(shown), "body": json_of(shown)}
        if creation.key is not None:
            keep_answer(connection, key, answer)
    return _answer(answer)


def _answer(answer: Mapping[str, Any], *, replayed: bool = False) -> JSONResponse:
    headers = {"Location": answer["address"], "ETag": answer["etag"]}
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    return JSONResponse(answer["body"], status_code=201, headers=headers)
