"""All that the matching engine works with, taken once from a picture's pixels."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from counterfoil.fingerprints.features import Features, mirrored_orb_features
from counterfoil.fingerprints.foreground import Box
from counterfoil.fingerprints.hashing import oriented_hashes, read_picture
from counterfoil.models import Fingerprint
from counterfoil.pictures import decode

# The longer side of the pixels that features are taken from; smaller pictures are taken as they are.
SIDE = 512
FEATURES = 1_000
COLOUR_SIDE = 96


@dataclass(frozen=True, kw_only=True, eq=False)
class Sketch:
    """What the engine extracts from a picture: made where untrusted bytes are decoded, matched elsewhere.

    `grey` holds the pixels (at most SIDE on the longer side), `colours` fewer in RGB (at most COLOUR_SIDE). `hashes`
    are 2 x 8 x 32 bytes: of the whole and of the foreground `box`, in 8 orientations (see `oriented_hashes`). Local
    features are taken when they are first asked for, and kept: a picture that a hash decides needs none.
    """

    fingerprint: Fingerprint
    grey: NDArray[np.uint8]
    colours: NDArray[np.uint8]
    box: Box
    hashes: NDArray[np.uint8]

    @property
    def features(self) -> Features:
        """The local features of the picture."""
        return self._both[0]

    @property
    def mirrored(self) -> Features:
        """The local features of its mirror image."""
        return self._both[1]

    def with_features(self) -> Self:
        """This sketch, its local features taken."""
        _ = self._both
        return self

    @cached_property
    def _both(self) -> tuple[Features, Features]:
        return mirrored_orb_features(self.grey, FEATURES)


def sketch(data: bytes, sha256: str | None = None) -> Sketch:
    """Decode untrusted picture bytes and sketch them. Raises UnreadablePicture when the bytes cannot be decoded."""
    return sketch_image(decode(data), sha256 or hashlib.sha256(data).hexdigest())


def sketch_image(image: Image.Image, sha256: str) -> Sketch:
    """Sketch a decoded RGB picture; `sha256` names the bytes it came from."""
    reading = read_picture(image, sha256)
    grey = _working_grey(image)
    return Sketch(
        fingerprint=reading.fingerprint,
        grey=grey,
        colours=_fewer_colours(image),
        box=reading.box,
        hashes=np.stack([oriented_hashes(low) for low in reading.coefficients]),
    )


def _working_grey(image: Image.Image) -> NDArray[np.uint8]:
    import cv2

    grey = cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2GRAY)
    scale = SIDE / max(grey.shape)
    if scale >= 1:
        return grey  # type: ignore[return-value]
    # By a whole number first, over areas, the rest by interpolation: several times quicker than all over areas.
    whole = int(1 / scale)
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    if whole > 1:
        grey = grey[: grey.shape[0] // whole * whole, : grey.shape[1] // whole * whole]
        grey = cv2.resize(grey, None, fx=1 / whole, fy=1 / whole, interpolation=cv2.INTER_AREA)
    return cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]


def _fewer_colours(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.reduce(max(1, -(-max(image.size) // COLOUR_SIDE))))
