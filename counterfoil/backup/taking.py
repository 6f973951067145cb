"""Takes a backup while the service runs: one moment of the database, and the files that its rows refer to.

Killed anywhere, the last whole backup stays usable: what is new is added beside it, and the manifest, replaced at the
end in one step, says which is which.
"""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from counterfoil.backup.archive import BackupWriter
from counterfoil.backup.listing import Listed, for_each, put, write_listing
from counterfoil.backup.manifest import Manifest, Progress, file_sha256, is_name, stamp
from counterfoil.backup.opening import write_backup
from counterfoil.backup.snapshot import take_snapshot
from counterfoil.clock import now
from counterfoil.evidence import EvidenceStore, Kind, open_evidence
from counterfoil.exceptions import Conflict, CounterfoilError, EvidenceDamaged, InvalidInput, NotFound
from counterfoil.settings import Settings
from counterfoil.store.looking import open_to_look
from counterfoil.store.retention import known_bodies, known_captures, known_images
from counterfoil.version import VERSION

# Retention may delete a file between the snapshot and its copy; a later snapshot no longer speaks of it.
_ROUNDS = 3
_ANSWER_SECONDS = 60
# Fewer than a statement takes variables.
_ASKED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a backup did: its manifest, how many files of evidence it copied, and their bytes."""

    manifest: Manifest
    copied: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """The database at one moment, as files of the workspace."""

    database: Path
    engine: Literal["sqlite", "postgresql"]
    schema: str
    installation: str | None
    rows: dict[str, int]
    listing: Path
    counts: dict[Kind, int]


@dataclass(slots=True)
class _Copied:
    files: int = 0
    bytes: int = 0
    missing: list[Listed] = field(default_factory=list)


def take_backup(settings: Settings, target: Path, progress: Progress) -> Taken:
    """Back the installation up into a folder or a tar file. What it has lost itself is named in the manifest.

    Raises InvalidInput for a target that is no place for it, Conflict for another installation's, StoreError where the
    database cannot be read, and OSError where the target's disk is full.
    """
    target = target.absolute()
    if target == settings.data or settings.data in target.parents:
        raise InvalidInput(f"{target} lies in the data folder: a backup must not be lost with what it is for.")
    started = now()
    with write_backup(target) as writer:
        source, copied = open_evidence(settings), _Copied()
        for _ in range(_ROUNDS):
            moment = _take_moment(settings, writer, target, progress)
            copied.missing = []
            _copy_evidence(source, writer.evidence, moment, copied, progress)
            if not _deleted_since(settings, copied.missing):
                break
        manifest = _add_all(settings, writer, moment, copied, started)
        writer.publish(manifest)
    return Taken(manifest=manifest, copied=copied.files, bytes=copied.bytes)


def _take_moment(settings: Settings, writer: BackupWriter, target: Path, progress: Progress) -> _Moment:
    listing = writer.workspace / "evidence.txt"
    with take_snapshot(settings, writer.workspace, progress) as snapshot:
        before = writer.previous.installation if writer.previous else None
        if before and snapshot.installation and before != snapshot.installation:
            raise Conflict(f"{target} holds the backup of another installation: give each a folder of its own.")
        counts = write_listing(snapshot.view, listing)
    return _Moment(
        database=snapshot.file,
        engine=snapshot.engine,
        schema=snapshot.schema,
        installation=snapshot.installation,
        rows=snapshot.rows,
        listing=listing,
        counts=counts,
    )


def _copy_evidence(
    source: EvidenceStore, to: EvidenceStore, moment: _Moment, copied: _Copied, progress: Progress
) -> None:
    """Copy what is not there yet, each file verified as it is read."""
    total = sum(moment.counts.values())
    for one, length in for_each(moment.listing, partial(_copy, source, to), total, progress):
        if length is None:
            copied.missing.append(one)
        elif length:
            copied.files += 1
            copied.bytes += length


def _copy(source: EvidenceStore, to: EvidenceStore, one: Listed) -> int | None:
    """Copy a file; its bytes, 0 if it was there already, None if the installation has lost it."""
    if to.find(one.kind, one.sha256) is not None:
        return 0
    try:
        data = source.get(one.kind, one.sha256)
    except (NotFound, EvidenceDamaged):
        return None
    put(to, one, data)
    return max(1, len(data))


def _deleted_since(settings: Settings, missing: list[Listed]) -> bool:
    """Whether retention has deleted some of what is missing, so that a new snapshot would not ask for it."""
    asked = {kind: [one.sha256 for one in missing if one.kind is kind][:_ASKED] for kind in Kind}
    if not missing:
        return False
    try:
        with closing(open_to_look(settings, _ANSWER_SECONDS)) as store, store.read() as connection:
            known = {
                **known_images(connection, asked[Kind.IMAGE]),
                **known_bodies(connection, asked[Kind.BODY]),
                **known_captures(connection, asked[Kind.CAPTURE]),
            }
    except (CounterfoilError, sa.exc.DatabaseError):
        # An old schema, which knows no retention, or a database that is away: what is missing is lost.
        return False
    return not all(known.get(name, False) for names in asked.values() for name in names)


def _add_all(settings: Settings, writer: BackupWriter, moment: _Moment, copied: _Copied, started: datetime) -> Manifest:
    when = stamp(started)
    folder = f"marketplaces-{when}"
    manifest = Manifest(
        counterfoil=VERSION,
        schema_revision=moment.schema,
        installation=moment.installation,
        engine=moment.engine,
        started_at=started,
        finished_at=now(),
        database=f"database-{when}{moment.database.suffix}",
        database_sha256=file_sha256(moment.database),
        database_bytes=moment.database.stat().st_size,
        rows=moment.rows,
        listing=f"evidence-{when}.txt",
        listing_sha256=file_sha256(moment.listing),
        images=moment.counts[Kind.IMAGE],
        bodies=moment.counts[Kind.BODY],
        captures=moment.counts[Kind.CAPTURE],
        lost=tuple(str(one) for one in copied.missing),
        marketplaces_folder=folder,
        marketplaces=_add_marketplaces(settings.marketplaces_folder, writer, folder),
    )
    writer.add(manifest.database, moment.database)
    writer.add(manifest.listing, moment.listing)
    return manifest


def _add_marketplaces(source: Path, writer: BackupWriter, folder: str) -> dict[str, str]:
    """Copy the operator's declarations and what lies beside them; their SHA-256s by name."""
    hashes: dict[str, str] = {}
    for path, name in _declarations(source):
        draft = writer.workspace / "declaration"
        shutil.copyfile(path, draft)
        hashes[name] = file_sha256(draft)
        writer.add(f"{folder}/{name}", draft)
    return hashes


def _declarations(source: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        name = path.relative_to(source).as_posix()
        # Hidden files and names that no system agrees about are an editor's, not a declaration's.
        if path.is_file() and is_name(name):
            yield path, name
