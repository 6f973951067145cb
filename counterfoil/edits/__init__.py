"""Picture edits as sellers make them, named and repeatable: what the matching engine has to see through.

Three use them: the training of the verifier, the benchmark of the engine, and a product's calibration card.

    edited = EDITS["collage-3x3"].apply(picture, seed=7, scenery=Scenery(other_pictures))
    edited.image                     # the edited picture, RGB
    edited.corners(picture.size)     # where the original's corners are in it, 4 x 2
"""

from counterfoil.edits.catalogue import EDITS, FURTHER_EDITS, Edit, Kind, random_edit
from counterfoil.edits.cutout import product_mask
from counterfoil.edits.scenery import Scenery
from counterfoil.edits.scenes import NoProductMask
from counterfoil.edits.step import Edited, Step

__all__ = [
    "EDITS",
    "FURTHER_EDITS",
    "Edit",
    "Edited",
    "Kind",
    "NoProductMask",
    "Scenery",
    "Step",
    "product_mask",
    "random_edit",
]
