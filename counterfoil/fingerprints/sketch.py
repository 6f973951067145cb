"""All that the matching engine works with, taken once from a picture's pixels."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from counterfoil.fingerprints.features import Features, orb_features
from counterfoil.fingerprints.foreground import Box
from counterfoil.fingerprints.hashing import oriented_hashes, read_picture
from counterfoil.models import Fingerprint
from counterfoil.pictures import decode

# The longer side of the pixels that features are taken from; smaller pictures are taken as they are.
SIDE = 512
FEATURES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sketch:
    """What the engine extracts from a picture: made where untrusted bytes are decoded, matched elsewhere.

    `grey` holds the pixels (at most SIDE on the longer side); `mirrored` the features of its mirror image. `hashes` are
    2 x 8 x 32 bytes: of the whole and of the foreground `box`, in 8 orientations (see `oriented_hashes`).
    """

    fingerprint: Fingerprint
    grey: NDArray[np.uint8]
    box: Box
    hashes: NDArray[np.uint8]
    features: Features
    mirrored: Features


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
        box=reading.box,
        hashes=np.stack([oriented_hashes(low) for low in reading.coefficients]),
        features=orb_features(grey, FEATURES),
        mirrored=orb_features(np.ascontiguousarray(grey[:, ::-1]), FEATURES),
    )


def _working_grey(image: Image.Image) -> NDArray[np.uint8]:
    import cv2

    grey = cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2GRAY)
    scale = SIDE / max(grey.shape)
    if scale >= 1:
        return grey  # type: ignore[return-value]
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]
