"""ETag, If-None-Match and If-Match (RFC 9110, 13): nothing that somebody else has changed is overwritten unseen."""

import hashlib
import json
from typing import Annotated, Any

from fastapi import Header
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from counterfoil.exceptions import Outdated

IfMatch = Annotated[
    str | None,
    Header(
        max_length=1_000,
        description="The ETag of what the change is based on; `*` changes it whatever it is. Without it: 428.",
        examples=["*"],
    ),
]
IfNoneMatch = Annotated[
    str | None, Header(max_length=1_000, description="ETags of what is known already: unchanged, the answer is 304.")
]


def etag_of(shown: BaseModel) -> str:
    """The entity tag of what is answered: changes exactly when the answer does."""
    text = json.dumps(shown.model_dump(mode="json"), sort_keys=True)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def answer_with_etag(shown: BaseModel, if_none_match: str | None = None) -> Response:
    """What is answered, with its entity tag; 304 without it where the asker has it."""
    etag = etag_of(shown)
    headers = {"ETag": etag}
    if if_none_match is not None and ("*" in _tags(if_none_match) or etag in _tags(if_none_match)):
        return Response(status_code=304, headers=headers)
    return JSONResponse(shown.model_dump(mode="json"), headers=headers)


def require_match(if_match: str | None, present: str) -> None:
    """Raise Outdated unless the present tag is the one that the change is based on; 428 when it does not say which.

    Called in the transaction that makes the change, once nobody else can.
    """
    if if_match is None:
        raise HTTPException(428, "Send If-Match with the ETag of what you saw, so that nobody's change is overwritten.")
    if "*" not in _tags(if_match) and present not in _tags(if_match):
        raise Outdated("Somebody has changed it since you saw it: look at it again. Nothing was overwritten.")


def _tags(header: str) -> frozenset[str]:
    # A weak tag never matches If-Match, and ours are strong: W/"..." stays as it is and equals none of them.
    return frozenset(part.strip() for part in header.split(","))


def json_of(shown: BaseModel) -> dict[str, Any]:
    """What is answered, as JSON values."""
    return shown.model_dump(mode="json")
