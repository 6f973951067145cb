"""Reads a whole backup again, and says what is missing or damaged."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from counterfoil.backup.archive import BackupReader
from counterfoil.backup.listing import Listed, for_each
from counterfoil.backup.manifest import Manifest, Progress, file_sha256
from counterfoil.backup.opening import read_backup
from counterfoil.backup.postgres import check_dump
from counterfoil.backup.snapshot import check_sqlite, describe_sqlite
from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import BackupDamaged, EvidenceDamaged, NotFound, StoreDamaged


@dataclass(slots=True)
class Verified:
    """What was found: `problems` in words, how many files of evidence are whole, how many were lost before."""

    manifest: Manifest
    problems: list[str] = field(default_factory=list)
    whole: int = 0
    lost: int = 0


def verify_backup(target: Path, progress: Progress) -> Verified:
    """Verify the database, every file that its rows refer to, and the declarations.

    Raises NotFound, and BackupDamaged where the backup is not whole.
    """
    with read_backup(target) as reader:
        verified = Verified(reader.manifest)
        verified.problems += _of_database(reader)
        verified.problems += _of_declarations(reader)
        try:
            check_listing(reader)
            _verify_evidence(reader, verified, progress)
        except BackupDamaged as error:
            verified.problems.append(str(error))
    return verified


def check_database(reader: BackupReader, file: Path) -> None:
    """Check a copy of the backup's database against its manifest. Raises BackupDamaged."""
    manifest = reader.manifest
    if file_sha256(file) != manifest.database_sha256:
        raise BackupDamaged(f"{manifest.database} is damaged: it is not what the manifest says.")
    if manifest.engine == "postgresql":
        check_dump(file)
        return
    try:
        check_sqlite(file)
        schema, rows = describe_sqlite(file)
    except StoreDamaged as error:
        raise BackupDamaged(f"{manifest.database}: {error}") from error
    if (schema, rows) != (manifest.schema_revision, manifest.rows):
        raise BackupDamaged(f"{manifest.database} has not the schema and rows that the manifest says.")


def check_listing(reader: BackupReader) -> None:
    """Check the list of pictures and bodies. Raises BackupDamaged."""
    manifest = reader.manifest
    if file_sha256(reader.file(manifest.listing)) != manifest.listing_sha256:
        raise BackupDamaged(f"{manifest.listing} is damaged: it is not what the manifest says.")


def check_declaration(reader: BackupReader, name: str) -> Path:
    """A declaration's file, verified. Raises BackupDamaged."""
    manifest = reader.manifest
    file = reader.file(f"{manifest.marketplaces_folder}/{name}")
    if file_sha256(file) != manifest.marketplaces[name]:
        raise BackupDamaged(f"{manifest.marketplaces_folder}/{name} is damaged: it is not what the manifest says.")
    return file


def _of_database(reader: BackupReader) -> Iterator[str]:
    try:
        check_database(reader, reader.file(reader.manifest.database))
    except BackupDamaged as error:
        yield str(error)


def _of_declarations(reader: BackupReader) -> Iterator[str]:
    for name in reader.manifest.marketplaces:
        try:
            check_declaration(reader, name)
        except BackupDamaged as error:
            yield str(error)


def _verify_evidence(reader: BackupReader, verified: Verified, progress: Progress) -> None:
    manifest = reader.manifest
    lost, listing = set(manifest.lost), reader.file(manifest.listing)
    total = manifest.images + manifest.bodies + manifest.captures
    for one, problem in for_each(listing, partial(_problem, reader.evidence), total, progress):
        if problem is None:
            verified.whole += 1
        elif str(one) in lost:
            verified.lost += 1
        else:
            verified.problems.append(problem)


def _problem(evidence: EvidenceStore, one: Listed) -> str | None:
    try:
        evidence.get(one.kind, one.sha256)
    except NotFound:
        return f"{evidence.where(one.kind, one.sha256)} is missing"
    except EvidenceDamaged as error:
        return f"{evidence.where(one.kind, one.sha256)} is damaged: {error}"
    return None
