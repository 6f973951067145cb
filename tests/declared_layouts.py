"""Which layouts the built-in marketplaces declare, and which of them a page was read by."""

from collections.abc import Iterable, Mapping

from counterfoil.marketplaces import Marketplace
from crawlers.reading import ReadPage

Named = set[tuple[str | None, str]]


def layouts(declared: Mapping[str, Marketplace], untried: bool) -> Named:
    """The layouts that are declared as tried on real pages, or as untried, each with its marketplace."""
    every = ((name, one.reading) for name, one in declared.items())
    kinds = ((name, kind) for name, reading in every for kind in (reading.data, reading.cards, reading.page))
    return {(name, layout.name) for name, kind in kinds for layout in kind if layout.untried is untried}


def met(read: Iterable[ReadPage]) -> Named:
    """The layouts that say something about one of these pages, each with its marketplace."""
    named = {
        (one.marketplace, source) for one in read for listing in one.listings for source in listing.sources.values()
    }
    return {(name, source.removeprefix("declared:").removesuffix(", gallery")) for name, source in named}
