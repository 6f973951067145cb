"""The pictures of listings: drawn when asked for, or read from a folder. Both give the same bytes every time."""

import functools
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Protocol

from PIL import Image

from examples.marketplace.drawing import Model, Photo, draw, encoded
from examples.marketplace.edits import EDITS, Elsewhere, Original

# The pictures that were drawn have no file whose age could be told.
_DRAWN_AT = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
_STRANGERS = ("boot", "tote", "mug", "lamp", "teddy", "camera", "perfume", "cap")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a listing's picture comes about: a photo, perhaps edited by name, saved in a format and quality.

    `shared` says that other listings show the same photo: its pixels are worth keeping for a while.
    """

    photo: Photo
    edit: str | None = None
    shared: bool = False
    seed: str = ""
    file_format: str = "JPEG"
    quality: int = 86


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """By what a cached copy is recognised: the SHA-256 of the bytes, and when they were made."""

    etag: str
    modified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture file as it is served."""

    body: bytes
    stamp: Stamp


class PictureSource(Protocol):
    """Where pictures come from; both raise KeyError for a name that no listing has."""

    def stamp(self, name: str) -> Stamp | None:
        """The picture's stamp, where it is known without reading or drawing."""

    def fetch(self, name: str) -> Picture:
        """The picture, read or drawn: may take a while."""


def cooked(recipe: Recipe) -> bytes:
    """The bytes of the picture that a recipe describes."""
    if recipe.edit is None:
        picture = _studio_photo(recipe.photo) if recipe.shared else draw(recipe.photo)
        return encoded(picture, recipe.file_format, recipe.quality)
    edited = EDITS[recipe.edit](_original(recipe), Random(f"edit {recipe.seed}"))
    return encoded(edited, recipe.file_format, recipe.quality)


@functools.lru_cache(maxsize=24)
def _studio_photo(photo: Photo) -> Image.Image:
    return draw(photo)


def _original(recipe: Recipe) -> Original:
    rng = Random(f"strangers {recipe.seed}")
    return Original(
        picture=_studio_photo(recipe.photo),
        elsewhere=lambda: draw(replace(recipe.photo, setting=f"{recipe.seed} elsewhere")),
        strangers=tuple(_stranger(kind, f"{recipe.seed} {kind}") for kind in rng.sample(_STRANGERS, 4)),
    )


def _stranger(kind: str, seed: str) -> Elsewhere:
    return lambda: draw(
        Photo(model=Model(kind=kind, seed=seed, name=""), pose=seed, setting=seed, width=360, height=360)
    )


class DrawnPictures:
    """Draws pictures when they are asked for, and keeps those asked for last, up to `megabytes`."""

    def __init__(self, recipes: Mapping[str, Recipe], megabytes: int = 96) -> None:
        self._recipes = recipes
        self._room = megabytes * 1_000_000
        self._kept: OrderedDict[str, Picture] = OrderedDict()
        self._stamps: dict[str, Stamp] = {}
        self._lock = threading.Lock()

    def stamp(self, name: str) -> Stamp | None:
        """Known once the picture was drawn, also when its bytes were dropped since."""
        if name not in self._recipes:
            raise KeyError(name)
        return self._stamps.get(name)

    def fetch(self, name: str) -> Picture:
        """The picture from memory, else drawn."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        return self._keep(name, _picture(cooked(self._recipes[name]), _DRAWN_AT))

    def _keep(self, name: str, picture: Picture) -> Picture:
        with self._lock:
            if name not in self._kept:  # two requests may have drawn it at the same time
                self._kept[name] = picture
                self._stamps[name] = picture.stamp
                self._room -= len(picture.body)
            while self._room < 0:
                _, oldest = self._kept.popitem(last=False)
                self._room += len(oldest.body)
        return picture


class FolderPictures:
    """Serves picture files as they are on disk, corrupt ones too."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files

    def stamp(self, name: str) -> Stamp | None:
        """Never known: somebody may have replaced the file."""
        if name not in self._files:
            raise KeyError(name)
        return None

    def fetch(self, name: str) -> Picture:
        """The file's bytes as they are now."""
        path = self._files[name]
        return _picture(path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC))


def _picture(body: bytes, modified: datetime) -> Picture:
    return Picture(body=body, stamp=Stamp(etag=hashlib.sha256(body).hexdigest(), modified=modified))
