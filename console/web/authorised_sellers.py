"""The page of the sellers that an owner trusts: listed, added one by one or from a file, removed, brought back."""

from typing import Annotated

from fastapi import APIRouter, Form, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from console.drafts.making import draft_of
from console.drafts.sellers import authorise_draft, draft_sellers, read_sellers, sellers_of
from console.guards.access import needs
from console.list_files import read_list, template_answer
from console.rendering import render
from console.request import CurrentSession
from console.schemas.fields import PathId
from console.schemas.registry import AuthorisedSellerSaid
from console.seller_entries import meant_seller
from console.session import RequestSession
from console.translation import gettext as _
from console.translation import worded
from console.web.forms import Messages, Wrong, read_said
from counterfoil.clock import now
from counterfoil.exceptions import InvalidInput, NotFound, TooLarge
from counterfoil.marketplaces import get_marketplace
from counterfoil.models import Role
from counterfoil.store import sellers as stored
from counterfoil.store.drafts import Draft, DraftKind, list_open_drafts

router = APIRouter(prefix="/authorised-sellers", include_in_schema=False, dependencies=[needs(Role.VIEWER)])
_manager = [needs(Role.MANAGER)]


@router.get("", response_class=HTMLResponse)
def list_authorised(session: CurrentSession, removed: int | None = None, added: int | None = None) -> HTMLResponse:
    """The page of authorised sellers, with the forms that add more."""
    return _list(session, removed=removed, added=added)


@router.post("", response_class=HTMLResponse, dependencies=_manager)
def post_authorised(
    session: CurrentSession,
    marketplace: Annotated[str, Form()] = "",
    seller: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
) -> Response:
    """Trust a seller, named by the marketplace's id, by name, or by the address of their page."""
    typed = {"marketplace": marketplace, "seller": seller, "name": name}
    try:
        values = {"marketplace": marketplace, "seller_key": seller, "name": name.strip() or None}
        said = read_said(AuthorisedSellerSaid, values)
        get_marketplace(session.marketplaces, said.marketplace)
        with session.act("seller.authorise", f"{said.seller_key} on {said.marketplace}") as connection:
            key, known_as = meant_seller(connection, session.owner.id, said.marketplace, said.seller_key)
            named = said.name or known_as
            new = stored.authorise_seller(connection, session.owner.id, said.marketplace, key, named, now())
    except Wrong as wrong:
        return _list(session, wrong=wrong.fields, typed=typed)
    except (InvalidInput, NotFound) as error:
        return _list(session, wrong={"seller_key": worded(error)}, typed=typed)
    return RedirectResponse(f"/authorised-sellers?added={int(new)}", status_code=303)


@router.post("/file", response_class=HTMLResponse, dependencies=_manager)
def post_file(session: CurrentSession, file: UploadFile | None = None) -> Response:
    """Check the rows of a CSV or XLSX file, and go on to what was read."""
    try:
        name, data = read_list(file.filename if file else None, file.file if file else None)
        rows = read_sellers(session, name, data)
        with session.act("draft.read", name[:300]) as connection:
            draft = draft_sellers(connection, session, name, rows)
    except (InvalidInput, TooLarge) as error:
        return _list(session, wrong={"file": worded(error)})
    return RedirectResponse(f"/authorised-sellers/drafts/{draft.id}", status_code=303)


@router.get("/template.csv", response_class=Response, dependencies=_manager)
def get_csv_template() -> Response:
    """A CSV file of sellers to fill in."""
    return template_answer("sellers", "csv")


@router.get("/template.xlsx", response_class=Response, dependencies=_manager)
def get_xlsx_template() -> Response:
    """An XLSX file of sellers to fill in."""
    return template_answer("sellers", "xlsx")


@router.get("/drafts/{seller_draft_id}", response_class=HTMLResponse, dependencies=_manager)
def show_draft(session: CurrentSession, seller_draft_id: PathId) -> HTMLResponse:
    """The sellers that were read, to be looked at and confirmed."""
    return _draft_page(session, draft_of(session, seller_draft_id, DraftKind.SELLERS))


@router.post("/drafts/{seller_draft_id}/register", response_class=HTMLResponse, dependencies=_manager)
def post_register(session: CurrentSession, seller_draft_id: PathId) -> Response:
    """Trust the sellers that were read, all or none."""
    draft = draft_of(session, seller_draft_id, DraftKind.SELLERS)
    try:
        added = authorise_draft(session, draft)
    except InvalidInput as error:
        return _draft_page(session, draft, worded(error))
    return RedirectResponse(f"/authorised-sellers?added={added}", status_code=303)


@router.post("/{authorised_id}/remove", response_class=HTMLResponse, dependencies=_manager)
def remove_authorised(session: CurrentSession, authorised_id: PathId) -> RedirectResponse:
    """Stop trusting a seller; the page that follows offers to undo it."""
    with session.act("seller.remove", f"authorised seller {authorised_id}") as connection:
        one = stored.get_authorised_seller(connection, session.owner.id, authorised_id)
        stored.remove_authorised_seller(connection, session.owner.id, one.marketplace, one.seller_key, now())
    return RedirectResponse(f"/authorised-sellers?removed={authorised_id}", status_code=303)


@router.post("/{authorised_id}/restore", response_class=HTMLResponse, dependencies=_manager)
def restore_authorised(session: CurrentSession, authorised_id: PathId) -> RedirectResponse:
    """Trust a seller again that was taken back."""
    with session.act("seller.restore", f"authorised seller {authorised_id}") as connection:
        stored.restore_authorised_seller(connection, session.owner.id, authorised_id, now())
    return RedirectResponse("/authorised-sellers", status_code=303)


def _draft_page(session: RequestSession, draft: Draft, error: str | None = None) -> HTMLResponse:
    good, unusable = sellers_of(draft)
    page = render("sellers_draft.html", session, draft=draft, good=good, unusable=unusable, error=error)
    return HTMLResponse(page, status_code=422 if error else 200)


def _list(
    session: RequestSession,
    *,
    removed: int | None = None,
    added: int | None = None,
    wrong: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> HTMLResponse:
    owner_id = session.owner.id
    with session.read() as connection:
        sellers = stored.list_authorised_sellers(connection, owner_id)
        gone = stored.find_removed_seller(connection, owner_id, removed) if removed is not None else None
        drafts = list_open_drafts(connection, owner_id, DraftKind.SELLERS)
    page = render(
        "authorised_sellers.html",
        session,
        sellers=sellers,
        removed=gone,
        notice=_added(added),
        drafts=drafts,
        marketplaces=sorted(session.marketplaces.values(), key=lambda one: one.title.casefold()),
        wrong=Messages(wrong or {}),
        typed=Messages(typed or {}),
        may_change=session.actor.role.allows(Role.MANAGER),
    )
    return HTMLResponse(page, status_code=422 if wrong else 200)


def _added(added: int | None) -> str | None:
    if added is None:
        return None
    if not added:
        return _("Authorised already: nothing was changed.")
    return _("Authorised; the listings are judged again, and are no suspects from then on.")
