"""Prints what a declaration reads of pages, field by field, and holds it against what is expected."""

from collections.abc import Sequence
from pathlib import Path

import click

from console.declaration_cases import differences
from console.output import print_fields, print_table, say
from counterfoil.exceptions import DeclarationFails, InvalidInput
from counterfoil.marketplaces import Marketplace
from counterfoil.settings import Settings
from crawlers.addresses import is_of
from crawlers.archives import read_archive
from crawlers.reading import PageKind, ReadListing, ReadPage, read_page
from crawlers.reading.listing import FIELDS
from crawlers.recorded_pages import read_cases

_FIRST = 3
# What declarations may call a field that a listing calls otherwise.
_NAMES = {"seller_name": "seller", "image": "images"}


def check_files(marketplace: Marketplace, files: Sequence[Path], url: str | None, show_all: bool) -> None:
    """Print what is read of saved pages. Raises InvalidInput, or DeclarationFails where a page lacks a field."""
    if url is not None and len(files) != 1:
        raise InvalidInput("--url is the address of one page, and there are {number} files.", number=len(files))
    lacking = 0
    for path in files:
        for response in read_archive(path, warn=say, url=url):
            if "html" in response.media_type or "json" in response.media_type:
                if not is_of(marketplace, response.url):
                    say(f"{response.url[:200]} is not on {', '.join(marketplace.hosts)}: skipped")
                    continue
                click.echo(f"\n{path.name}  {response.url}")
                read = read_page(response.body, response.url, response.headers.get("content-type"), marketplace)
                lacking += print_read(read, marketplace, show_all=show_all)
    if lacking:
        raise DeclarationFails(
            "{lacking} listings lack a field that {name} declares as always there.",
            lacking=lacking,
            name=marketplace.name,
        )


def check_recorded(settings: Settings, marketplace: Marketplace) -> None:
    """Read the recorded pages again. Raises DeclarationFails where something is read otherwise than expected."""
    cases = list(read_cases(settings, marketplace))
    if not cases:
        raise InvalidInput(
            "No page of {name} was recorded: `counterfoil marketplace record URL --marketplace {name}`, or give "
            "saved pages.",
            name=marketplace.name,
        )
    failed = 0
    for case in cases:
        found = differences(case, marketplace)
        failed += bool(found)
        click.echo(f"{'differs' if found else 'as expected'}  {case.url or case.path.stem}")
        for line in found:
            click.echo(f"    {line}")
    if failed:
        raise DeclarationFails(
            "{failed} of {number} recorded pages of {name} are read otherwise.",
            failed=failed,
            number=len(cases),
            name=marketplace.name,
        )


def print_read(read: ReadPage, marketplace: Marketplace, *, show_all: bool) -> int:
    """Print a page as it was read; of how many listings a declared field is missing."""
    print_fields({"kind": read.kind, "listings": len(read.listings), "next page": read.next_page})
    lacking = 0
    for number, listing in enumerate(read.listings, 1):
        missing = _missing(listing, marketplace) if read.kind is PageKind.PRODUCT else []
        lacking += bool(missing)
        if show_all or number <= _FIRST:
            click.echo()
            rows = [*_rows(listing), *((name, "MISSING", "declared as always there") for name in missing)]
            print_table(["field", "value", "from"], rows, empty="")
    if not show_all and len(read.listings) > _FIRST:
        say(f"... and {len(read.listings) - _FIRST} more: --all shows them.")
    for warning in read.warnings:
        say(f"warning: {warning}")
    return lacking


def _rows(listing: ReadListing) -> list[tuple[str, str, str]]:
    values = ((name, getattr(listing, name)) for name in FIELDS)
    return [
        (name, _shown(value), listing.sources.get(name, "")) for name, value in values if value not in (None, "", ())
    ]


def _shown(value: object) -> str:
    text = f"{len(value)}: {value[0]}" if isinstance(value, tuple) else str(value)
    return text if len(text) <= 120 else text[:117] + "..."


def _missing(listing: ReadListing, marketplace: Marketplace) -> list[str]:
    required = [_NAMES.get(name, name) for name in marketplace.listing.required]
    return [name for name in required if name in FIELDS and not getattr(listing, name)]
