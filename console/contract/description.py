"""The description of the interface (OpenAPI 3.1): who may ask, and that every error is a problem detail."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from console.guards.access import needed_role
from console.schemas.problems import Problem, WrongField
from counterfoil.models import Role

_ABOUT = """\
Everything that the pages and the commands do, for programs. Send an API key as `Authorization: Bearer KEY`
(`counterfoil key add NAME --role ROLE`); each operation names the least role it takes.

Lists come in pages: send `next_cursor` as `cursor` for the next one. A change names what it is based on by `If-Match`
with the `ETag` that was answered, and is refused by 412 when somebody else was quicker. A create may carry an
`Idempotency-Key`: sent again within 24 hours it makes nothing twice. Errors are problem details (RFC 9457).
"""
_SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "counterfoil",
        "description": "A browser's session; changes also take its token as X-CSRF-Token.",
    },
}
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_ERRORS = {
    "4XX": {"description": "Refused: what is wrong, and what to do.", "content": _PROBLEM},
    "5XX": {"description": "Not possible now, or a mistake of ours.", "content": _PROBLEM},
}


def describe(app: FastAPI, routes: Sequence[APIRoute]) -> None:
    """Let the application describe itself so."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _description(app, routes)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _description(app: FastAPI, routes: Sequence[APIRoute]) -> dict[str, Any]:
    said = get_openapi(
        title=app.title, version=app.version, openapi_version=app.openapi_version, description=_ABOUT, routes=app.routes
    )
    components = said.setdefault("components", {})
    components["securitySchemes"] = _SCHEMES
    schemas = components.setdefault("schemas", {})
    for model in (Problem, WrongField):
        schemas[model.__name__] = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas[model.__name__].pop("$defs", None)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for route in routes:
        if route.include_in_schema:
            _describe_route(said["paths"][route.path], route)
    return said


def _describe_route(path: dict[str, Any], route: APIRoute) -> None:
    role = needed_role(route)
    for method in route.methods or ():
        operation = path[method.lower()]
        operation["responses"].pop("422", None)
        operation["responses"].update(_ERRORS)
        if role is not None:
            _demand(operation, role)


def _demand(operation: dict[str, Any], role: Role) -> None:
    operation["security"] = [{"key": []}, {"session": []}]
    operation["description"] = f"{operation.get('description', '')}\n\nTakes the role `{role}`."
    operation["x-role"] = str(role)
