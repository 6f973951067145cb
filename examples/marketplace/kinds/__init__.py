"""The kinds of thing that are sold: each a function that draws one with a pen.

A kind's proportions come from the `Random` it is given: the same seed is the same model.
"""

from collections.abc import Callable, Mapping
from random import Random

from examples.marketplace.kinds import carried, household, leisure, worn
from examples.marketplace.pen import Pen

Kind = Callable[[Pen, Random, str], None]

KINDS: Mapping[str, Kind] = {**worn.KINDS, **carried.KINDS, **household.KINDS, **leisure.KINDS}
