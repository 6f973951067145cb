"""A picture as a page shows or names it: under several addresses, in several sizes, in several places."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from crawlers.reading.pictures import is_ornament
from crawlers.reading.schema_org import addresses
from crawlers.reading.variants import likely_pixels, picture_key, site_of


@dataclass(slots=True)
class ShownPicture:
    """One picture as it is shown somewhere: what its addresses have in common, and these with their likely sizes."""

    keys: set[str]
    named: list[tuple[str, int]]
    small: bool = False
    hosts: set[str] = field(default_factory=set)


def named_picture(address: str) -> ShownPicture:
    """The picture at an address of which no more is known."""
    return ShownPicture({picture_key(address)}, [(address, likely_pixels(address, ""))], hosts={site_of(address)})


def shown_picture(named: Iterable[tuple[str, int]], base: str | None, small: bool = False) -> ShownPicture | None:
    """The picture with these addresses, each with its likely size; None where none is that of a picture."""
    fixed = []
    for address, pixels in named:
        for one in addresses((address,), base):
            if not is_ornament(one):
                fixed.append((one, pixels))
    if not fixed:
        return None
    keys = {picture_key(address) for address, _ in fixed}
    return ShownPicture(keys, fixed, small, {site_of(address) for address, _ in fixed})


def joined(shown: Iterable[ShownPicture]) -> list[ShownPicture]:
    """Each picture once, with all its addresses, in the order in which they were first shown."""
    found: list[ShownPicture] = []
    add_pictures(found, shown)
    return found


def add_pictures(found: list[ShownPicture], shown: Iterable[ShownPicture]) -> None:
    """Add pictures to those that were found; of one that is there already its other addresses."""
    by_key = {key: one for one in found for key in one.keys}
    for one in shown:
        same = next((by_key[key] for key in one.keys if key in by_key), None)
        if same is None:
            found.append(one)
            same = one
        else:
            same.named.extend(address for address in one.named if address not in same.named)
            same.keys |= one.keys
        by_key.update(dict.fromkeys(one.keys, same))
