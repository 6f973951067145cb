"""The pictures that a saved page shows as its own listing's, for pages whose data names others than were saved.

A saved page holds what a browser has shown: often another size than the addresses in its data, or, from SingleFile,
the bytes themselves in the place of an address.
"""

import re
from collections.abc import Iterator

from counterfoil.marketplaces import Marketplace
from crawlers.addresses import listing_id, web_address
from crawlers.structured import Document

_PLACES = ("src", "data-src", "data-sf-original-src")
_CANDIDATE = re.compile(r"\s*(\S*[^\s,])(?:\s[^,]*)?(?:,|$)")
# Around the page, not in it: logos, banners, what others have bought.
_FRAMES = {"header", "nav", "footer", "aside"}


def shown_pictures(root: Document, url: str, marketplace: Marketplace) -> Iterator[list[str]]:
    """For each picture of the page the addresses that it may be saved under, `data:` ones among them.

    Pictures in the page's frame are left out, and those in links to other listings: they are no pictures of this one.
    """
    own = listing_id(marketplace, url)
    for image in root.iter("img"):
        if any(_is_elsewhere(above, url, own, marketplace) for above in image.iterancestors()):
            continue
        said = [image.get(name) for name in _PLACES]
        said += [found[1] for found in _CANDIDATE.finditer((image.get("srcset") or "")[:20_000])]
        addresses = [one if one.startswith("data:image/") else web_address(url, one) for one in said if one]
        found = [one for one in addresses if one]
        if found:
            yield found


def _is_elsewhere(element: Document, url: str, own: str | None, marketplace: Marketplace) -> bool:
    if element.tag in _FRAMES:
        return True
    target = web_address(url, element.get("href")) if element.tag == "a" else None
    other = listing_id(marketplace, target) if target else None
    return other is not None and other != own
