"""Puts documents into one generation of the embedded index."""

import json
import sqlite3
from collections.abc import Iterable, Sequence

from counterfoil.exceptions import IndexUnavailable
from indexer.base import PutOutcome, PutStatus
from indexer.document import SuspectDocument, microseconds, millionths, problem_with
from indexer.embedded_file import IndexFile
from indexer.embedded_keys import LAST_ID, row_key
from indexer.embedded_terms import SELLER_KEY, Columns, Name, buckets_of, columns_of, names_of
from indexer.packing import pack, unpack
from indexer.query import Facet

# How much a step of merging may write at once, in pages: another process's delivery waits no longer than that.
_MERGE_PAGES = 2_000

# The number and label of a field's value, as far as one transaction has looked them up.
_Known = dict[tuple[str, str], tuple[int, str]]


def put_all(file: IndexFile, documents: Sequence[SuspectDocument]) -> list[PutOutcome]:
    """Store documents in one transaction; one that is refused leaves no trace and keeps no other from being stored."""
    known: _Known = {}
    with file.writing() as connection:
        return [_put(connection, document, known) for document in documents]


def merge(file: IndexFile) -> None:
    """Bring all tokens into one piece, in small steps: searching one is faster than searching several."""
    pages = -_MERGE_PAGES  # below zero: begin to merge everything into one
    while True:
        with file.writing() as connection:
            before = connection.total_changes
            connection.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (pages,))
            if connection.total_changes - before < 2:  # as FTS5 says that nothing is left to merge
                return
        pages = _MERGE_PAGES


def _put(connection: sqlite3.Connection, document: SuspectDocument, known: _Known) -> PutOutcome:
    problem = problem_with(document) or _too_large(document)
    if problem:
        return _outcome(document, PutStatus.REFUSED, problem)
    kept = connection.execute("SELECT revision, row, columns FROM suspects WHERE id = ?", (document.id,)).fetchone()
    if kept and kept[0] > document.revision:
        return _outcome(document, PutStatus.STALE)
    connection.execute("SAVEPOINT one")
    try:
        _replace(connection, document, (kept[1], kept[2]) if kept else None, known)
    except (sqlite3.DataError, sqlite3.IntegrityError, OverflowError, UnicodeEncodeError, TypeError) as error:
        connection.execute("ROLLBACK TO one")
        # Names that it brought are gone with it.
        known.clear()
        return _outcome(document, PutStatus.REFUSED, f"it cannot be kept: {error}")
    finally:
        connection.execute("RELEASE one")
    return _outcome(document, PutStatus.STORED)


def _replace(
    connection: sqlite3.Connection, document: SuspectDocument, kept: tuple[int, bytes] | None, known: _Known
) -> None:
    numbered = _number(connection, names_of(document), known)
    columns = columns_of(document, numbered.values())
    row = row_key(document)
    if kept != (row, columns.digest):
        if kept:
            _take_out(connection, document.id, *kept)
        _insert_words(connection, row, columns)
    _insert_entry(connection, document, row, numbered)
    connection.execute("REPLACE INTO bodies VALUES (?, ?)", (document.id, pack(document)))
    connection.execute(
        "REPLACE INTO suspects VALUES (?, ?, ?, ?)", (document.id, document.revision, row, columns.digest)
    )


def _insert_words(connection: sqlite3.Connection, row: int, columns: Columns) -> None:
    values = (row, columns.title, columns.others, columns.facts)
    connection.execute("INSERT INTO words (rowid, title, others, facts) VALUES (?, ?, ?, ?)", values)


def _insert_entry(
    connection: sqlite3.Connection, document: SuspectDocument, row: int, numbered: dict[Name, int]
) -> None:
    def ids(field: Facet) -> list[int]:
        return [name_id for name, name_id in numbered.items() if name.field == field]

    connection.execute(
        "REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row,
            microseconds(document.first_suspected_at),
            None if document.price is None else millionths(document.price),
            ids(Facet.MARKETPLACE)[0],
            next(iter(ids(Facet.SELLER)), None),
            ids(Facet.VERDICT)[0],
            json.dumps(ids(Facet.BRAND)),
            json.dumps(ids(Facet.PRODUCT)),
        ),
    )
    buckets = [(document.owner_id, bucket.kind, bucket.number) for bucket in buckets_of(document)]
    connection.executemany("INSERT OR IGNORE INTO buckets VALUES (?, ?, ?)", buckets)


def _take_out(connection: sqlite3.Connection, suspect_id: int, row: int, digest: bytes) -> None:
    # The full-text table keeps no text: to forget a row it must be told exactly what it was given.
    before = unpack(connection.execute("SELECT body FROM bodies WHERE id = ?", (suspect_id,)).fetchone()[0])
    found = (_find(connection, name) for name in names_of(before))
    columns = columns_of(before, [one[0] for one in found if one])
    if columns.digest != digest:
        raise IndexUnavailable(
            "The suspect index was made by another version of the program. Run `counterfoil index rebuild`."
        )
    values = (row, columns.title, columns.others, columns.facts)
    connection.execute("INSERT INTO words (words, rowid, title, others, facts) VALUES ('delete', ?, ?, ?, ?)", values)
    connection.execute("DELETE FROM entries WHERE id = ?", (row,))


def _number(connection: sqlite3.Connection, names: Iterable[Name], known: _Known) -> dict[Name, int]:
    """The numbers of names, given to new ones; a label is brought up to date."""
    numbered: dict[Name, int] = {}
    for name in names:
        found = known.get((name.field, name.value)) or _find(connection, name)
        if found is None:
            connection.execute(
                "INSERT INTO names (field, value, label) VALUES (?, ?, ?)", (name.field, name.value, name.label)
            )
            found = _find(connection, name) or (0, "")
        elif found[1] != name.label and name.field != SELLER_KEY:
            connection.execute("UPDATE names SET label = ? WHERE id = ?", (name.label, found[0]))
            found = (found[0], name.label)
        known[name.field, name.value] = found
        numbered[name] = found[0]
    return numbered


def _find(connection: sqlite3.Connection, name: Name) -> tuple[int, str] | None:
    found: tuple[int, str] | None = connection.execute(
        "SELECT id, label FROM names WHERE field = ? AND value = ?", (name.field, name.value)
    ).fetchone()
    return found


def _too_large(document: SuspectDocument) -> str | None:
    if document.id > LAST_ID or document.owner_id > LAST_ID:
        return f"its id {document.id} or owner {document.owner_id} is beyond the {LAST_ID:,} that this index can number"
    return None


def _outcome(document: SuspectDocument, status: PutStatus, reason: str | None = None) -> PutOutcome:
    return PutOutcome(suspect_id=document.id, revision=document.revision, status=status, reason=reason)
