"""Takes the pictures of a draft: fetched through the guard or sent along, decoded under limits, kept by us."""

from collections.abc import Iterable, Sequence

from console.drafts.entries import DraftPicture
from console.pictures import Picture, read_picture_at
from console.session import Session
from counterfoil.clock import now
from counterfoil.exceptions import AddressRefused, FetchFailed, UnreadablePicture
from counterfoil.models import Fingerprint
from counterfoil.store.images import add_fingerprints, add_image


def fetch_pictures(session: Session, addresses: Iterable[str]) -> tuple[DraftPicture, ...]:
    """The pictures at these addresses; one that cannot be had says why."""
    got: list[Picture | DraftPicture] = []
    for address in addresses:
        try:
            got.append(read_picture_at(address, session.settings))
        except (FetchFailed, AddressRefused) as error:
            got.append(DraftPicture(source=address, refused=str(error), chosen=False))
    return keep_pictures(session, got)


def keep_pictures(session: Session, pictures: Sequence[Picture | DraftPicture]) -> tuple[DraftPicture, ...]:
    """Decode and store pictures; the same picture twice is one. What is no picture says why."""
    kept: dict[str, DraftPicture] = {}
    stored: list[tuple[Picture, Fingerprint]] = []
    for one in pictures:
        if isinstance(one, DraftPicture):
            kept.setdefault(one.source, one)
            continue
        try:
            fingerprint = session.installation.decoder.fingerprint(one.data)
        except UnreadablePicture as error:
            kept.setdefault(one.source, DraftPicture(source=one.source, refused=str(error), chosen=False))
            continue
        session.evidence.put_image(one.data)
        stored.append((one, fingerprint))
        kept.setdefault(fingerprint.image_sha256, _kept(one, fingerprint))
    with session.write() as connection:
        for one, fingerprint in stored:
            add_image(connection, fingerprint.image_sha256, len(one.data), now())
            add_fingerprints(connection, [fingerprint])
    return tuple(kept.values())


def _kept(picture: Picture, fingerprint: Fingerprint) -> DraftPicture:
    return DraftPicture(
        source=picture.source,
        sha256=fingerprint.image_sha256,
        width=fingerprint.width,
        height=fingerprint.height,
        plain=not fingerprint.informative,
    )
