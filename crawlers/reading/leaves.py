"""The values of a JSON object with the names that lead to them, found by name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_MOST = 400
_DEEPEST = 5
_WRAPPERS = frozenset({"value", "text", "displaytitle", "content"})

# Below a key with one of these words stand other things than the listing, or than the page's results.
_ASIDE = re.compile(
    r"recommend|related|similar|alsobought|alsoviewed|recentlyviewed|youmay|crosssell|upsell|accessor|campaign|facet|"
    r"filter|breadcrumb|categor(?:y|ies)list|review|suggest|bundle|sponsoredads|navigation|menu|banner|sibling|"
    r"tracking|analytics|freight|logistic|faq|wishlist|classification"
)
_INNER = re.compile(
    r"variant|variation|^skus?$|skulist|sku(?:map|info|props?|base)|relatedcolor|colou?rs?$|swatch|options?$|"
    r"attribute|"
    r"specification|^tags?$|badge|coupon|promotion|label|parameter|aspects|review|seller|^shop|store(?!d)|brand|"
    r"category|^series|^ext$|i18n|trace|track|shipping|delivery|location|address|video|warranty|quantityprices|"
    r"tiers?$|"
    r"image|photo|retailers?$"
)


@lru_cache(maxsize=50_000)
def bare_name(key: str) -> str:
    """A key without its case, marks and spaces: `currency_code` and `@currencyCode` are the same name."""
    return re.sub(r"[^a-z0-9]", "", key.lower())


@lru_cache(maxsize=50_000)
def is_aside(name: str) -> bool:
    """Whether what stands below a name is about other things than the listing."""
    return bool(_ASIDE.search(name))


@lru_cache(maxsize=50_000)
def is_inner(name: str) -> bool:
    """Whether what stands below a name is a part of the listing, or an aside: no listing of its own."""
    return bool(_INNER.search(name)) or is_aside(name)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value and the names that lead to it; `listed` where one of several in a list, `inner` where of a part."""

    keys: tuple[str, ...]
    value: Any
    listed: bool
    inner: bool

    @property
    def name(self) -> str:
        """The name of the value itself."""
        return self.keys[-1] if self.keys else ""


class Leaves:
    """All values of one object; lists of one count as what they hold."""

    def __init__(self, node: Any) -> None:
        self.all: list[Leaf] = []
        _gather(node, (), False, False, self.all)
        self._by_name: dict[str, list[Leaf]] = {}
        for leaf in self.all:
            self._by_name.setdefault(leaf.name, []).append(leaf)
            if leaf.name in _WRAPPERS and len(leaf.keys) > 1:
                self._by_name.setdefault(leaf.keys[-2], []).append(leaf)

    def called(self, name: str, own: bool = True) -> Iterator[Leaf]:
        """The leaves of this name, also where it holds an object with the value; `own`: not of parts."""
        return (leaf for leaf in self._by_name.get(name, ()) if not (own and leaf.inner))

    def text(self, *names: str, deepest: int = 2, longest: int = 300, own: bool = True) -> str | None:
        """The first text or number that stands under one of these names, at most so deep and long."""
        for name in names:
            for leaf in self.called(name, own):
                wrapped = leaf.name != name
                if leaf.listed or len(leaf.keys) - wrapped > deepest or isinstance(leaf.value, bool):
                    continue
                text = str(leaf.value).strip()
                if text and text not in {"0", "-1", "null"} and len(text) <= longest:
                    return text
        return None


def _gather(node: Any, keys: tuple[str, ...], listed: bool, inner: bool, found: list[Leaf]) -> None:
    if len(found) >= _MOST:
        return
    if isinstance(node, dict):
        if len(keys) < _DEEPEST:
            below = inner or bool(keys and is_inner(keys[-1]))
            for key, child in node.items():
                _gather(child, (*keys, bare_name(str(key))), listed, below, found)
    elif isinstance(node, list):
        for child in node[:30]:
            if not isinstance(child, list):
                _gather(child, keys, listed or len(node) > 1, inner, found)
    elif node is not None and node != "":
        found.append(Leaf(keys, node, listed, inner))
