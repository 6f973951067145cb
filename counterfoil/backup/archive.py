"""What writing a backup and reading one need, whether it is a folder or a tar file."""

from pathlib import Path
from typing import Protocol

from counterfoil.backup.manifest import Manifest
from counterfoil.evidence import EvidenceStore

MANIFEST = "manifest.json"


class BackupWriter(Protocol):
    """A backup that is being written.

    `previous` is the whole one in its place, which stays usable until this one is published. `workspace` is a folder
    for drafts on the same disk, which goes when the writer is closed. `evidence` takes pictures and bodies; those that
    are there already stay.
    """

    previous: Manifest | None
    workspace: Path
    evidence: EvidenceStore

    def add(self, name: str, file: Path) -> None:
        """Take in a file of the workspace, which is gone from there afterwards; on disk when this returns."""

    def publish(self, manifest: Manifest) -> None:
        """Make the backup whole in one step; then drop what only the previous one needed."""


class BackupReader(Protocol):
    """A whole backup; `evidence` are its pictures and bodies."""

    manifest: Manifest
    evidence: EvidenceStore

    def file(self, name: str) -> Path:
        """A file of the backup, to be read only, until the reader is closed. Raises BackupDamaged if it is missing."""
