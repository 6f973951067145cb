"""What strangers may write into titles, sellers, file names, notes: every page shows it, and none does what it says."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from hostile import payloads
from playwright.sync_api import Page
from sample import Visit, filled, page_routes, pages, visiting

from counterfoil.clock import now
from counterfoil.store import tables
from indexer.rebuild import rebuild

pytestmark = pytest.mark.xdist_group("pages")

TEXTS = list(payloads())


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    """The sample, and beside each of its rows one for every hostile text."""
    with visiting(tmp_path_factory.mktemp("hostile") / "data") as found:
        spread(found)
        yield found


def spread(visit: Visit) -> None:
    """Write every text wherever a stranger, or a person of the owner's, could have written it."""
    store = visit.sample.installation.store
    with store.write() as connection:
        images = [f"{number:064x}" for number in range(len(TEXTS))]
        gone = {"size": 1, "stored_at": now(), "deleted_at": now()}
        connection.execute(tables.images.insert(), [{"sha256": sha256, **gone} for sha256 in images])
        for table, changes in (
            (tables.brands, {"name": 200}),
            (tables.products, {"name": 300}),
            (tables.authorised_sellers, {"seller_key": 300, "name": 300}),
            (tables.sellers, {"seller_key": 300, "name": 10_000, "url": 10_000}),
            (tables.monitors, {"name": 200}),
            (tables.audit_entries, {"subject": 300, "actor": 200}),
            (tables.accounts, {"name": 200}),
            (tables.api_keys, {"name": 200, "prefix": 16}),
        ):
            copy(connection, table, changes)
        copy(connection, tables.reference_images, {"source": 10_000}, image_sha256=images)
        copy(connection, tables.verdicts, {"note": 10_000, "decided_by": 200})
        listings = copy(connection, tables.listings, {"listing_key": 1_000, "url": 10_000})
        said = dict.fromkeys(("availability", "condition", "ships_from", "category"), 100)
        said |= dict.fromkeys(("title", "description", "url"), 10_000)
        versions = copy(connection, tables.listing_versions, said, listing_id=listings)
        copy(connection, tables.listing_images, {"url": 10_000, "error": 10_000}, listing_version_id=versions)
        seen = {"listing_id": listings, "listing_version_id": versions}
        copy(connection, tables.inspections, {"error": 10_000}, **seen)
        suspects = copy(connection, tables.suspects, {}, **seen)
        reasons = [[{"kind": "image_copy", "weight": 0.8, "text": text, "evidence": {text: text}}] for text in TEXTS]
        of = {"suspect_id": suspects, "listing_version_id": versions}
        copy(connection, tables.assessments, {}, reasons=reasons, **of)
        copy(connection, tables.captures, {"detail": 10_000}, **of)
        run_ids = copy(connection, tables.runs, {}, monitor_id=[None] * len(TEXTS))
        copy(connection, tables.crawls, {"detail": 10_000}, run_id=run_ids, queries=[[text] for text in TEXTS])
        connection.execute(tables.crawls.update().where(tables.crawls.c.id == 1).values(detail=TEXTS[0], queries=TEXTS))
    rebuild(store, visit.sample.session.bare_index)


def copy(connection: sa.Connection, table: sa.Table, texts: dict[str, int], **values: Sequence[Any]) -> list[int]:
    """A table's first row once for each hostile text, which stands in these columns, cut to so many letters.

    Other columns' values are as given, one for each row, or the first row's. Ids of the new rows.
    """
    first = dict(connection.execute(sa.select(table).limit(1)).one()._mapping)
    first.pop("id", None)
    rows = [
        {
            **first,
            **{column: text[:most] for column, most in texts.items()},
            **{column: given[number] for column, given in values.items()},
            **{column: distinct(column, text, number, most) for column, most in UNIQUE.items() if column in first},
        }
        for number, text in enumerate(TEXTS)
    ]
    connection.execute(table.insert(), rows)
    ids = sa.select(table.c.id).order_by(table.c.id.desc()).limit(len(rows)) if "id" in table.c else None
    return sorted(connection.scalars(ids)) if ids is not None else []


# What a table may hold once, and how long it may be.
UNIQUE = {"name": 200, "seller_key": 300, "prefix": 16, "listing_key": 1_000, "sku": 100, "token_sha256": 64}


def distinct(column: str, text: str, number: int, most: int) -> str:
    """A text that no other row has, nor was one before it."""
    return f"{number:064x}" if column == "token_sha256" else text[: most - 4] + f"{number:04}"


KINDS = {
    "suspect_id": tables.suspects,
    "seller_id": tables.sellers,
    "product_id": tables.products,
    "brand_id": tables.brands,
    "monitor_id": tables.monitors,
    "run_id": tables.runs,
}

# Whatever of these is on a page, a text has put it there; and links lead to pages, nowhere else.
_BROKEN_OUT = """() => {
  const kinds = "iframe, object, embed, base, video, math, svg script, form[action*=evil], meta[http-equiv=refresh], " +
    "[onload], [onerror], [onfocus], [ontoggle], [onanimationstart], [onpointerenter], [style*=evil], [srcset*=evil]";
  const found = [...document.querySelectorAll(kinds)].map((one) => one.outerHTML.slice(0, 200));
  for (const one of document.scripts) if (!one.src.startsWith(location.origin + "/static/")) found.push(one.outerHTML);
  for (const one of document.links)
    if (!["http:", "https:"].includes(one.protocol)) found.push("leads to " + one.href.slice(0, 200));
  return found;
}"""


def test_no_page_does_what_a_text_on_it_says(visit: Visit) -> None:
    found, shown = [], 0
    with visit.enter() as context:
        page = context.new_page()
        for address in [*pages(visit.sample), *of_others(visit)]:
            for here in with_next_ones(page, visit.address + address):
                found += [f"{here}: {one}" for one in page.evaluate(_BROKEN_OUT)]
                shown += page.locator("body").inner_text().count("<script>alert(1)</script>")
    assert found == [] and visit.complaints == []
    # They were there to be seen.
    assert shown > 100


def of_others(visit: Visit) -> Iterator[str]:
    """The pages of things whose every text is hostile: every so many-th of those that were written."""
    with visit.sample.session.read() as connection:
        last = {name: connection.scalar(sa.select(sa.func.max(table.c.id))) for name, table in KINDS.items()}
    for route in page_routes():
        for name in set(KINDS) & set(route.param_convertors):
            for before in range(0, len(TEXTS), len(TEXTS) // 4):
                yield filled(route, {**visit.sample.ids, name: str(last[name] - before)})


def with_next_ones(page: Page, address: str) -> Iterator[str]:
    """Go to an address, and on to the next page as long as there is one."""
    following: str | None = address
    while following is not None:
        page.goto(following)
        yield page.url
        link = page.locator("main a.next[rel=next]")
        following = link.evaluate("one => one.href") if link.count() else None
