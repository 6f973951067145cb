"""The pages of brands: the list, and one brand with its spellings and its rights."""

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from console.contract.preconditions import etag_of, require_match
from console.guards.access import needs
from console.rendering import render
from console.request import CurrentSession
from console.schemas.fields import PathId
from console.schemas.registry import BrandSaid, BrandShown, RightSaid
from console.session import RequestSession
from console.translation import worded
from console.web.forms import Messages, Wrong, lines_of, read_said
from counterfoil.clock import now
from counterfoil.exceptions import Conflict, Outdated
from counterfoil.models import RightKind, Role
from counterfoil.store import brands as stored
from counterfoil.store.owners import hold_owner
from counterfoil.store.products import count_products

router = APIRouter(prefix="/brands", include_in_schema=False, dependencies=[needs(Role.VIEWER)])
_manager = [needs(Role.MANAGER)]
_Text = Annotated[str, Form()]


@router.get("", response_class=HTMLResponse)
def list_brands(session: CurrentSession, removed: int | None = None) -> HTMLResponse:
    """The page of brands, with the form that adds one."""
    return _list(session, removed=removed)


@router.post("", response_class=HTMLResponse, dependencies=_manager)
def post_brand(session: CurrentSession, name: _Text = "", aliases: _Text = "") -> Response:
    """Register a brand."""
    try:
        said = read_said(BrandSaid, {"name": name, "aliases": lines_of(aliases)})
        with session.act("brand.add", said.name) as connection:
            made = stored.create_brand(connection, session.owner.id, said.name, said.aliases, now())
    except Wrong as wrong:
        return _list(session, wrong=wrong.fields, name=name, aliases=aliases)
    except Conflict as error:
        return _list(session, wrong={"name": worded(error)}, name=name, aliases=aliases)
    return RedirectResponse(f"/brands/{made.id}", status_code=303)


@router.get("/{brand_id}", response_class=HTMLResponse)
def show_brand(session: CurrentSession, brand_id: PathId) -> HTMLResponse:
    """The page of one brand: its name and spellings, its rights."""
    return _page(session, brand_id)


@router.post("/{brand_id}", response_class=HTMLResponse, dependencies=_manager)
def change_brand(
    session: CurrentSession, brand_id: PathId, name: _Text = "", aliases: _Text = "", based_on: _Text = ""
) -> Response:
    """Change a brand's name or spellings; past listings are judged again."""
    typed = {"name": name, "aliases": aliases}
    with session.read() as connection:
        stored.get_brand_by_id(connection, session.owner.id, brand_id)
    try:
        said = read_said(BrandSaid, {"name": name, "aliases": lines_of(aliases)})
        with session.act("brand.change", f"brand {brand_id}") as connection:
            hold_owner(connection, session.owner.id)
            require_match(based_on, etag_of(_shown(connection, session.owner.id, brand_id)))
            stored.update_brand(connection, session.owner.id, brand_id, said.name, said.aliases, now())
    except Outdated:
        raise
    except Wrong as wrong:
        return _page(session, brand_id, wrong=wrong.fields, typed=typed, based_on=based_on)
    except Conflict as error:
        return _page(session, brand_id, wrong={"name": worded(error)}, typed=typed, based_on=based_on)
    return RedirectResponse(f"/brands/{brand_id}", status_code=303)


@router.post("/{brand_id}/remove", response_class=HTMLResponse, dependencies=_manager)
def remove_brand(session: CurrentSession, brand_id: PathId) -> Response:
    """Take a brand back with its rights; refused while it has products."""
    try:
        with session.act("brand.remove", f"brand {brand_id}") as connection:
            one = stored.get_brand_by_id(connection, session.owner.id, brand_id)
            stored.remove_brand(connection, session.owner.id, one.name, now())
    except Conflict as error:
        return _page(session, brand_id, wrong={"": worded(error)})
    return RedirectResponse(f"/brands?removed={brand_id}", status_code=303)


@router.post("/{brand_id}/restore", response_class=HTMLResponse, dependencies=_manager)
def restore_brand(session: CurrentSession, brand_id: PathId) -> RedirectResponse:
    """Undo the removal of a brand, with the rights that went with it."""
    with session.act("brand.restore", f"brand {brand_id}") as connection:
        stored.restore_brand(connection, session.owner.id, brand_id, now())
    return RedirectResponse(f"/brands/{brand_id}", status_code=303)


@router.post("/{brand_id}/rights", response_class=HTMLResponse, dependencies=_manager)
def post_right(
    session: CurrentSession,
    brand_id: PathId,
    kind: _Text = "",
    number: _Text = "",
    jurisdiction: _Text = "",
    classes: _Text = "",
) -> Response:
    """Register a right of a brand."""
    typed = {"kind": kind, "number": number, "jurisdiction": jurisdiction, "classes": classes}
    parts = [part.strip() for part in classes.replace(";", ",").split(",") if part.strip()]
    with session.read() as connection:
        stored.get_brand_by_id(connection, session.owner.id, brand_id)
    try:
        said = read_said(RightSaid, {**typed, "brand_id": brand_id, "classes": parts})
        with session.act("right.add", f"{said.kind} {said.number} ({said.jurisdiction})") as connection:
            stored.create_right(connection, session.owner.id, **said.model_dump(), now=now())
    except Wrong as wrong:
        return _page(session, brand_id, wrong=wrong.fields, typed=typed)
    except Conflict as error:
        return _page(session, brand_id, wrong={"number": worded(error)}, typed=typed)
    return RedirectResponse(f"/brands/{brand_id}#rights", status_code=303)


@router.post("/{brand_id}/rights/{right_id}/remove", response_class=HTMLResponse, dependencies=_manager)
def remove_right(session: CurrentSession, brand_id: PathId, right_id: PathId) -> RedirectResponse:
    """Take a right back."""
    with session.act("right.remove", f"right {right_id}") as connection:
        stored.get_brand_by_id(connection, session.owner.id, brand_id)
        stored.remove_right(connection, session.owner.id, right_id, now())
    return RedirectResponse(f"/brands/{brand_id}#rights", status_code=303)


def _list(
    session: RequestSession,
    *,
    removed: int | None = None,
    wrong: dict[str, str] | None = None,
    name: str = "",
    aliases: str = "",
) -> HTMLResponse:
    with session.read() as connection:
        brands = stored.list_brands(connection, session.owner.id)
        rights = stored.list_rights(connection, session.owner.id)
        counts = count_products(connection, session.owner.id)
        gone = stored.find_removed_brand(connection, session.owner.id, removed) if removed is not None else None
    page = render(
        "brands.html",
        session,
        brands=brands,
        counts=counts,
        rights={one.id: [right for right in rights if right.brand_id == one.id] for one in brands},
        removed=gone,
        wrong=Messages(wrong or {}),
        name=name,
        aliases=aliases,
        may_change=session.actor.role.allows(Role.MANAGER),
    )
    return HTMLResponse(page, status_code=422 if wrong else 200)


def _page(
    session: RequestSession,
    brand_id: int,
    *,
    wrong: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
    based_on: str | None = None,
) -> HTMLResponse:
    with session.read() as connection:
        shown = _shown(connection, session.owner.id, brand_id)
        rights = [one for one in stored.list_rights(connection, session.owner.id) if one.brand_id == brand_id]
        count = count_products(connection, session.owner.id).get(brand_id, 0)
    before = {"name": shown.name, "aliases": "\n".join(shown.aliases), "kind": "trademark"}
    page = render(
        "brand.html",
        session,
        one=shown,
        count=count,
        rights=rights,
        kinds=list(RightKind),
        typed=Messages(before | (typed or {})),
        based_on=based_on or etag_of(shown),
        wrong=Messages(wrong or {}),
        may_change=session.actor.role.allows(Role.MANAGER),
    )
    return HTMLResponse(page, status_code=422 if wrong else 200)


def _shown(connection: sa.Connection, owner_id: int, brand_id: int) -> BrandShown:
    return BrandShown.model_validate(stored.get_brand_by_id(connection, owner_id, brand_id))
