"""The pages that add products: from an address, a file or by hand, read into a draft that a person looks at first."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData
from starlette.responses import Response

from console.api.images import stored_thumbnail
from console.drafts.choosing import Choice, choose, usable_name
from console.drafts.entries import DraftEntry, entries_of, require_picture
from console.drafts.files import reading_of_file
from console.drafts.making import (
    PATIENCE_SECONDS,
    begin_reading,
    draft_of,
    reading_of_address,
    register_draft,
)
from console.drafts.preview import PreviewedEntry, preview_draft
from console.guards.access import MOST_FIELDS, needs
from console.list_files import read_list, template_answer
from console.pictures import read_upload
from console.registration import Registered, create_with_pictures
from console.rendering import render
from console.request import CurrentSession
from console.schemas.fields import PathId, PathSha256
from console.schemas.registry import ProductSaid
from console.session import RequestSession
from console.translation import gettext as _
from console.translation import worded
from console.web.forms import Messages, Wrong, price_said, read_said
from console.web.products import price_words
from counterfoil.clock import now
from counterfoil.exceptions import Conflict, InvalidInput, TooLarge, UnreadablePicture
from counterfoil.models import Role
from counterfoil.store.brands import list_brands
from counterfoil.store.drafts import Draft, DraftKind, DraftState, discard_draft, list_open_drafts

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
        draft = begin_reading(session, reading_of_address(session, address, brand))
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
        draft = begin_reading(session, reading_of_file(session, name, data, sent, brand))
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
    read = entries_of(draft)
    entries = choose(read, [_choice(number, one, form) for number, one in enumerate(read) if one.is_open])
    try:
        register_draft(session, draft, entries, brand or draft.brand).wait(PATIENCE_SECONDS)
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
    require_picture(draft_of(session, draft_id), sha256)
    return stored_thumbnail(session, sha256)


def _choice(number: int, one: DraftEntry, form: FormData) -> Choice:
    """What the person has ticked of an entry, and how they have named it."""
    ticked = set(form.getlist("picture"))
    usable = (place for place, picture in enumerate(one.pictures) if picture.sha256 is not None)
    return Choice(
        number=number,
        name=usable_name(str(form.get(f"name-{number}", ""))),
        pictures=frozenset(place for place in usable if f"{number}-{place}" in ticked),
        chosen=str(number) in form.getlist("chosen"),
    )


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
    preview = preview_draft(session, draft, entries, brand)
    page = render(
        "draft.html",
        session,
        draft=draft,
        under_way=draft.is_under_way(now()),
        stopped=draft.has_stopped(now()),
        reading=draft.state is DraftState.READING,
        refused=any(one.refused is not None for one in entries),
        registered=[one for one in entries if one.product_id is not None],
        rows=[_row(one) for one in preview.entries if one.one.is_open],
        unusable=[one for one in entries if one.entry is None],
        brands=preview.brands,
        brand=preview.brand,
        brand_needed=preview.brand_needed,
        new_brands=preview.new_brands,
        error=error,
    )
    return HTMLResponse(page, status_code=422 if error else 200)


def _row(previewed: PreviewedEntry) -> dict[str, Any]:
    one = previewed.one
    return {
        "number": previewed.number,
        "one": one,
        "price": price_words(one.entry) if one.entry else "",
        "page": next(iter(one.entry.official_pages), None) if one.entry else None,
        "known": previewed.known,
        "taken": previewed.taken,
        "pictures": list(enumerate(one.pictures)),
        "chosen": previewed.offered,
    }
