"""The brand's own pictures edited as sellers edit pictures, as their calibration tried it: to be looked at."""

from console.session import Session
from counterfoil.exceptions import NotFound
from counterfoil.store.products import get_reference_image


def edited_copy(session: Session, product_id: int, image_id: int, edit: str) -> bytes:
    """A reference image edited so. Raises NotFound, also where that cannot be made of it."""
    from counterfoil.edits import EDITS  # heavy, and needed by this only

    with session.read() as connection:
        image = get_reference_image(connection, session.owner.id, product_id, image_id)
    if edit not in EDITS:
        raise NotFound("There is no edit {edit!r}.", edit=edit[:100])
    made = session.installation.renditions.edited(image.image_sha256, edit, image.id)
    if made is None:
        raise NotFound("The edit {edit} cannot be made of this picture.", edit=edit)
    return made
