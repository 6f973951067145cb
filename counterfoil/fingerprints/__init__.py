"""A picture -> what is made of it so that copies can be found: its fingerprint, which is kept, and its sketch.

`hashing` takes the hashes, `foreground` finds what stands before a plain background, `features` the local features;
`sketch` puts together all that the engine works with.
"""

from counterfoil.fingerprints.hashing import FINGERPRINT_VERSION, fingerprint
from counterfoil.fingerprints.sketch import Sketch, sketch, sketch_image

__all__ = ["FINGERPRINT_VERSION", "Sketch", "fingerprint", "sketch", "sketch_image"]
