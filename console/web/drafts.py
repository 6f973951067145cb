"""The pages that add products: from an address, a file or by hand, read into a draft that a person looks at first."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData
from starlette.responses import Response

from console.api.images import stored_thumbnail
from console.drafts.entries import DraftEntry, entries_of
from console.drafts.files import draft_file
from console.drafts.making import draft_address, draft_of, register_draft
from console.guards.access import MOST_FIELDS, needs
from console.pictures import read_upload
from console.registration import Registered, create_with_pictures
from console.rendering import render
from console.request import CurrentSession
from console.schemas.fields import PathId, PathSha256
from console.schemas.registry import ProductSaid
from console.session import RequestSession
from console.translation import gettext as _
from console.translation import worded
from console.web.files import read_list, template_answer
from console.web.forms import Messages, Wrong, price_said, read_said
from console.web.products import price_words
from counterfoil.clock import now
from counterfoil.exceptions import Conflict, InvalidInput, NotFound, TooLarge, UnreadablePicture
from counterfoil.models import Role
from counterfoil.store.brands import list_brands
from counterfoil.store.drafts import Draft, DraftKind, DraftState, discard_draft, list_open_drafts
from counterfoil.store.products import product_named, products_with_sku

router = APIRouter(prefix="/products", include_in_schema=False, dependencies=[needs(Role.MANAGER)])


@router.get("/new", response_class=HTMLResponse)
def show_new(session: CurrentSession) -> HTMLResponse:
    """The ways to add products: an address, a file, by hand."""
    return _new(session)


@router.post("/new/address", response_class=HTMLResponse)
def post_address(
    session: CurrentSession, address: Annotated[str, Form()] = "", brand: Annotated[str, Form()] = ""
) -> Response:
    """Read the products at a shop's or a product's address, and go on to what was read."""
    try:
        draft = draft_address(session, address, brand)
    except (InvalidInput, Conflict) as error:
        return _new(session, {"address": worded(error)}, {"address": address, "brand": brand})
    return RedirectResponse(f"/products/drafts/{draft.id}", status_code=303)


@router.post("/new/file", response_class=HTMLResponse)
def post_file(
    session: CurrentSession,
    file: UploadFile | None = None,
    pictures: list[UploadFile] | None = None,
    brand: Annotated[str, Form()] = "",
) -> Response:
    """Check the rows of a CSV or XLSX file, and go on to what was read."""
    try:
        name, data = read_list(file.filename if file else None, file.file if file else None)
        sent = [read_upload(one.filename, one.file) for one in pictures or [] if one.filename]
        draft = draft_file(session, name, data, sent, brand)
    except (InvalidInput, TooLarge, Conflict) as error:
        return _new(session, {"file": worded(error)}, {"brand": brand})
    return RedirectResponse(f"/products/drafts/{draft.id}", status_code=303)


@router.get("/new/template.csv", response_class=Response)
def get_csv_template() -> Response:
    """A CSV file of products to fill in."""
    return template_answer("products", "csv")


@router.get("/new/template.xlsx", response_class=Response)
def get_xlsx_template() -> Response:
    """An XLSX file of products to fill in."""
    return template_answer("products", "xlsx")


@dataclass(frozen=True, slots=True)
class _ByHand:
    """What the form by hand holds."""

    name: Annotated[str, Form()] = ""
    brand: Annotated[str, Form()] = ""
    sku: Annotated[str, Form()] = ""
    price_low: Annotated[str, Form()] = ""
    price_high: Annotated[str, Form()] = ""
    currency: Annotated[str, Form()] = ""

    def said(self) -> ProductSaid:
        """What was typed, checked. Raises Wrong."""
        if not self.brand.strip():
            raise Wrong({"brand": _("Write the brand.")})
        price = price_said(self.price_low, self.price_high, self.currency)
        # The brand is named and may be new: its id is not known yet.
        values = {"brand_id": 1, "name": self.name, "sku": self.sku.strip() or None, "price_range": price}
        return read_said(ProductSaid, values)


@router.post("/new/by-hand", response_class=HTMLResponse)
def post_by_hand(
    session: CurrentSession, said: Annotated[_ByHand, Depends()], files: list[UploadFile] | None = None
) -> Response:
    """Register one product with its pictures: whole, or not at all."""
    values = {name: getattr(said, name) for name in _ByHand.__slots__}
    try:
        made = _by_hand(session, said, files or [])
    except Wrong as wrong:
        return _new(session, wrong.fields, values)
    except (InvalidInput, Conflict, TooLarge, UnreadablePicture) as error:
        return _new(session, {"by_hand": worded(error)}, values)
    return RedirectResponse(f"/products/{made.product.id}" if made.product else "/products", status_code=303)


def _by_hand(session: RequestSession, said: _ByHand, files: list[UploadFile]) -> Registered:
    wanted = said.said()
    pictures = [read_upload(file.filename, file.file) for file in files if file.filename or file.size]
    return create_with_pictures(session, wanted, said.brand, pictures, session.installation.decoder.fingerprint)


@router.get("/drafts/{draft_id}", response_class=HTMLResponse)
def show_draft(session: CurrentSession, draft_id: PathId) -> HTMLResponse:
    """What was read, to be looked at and confirmed; how far it is, while it is being read or registered."""
    return _draft(session, draft_of(session, draft_id))


async def _sent(request: Request) -> FormData:
    # One list has more fields than forms usually may; how long the whole may be, BodyLimit says.
    return await request.form(max_fields=MOST_FIELDS)


@router.post("/drafts/{draft_id}/register", response_class=HTMLResponse)
def post_register(session: CurrentSession, draft_id: PathId, form: Annotated[FormData, Depends(_sent)]) -> Response:
    """Register what is ticked; what is registered comes from what we have read, never from what a browser sends."""
    draft = draft_of(session, draft_id)
    brand = str(form.get("brand", ""))
    entries = [_chosen(number, one, form) for number, one in enumerate(entries_of(draft))]
    try:
        register_draft(session, draft, entries, brand or draft.brand)
    except (InvalidInput, Conflict) as error:
        return _draft(session, draft, entries, brand, worded(error))
    return RedirectResponse(f"/products/drafts/{draft_id}", status_code=303)


@router.post("/drafts/{draft_id}/discard", response_class=HTMLResponse)
def post_discard(session: CurrentSession, draft_id: PathId) -> RedirectResponse:
    """Forget what was read; what is registered of it stays."""
    draft = draft_of(session, draft_id, None)
    with session.act("draft.discard", f"draft {draft_id}") as connection:
        discard_draft(connection, session.owner.id, draft_id)
    back = "/products" if draft.kind is DraftKind.PRODUCTS else "/authorised-sellers"
    return RedirectResponse(back, status_code=303)


@router.get("/drafts/{draft_id}/pictures/{sha256}", response_class=Response)
def get_picture(session: CurrentSession, draft_id: PathId, sha256: PathSha256) -> Response:
    """A picture that was read into a draft, in small."""
    entries = entries_of(draft_of(session, draft_id))
    if not any(picture.sha256 == sha256 for one in entries for picture in one.pictures):
        raise NotFound("There is no picture {sha256} in draft {draft_id}.", sha256=sha256, draft_id=draft_id)
    return stored_thumbnail(session, sha256)


def _chosen(number: int, one: DraftEntry, form: FormData) -> DraftEntry:
    """One entry with what the person has ticked and how they have named it; what is registered already stays so."""
    if not one.is_open or one.entry is None:
        return one
    name = " ".join(str(form.get(f"name-{number}", one.name)).split())
    if not name or len(name) > 300 or not name.isprintable():
        name = one.name
    ticked = set(form.getlist("picture"))
    pictures = tuple(
        replace(picture, chosen=f"{number}-{place}" in ticked) for place, picture in enumerate(one.pictures)
    )
    chosen = str(number) in form.getlist("chosen")
    return replace(one, name=name, entry=replace(one.entry, name=name), pictures=pictures, chosen=chosen)


def _new(
    session: RequestSession, wrong: dict[str, str] | None = None, values: dict[str, str] | None = None
) -> HTMLResponse:
    with session.read() as connection:
        brands = [one.name for one in list_brands(connection, session.owner.id)]
        drafts = list_open_drafts(connection, session.owner.id, DraftKind.PRODUCTS)
    page = render(
        "products_new.html",
        session,
        brands=brands,
        drafts=drafts,
        wrong=Messages(wrong or {}),
        values=Messages({"brand": brands[0] if len(brands) == 1 else "", **(values or {})}),
    )
    return HTMLResponse(page, status_code=422 if wrong else 200)


def _draft(
    session: RequestSession,
    draft: Draft,
    entries: list[DraftEntry] | None = None,
    brand: str | None = None,
    error: str | None = None,
) -> HTMLResponse:
    entries = entries_of(draft) if entries is None else entries
    with session.read() as connection:
        names = [one.name for one in list_brands(connection, session.owner.id)]
    chosen = brand or draft.brand or (names[0] if len(names) == 1 else "")
    page = render(
        "draft.html",
        session,
        draft=draft,
        under_way=draft.is_under_way(now()),
        stopped=draft.has_stopped(now()),
        reading=draft.state is DraftState.READING,
        refused=any(one.refused is not None for one in entries),
        registered=[one for one in entries if one.product_id is not None],
        rows=_rows(session, draft, entries, chosen),
        unusable=[one for one in entries if one.entry is None],
        brands=names,
        brand=chosen,
        brand_needed=any(one.is_open and one.entry is not None and one.entry.brand is None for one in entries),
        new_brands=_new_brands(entries, chosen, names),
        error=error,
    )
    return HTMLResponse(page, status_code=422 if error else 200)


def _rows(session: RequestSession, draft: Draft, entries: list[DraftEntry], brand: str) -> list[dict[str, Any]]:
    with session.read() as connection:
        brands = {one.name: one.id for one in list_brands(connection, session.owner.id)}
        skus = [one.entry.sku for one in entries if one.entry is not None and one.entry.sku]
        taken = products_with_sku(connection, session.owner.id, skus)
        rows = []
        for number, one in enumerate(entries):
            if not one.is_open or one.entry is None:
                continue
            brand_id = brands.get(one.entry.brand or brand)
            known = brand_id and product_named(connection, session.owner.id, brand_id, one.name)
            other = taken.get(one.entry.sku or "")
            rows.append(
                {
                    "number": number,
                    "one": one,
                    "price": price_words(one.entry),
                    "page": next(iter(one.entry.official_pages), None),
                    "known": bool(known),
                    "taken": other.name if other and (not known or other.id != known.id) else None,
                    "pictures": [(place, picture) for place, picture in enumerate(one.pictures)],
                    "chosen": (one.chosen and draft.state is not DraftState.REGISTERED) or one.refused is not None,
                }
            )
    return rows


def _new_brands(entries: list[DraftEntry], brand: str, known: list[str]) -> list[str]:
    """Brands that would be registered with the products: said before it happens, since they may be mistyped."""
    named = {one.entry.brand or brand for one in entries if one.is_open and one.entry is not None}
    return sorted(name for name in named if name and name not in known)
