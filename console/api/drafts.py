"""Drafts for programs: products or sellers read from an address or a file, looked at, and registered as chosen."""

from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Form, Query, UploadFile
from starlette.responses import Response

from console.api.images import stored_thumbnail
from console.contract.creating import Creation, CurrentCreation, create
from console.contract.pages import Cursor, Limit, Page, cursor_of, newest_page_of, position_of
from console.contract.preconditions import IfMatch, IfNoneMatch, answer_with_etag, etag_of, require_match
from console.drafts.choosing import Choice, all_offered, choose
from console.drafts.entries import DraftPicture, entries_of, require_picture
from console.drafts.files import reading_of_file
from console.drafts.making import Reading, add_reading, draft_of, read_on, reading_of_address, register_draft
from console.drafts.preview import PreviewedEntry, preview_draft
from console.drafts.sellers import authorise_draft, draft_sellers, read_sellers, rows_of
from console.guards.access import needs
from console.list_files import read_list, template_answer
from console.pictures import read_upload
from console.product_entries import BadEntry
from console.request import CurrentSession
from console.schemas.drafts import (
    AuthorisedShown,
    ChoiceSaid,
    ChoicesSaid,
    DraftEntriesShown,
    DraftEntryShown,
    DraftPictureShown,
    DraftProductShown,
    DraftSaid,
    DraftSellerShown,
    DraftShown,
    ListFormat,
    RowProblemShown,
)
from console.schemas.fields import Line200, PathId, PathSha256
from console.seller_entries import SellerEntry
from console.session import RequestSession
from counterfoil.clock import now
from counterfoil.models import Role
from counterfoil.store import drafts as stored
from counterfoil.store.drafts import Draft, DraftKind

router = APIRouter(prefix="/api/v1/drafts", tags=["drafts"], dependencies=[needs(Role.MANAGER)])

# Beside /api/v1/drafts/{draft_id}, not below it, where a GET would be taken for a draft of that name.
files = APIRouter(prefix="/api/v1", tags=["drafts"], dependencies=[needs(Role.MANAGER)])

_FIELDS = frozenset(DraftShown.model_fields) - {"under_way", "stopped"}
_Brand = Annotated[Line200 | None, Query(description="The brand of products that name none.")]


@router.get("")
def list_drafts(session: CurrentSession, cursor: Cursor = None, limit: Limit = 50) -> Page[DraftShown]:
    """The owner's drafts of the last seven days, newest first."""
    moment = now()
    with session.read() as connection:
        return newest_page_of(
            "drafts",
            cursor,
            limit,
            lambda before, most: [
                _shown(one, moment) for one in stored.list_drafts(connection, session.owner.id, most, before)
            ],
            DraftShown,
        )


@router.post("", status_code=201, response_model=DraftShown)
def create_draft(session: CurrentSession, said: DraftSaid, creation: CurrentCreation) -> Response:
    """Begin to read the products at an address: of one product, a list, or a shop (its first 250).

    Ask for the draft until it is no longer `under_way`; what cannot be read is `failed`, and `said` says why.
    """
    return _read(session, reading_of_address(session, said.address, said.brand), creation)


@files.post("/product-files", status_code=201, response_model=DraftShown)
def create_draft_of_products(
    session: CurrentSession,
    creation: CurrentCreation,
    file: UploadFile,
    pictures: list[UploadFile] | None = None,
    brand: Annotated[Line200 | None, Form()] = None,
) -> Response:
    """Check the rows of a CSV or XLSX file, and begin to fetch their pictures; `pictures` are those named by file name.

    At most 21 MB in all. A row that cannot be used is an entry with its problems.
    """
    name, data = read_list(file.filename, file.file)
    sent = [read_upload(one.filename, one.file) for one in pictures or [] if one.filename]
    asked = creation.also(f"{name}\0{brand}".encode()).also(data)
    for one in sent:
        asked = asked.also(one.source.encode()).also(one.data)
    return _read(session, reading_of_file(session, name, data, sent, brand), asked)


@files.post("/seller-files", status_code=201, response_model=DraftShown)
def create_draft_of_sellers(session: CurrentSession, creation: CurrentCreation, file: UploadFile) -> Response:
    """Check the rows of a CSV or XLSX file of sellers that the owner trusts; it is read at once."""
    name, data = read_list(file.filename, file.file)
    rows = read_sellers(session, name, data)

    def make(connection: sa.Connection) -> tuple[str, DraftShown]:
        draft = draft_sellers(connection, session, name, rows)
        return _address(draft), _shown(draft)

    return create(session, creation.also(name.encode()).also(data), "draft.read", name[:300], make)


@files.get("/list-template", response_class=Response)
def get_list_template(kind: DraftKind = DraftKind.PRODUCTS, format: ListFormat = ListFormat.CSV) -> Response:
    """A file of products or sellers to fill in, with a row that shows what belongs there."""
    return template_answer(kind, format)


@router.get("/{draft_id}", response_model=DraftShown)
def get_draft(session: CurrentSession, draft_id: PathId, if_none_match: IfNoneMatch = None) -> Response:
    """A draft: how far it is, and what is wrong with the whole."""
    return answer_with_etag(_shown(draft_of(session, draft_id, None)), if_none_match)


@router.get("/{draft_id}/entries")
def list_entries(
    session: CurrentSession, draft_id: PathId, brand: _Brand = None, cursor: Cursor = None, limit: Limit = 50
) -> DraftEntriesShown:
    """What a draft holds, in the order in which it was read; empty while it is being read."""
    draft = draft_of(session, draft_id, None)
    name, total = f"entries of draft {draft_id}", len(draft.entries)
    begin = position_of(name, cursor) or 0
    part = slice(begin, begin + limit)
    following = cursor_of(name, begin + limit) if begin + limit < total else None
    if draft.kind is DraftKind.SELLERS:
        rows = list(enumerate(rows_of(draft)))[part]
        items = [_seller(number, row) for number, row in rows]
        return DraftEntriesShown(items=items, next_cursor=following, brand=None, brand_needed=False, new_brands=[])
    preview = preview_draft(session, draft, entries_of(draft), brand, part)
    return DraftEntriesShown(
        items=[_product(one) for one in preview.entries],
        next_cursor=following,
        brand=preview.brand or None,
        brand_needed=preview.brand_needed,
        new_brands=list(preview.new_brands),
    )


@router.get("/{draft_id}/pictures/{sha256}", response_class=Response)
def get_draft_picture(session: CurrentSession, draft_id: PathId, sha256: PathSha256) -> Response:
    """A picture that was read into a draft, at most 256 pixels wide and high."""
    require_picture(draft_of(session, draft_id), sha256)
    return stored_thumbnail(session, sha256)


@router.post("/{draft_id}/register", status_code=202, response_model=DraftShown)
def register_entries(
    session: CurrentSession, draft_id: PathId, said: ChoicesSaid, if_match: IfMatch = None
) -> Response:
    """Begin to register products of a draft; what is registered comes from what was read, under the names chosen.

    Ask for the draft until it is no longer `under_way`: its entries then have a `product_id`, or say why they were
    `refused`. Registering the rest, or the same again, adds to what is there and doubles nothing.
    """
    draft = draft_of(session, draft_id)
    require_match(if_match, etag_of(_shown(draft)))
    read = entries_of(draft)
    choices = all_offered(read, draft.state) if said.entries is None else [_choice(one) for one in said.entries]
    register_draft(session, draft, choose(read, choices), said.brand or draft.brand)
    answer = answer_with_etag(_shown(draft_of(session, draft_id)))
    answer.status_code = 202
    return answer


@router.post("/{seller_draft_id}/authorise")
def authorise_entries(session: CurrentSession, seller_draft_id: PathId, if_match: IfMatch = None) -> AuthorisedShown:
    """Trust the sellers of a draft, all that can be or none, and forget it; their listings are judged again."""
    draft = draft_of(session, seller_draft_id, DraftKind.SELLERS)
    require_match(if_match, etag_of(_shown(draft)))
    return AuthorisedShown(added=authorise_draft(session, draft))


@router.delete("/{draft_id}", status_code=204, response_class=Response)
def discard_draft(session: CurrentSession, draft_id: PathId, if_match: IfMatch = None) -> None:
    """Forget what was read; what is registered of it stays, and whoever is reading it stops."""
    with session.act("draft.discard", f"draft {draft_id}") as connection:
        require_match(if_match, etag_of(_shown(stored.get_draft(connection, session.owner.id, draft_id))))
        stored.discard_draft(connection, session.owner.id, draft_id)


def _read(session: RequestSession, reading: Reading, creation: Creation) -> Response:
    """Begin a draft, and to read it once it is committed; asked again under its key, nothing is read again."""
    begun: list[Draft] = []

    def make(connection: sa.Connection) -> tuple[str, DraftShown]:
        begun.append(add_reading(connection, session, reading))
        return _address(begun[0]), _shown(begun[0])

    answer = create(session, creation, "draft.read", reading.source[:300], make)
    for draft in begun:
        read_on(session, draft, reading)
    return answer


def _address(draft: Draft) -> str:
    return f"/api/v1/drafts/{draft.id}"


def _shown(draft: Draft, moment: datetime | None = None) -> DraftShown:
    at = moment or now()
    kept = {name: getattr(draft, name) for name in _FIELDS}
    return DraftShown(**kept, under_way=draft.is_under_way(at), stopped=draft.has_stopped(at))


def _choice(said: ChoiceSaid) -> Choice:
    pictures = frozenset(said.pictures) if said.pictures is not None else None
    return Choice(number=said.number, name=said.name, pictures=pictures)


def _product(previewed: PreviewedEntry) -> DraftEntryShown:
    one = previewed.one
    return DraftEntryShown(
        number=previewed.number,
        place=one.place,
        name=one.name,
        product=DraftProductShown.model_validate(one.entry) if one.entry is not None else None,
        pictures=tuple(_picture(place, picture) for place, picture in enumerate(one.pictures)),
        problems=tuple(RowProblemShown.model_validate(problem) for problem in one.problems),
        offered=previewed.offered,
        known=previewed.known,
        taken=previewed.taken,
        product_id=one.product_id,
        refused=one.refused,
    )


def _picture(number: int, picture: DraftPicture) -> DraftPictureShown:
    return DraftPictureShown(
        number=number,
        source=picture.source,
        sha256=picture.sha256,
        width=picture.width,
        height=picture.height,
        informative=None if picture.sha256 is None else not picture.plain,
        chosen=picture.chosen,
        refused=picture.refused,
    )


def _seller(number: int, row: SellerEntry | BadEntry) -> DraftEntryShown:
    if isinstance(row, BadEntry):
        problems = tuple(RowProblemShown.model_validate(problem) for problem in row.problems)
        return DraftEntryShown(number=number, place=row.place, name=row.name, problems=problems, offered=False)
    seller = DraftSellerShown(marketplace=row.marketplace, seller_key=row.seller_id)
    return DraftEntryShown(number=number, place=row.place, name=row.name or "", seller=seller, offered=True)
