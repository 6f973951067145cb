"""What a backup says of itself: which versions, when, what it holds, and the SHA-256 of what could be damaged."""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from counterfoil.exceptions import BackupDamaged

_AT_ONCE = 1024 * 1024

# What is done, how much of it, and how much there is.
Progress = Callable[[str, int, int], None]

# Names inside the backup: they come from outside, and never lead out of it.
_NAME = r"[A-Za-z0-9_-][A-Za-z0-9._ -]*(/[A-Za-z0-9_-][A-Za-z0-9._ -]*)*"
_Name = Annotated[str, Field(pattern=f"^{_NAME}$", max_length=500)]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """A whole backup. Times are UTC; `lost` are files (`images/SHA256`) that the installation itself had lost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    counterfoil: str
    schema_revision: str
    installation: str | None
    engine: Literal["sqlite", "postgresql"]
    started_at: AwareDatetime
    finished_at: AwareDatetime
    database: _Name
    database_sha256: _Sha256
    database_bytes: int
    rows: dict[str, int]
    listing: _Name
    listing_sha256: _Sha256
    images: int
    bodies: int
    captures: int = 0
    lost: tuple[str, ...] = ()
    marketplaces_folder: _Name
    marketplaces: dict[_Name, _Sha256] = Field(default_factory=dict)


def read_manifest(data: bytes, where: str) -> Manifest:
    """A backup's manifest. Raises BackupDamaged."""
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        found = error.errors()[0]
        place = ".".join(map(str, found["loc"])) or "the whole"
        raise BackupDamaged(f"The manifest of {where} cannot be read ({place}: {found['msg']}).") from error


def is_name(text: str) -> bool:
    """Whether a file of this name may be in a backup."""
    return len(text) <= 500 and re.fullmatch(_NAME, text) is not None


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_AT_ONCE):
            digest.update(piece)
    return digest.hexdigest()


def stamp(moment: datetime) -> str:
    """A time as a part of a file's name: `20260301T120000123456Z`."""
    return moment.strftime("%Y%m%dT%H%M%S%fZ")
