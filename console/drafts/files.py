"""Reads a file of products into a draft: every row checked, its pictures fetched or taken from what was sent along."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from console.drafts.entries import DraftEntry, DraftPicture, from_row
from console.drafts.making import Reading
from console.drafts.pictures import keep_pictures
from console.drafts.shops import FoundProducts, Tell
from console.pictures import Picture, is_address, read_picture_at
from console.product_entries import Entry, Problem, entries_of_sheet
from console.registration import clean_brand
from console.session import Session
from console.sheets import read_sheet
from counterfoil.exceptions import AddressRefused, FetchFailed

_MOST_PICTURES = 20


def reading_of_file(session: Session, name: str, data: bytes, sent: Sequence[Picture], brand: str | None) -> Reading:
    """The reading of a file's products; `sent` are pictures that its rows may name by their files' names.

    Raises InvalidInput or TooLarge where the file as a whole cannot be read, which says what to do.
    """
    entries = [from_row(row) for row in entries_of_sheet(name, read_sheet(name, data))]
    checked = list(_without_doubles(entries, brand))
    by_name = {_file_name(one.source): one for one in sent}
    return Reading(source=name, brand=clean_brand(brand), find=partial(_with_pictures, session, checked, by_name))


def _with_pictures(
    session: Session, entries: Sequence[DraftEntry], sent: Mapping[str, Picture], tell: Tell
) -> FoundProducts:
    done = []
    for number, one in enumerate(entries, 1):
        if one.entry is not None and one.entry.pictures:
            got = [_picture(session, source, sent) for source in one.entry.pictures[:_MOST_PICTURES]]
            one = replace(one, pictures=keep_pictures(session, got))
        done.append(one)
        tell(number, len(entries))
    return FoundProducts(entries=tuple(done), brand=None)


def _picture(session: Session, source: str, sent: Mapping[str, Picture]) -> Picture | DraftPicture:
    # A path is never looked up here: it would be one of the server's.
    if not is_address(source):
        found = sent.get(_file_name(source))
        return found or _refused(source, "it is no address, and no such file was sent along: choose it beside the file")
    try:
        return read_picture_at(source, session.settings)
    except (FetchFailed, AddressRefused) as error:
        return _refused(source, str(error))


def _refused(source: str, why: str) -> DraftPicture:
    return DraftPicture(source=source, refused=why, chosen=False)


def _file_name(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).name.casefold()


def _without_doubles(entries: Sequence[DraftEntry], brand: str | None) -> Iterator[DraftEntry]:
    """A row that says again what an earlier one does is a mistake of one of the two: both are named."""
    skus: dict[str, str] = {}
    names: dict[tuple[str | None, str], str] = {}
    for one in entries:
        entry = one.entry
        if entry is None:
            yield one
            continue
        problems = []
        earlier = names.setdefault((entry.brand or brand, entry.name), one.place)
        if earlier != one.place:
            problems.append(Problem(column="name", said=f"{earlier} has the same name and brand: keep one of the two"))
        if entry.sku and (earlier := skus.setdefault(entry.sku, one.place)) != one.place:
            problems.append(Problem(column="sku", said=f"{earlier} has the same sku: each product needs its own"))
        yield _unusable(one, entry, problems) if problems else one


def _unusable(one: DraftEntry, entry: Entry, problems: Sequence[Problem]) -> DraftEntry:
    return DraftEntry(place=one.place, name=entry.name, problems=tuple(problems), chosen=False)
