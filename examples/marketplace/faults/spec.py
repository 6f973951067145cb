"""How a fault is said: `NAME[=VALUE][@KIND,...][/EVERY][#TIMES]`, and which requests that means."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from counterfoil.exceptions import InvalidInput

_WRITTEN = re.compile(
    r"(?P<name>[a-z-]+)(=(?P<value>[^@#]+?))?(@(?P<kinds>[a-z,]+))?(/(?P<every>[1-9]\d{0,5}))?(#(?P<times>\d{1,6}))?"
)


class PageKind(StrEnum):
    """What a request is for."""

    ROBOTS = "robots"
    RESULTS = "results"
    LISTING = "listing"
    IMAGE = "image"
    OTHER = "other"


_STARTS = {
    "/robots.txt": PageKind.ROBOTS,
    "/search": PageKind.RESULTS,
    "/listing/": PageKind.LISTING,
    "/image/": PageKind.IMAGE,
}


def kind_of(path: str) -> PageKind:
    """What a request for this path is for."""
    return next((kind for start, kind in _STARTS.items() if path.startswith(start)), PageKind.OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault as it was asked for.

    `kinds` are the pages that it strikes (none: those that it is made for), `every` strikes about one address in so
    many, always the same ones for the same seed, and `times` ends it after so many requests.
    """

    name: str
    value: str | None = None
    kinds: frozenset[PageKind] = frozenset()
    every: int = 1
    times: int | None = None

    def __str__(self) -> str:
        """As it is written."""
        parts = [
            self.name,
            f"={self.value}" if self.value is not None else "",
            f"@{','.join(sorted(self.kinds))}" if self.kinds else "",
            f"/{self.every}" if self.every > 1 else "",
            f"#{self.times}" if self.times is not None else "",
        ]
        return "".join(parts)

    def strikes(self, address: str, seed: int) -> bool:
        """Whether this address (path and query) is among those that the fault strikes."""
        if self.every == 1:
            return True
        digest = hashlib.sha256(f"{seed} {self.name} {address}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.every == 0


def parse_fault(text: str) -> Fault:
    """A fault as it is written. Raises InvalidInput; whether there is such a fault, `catalogue.py` knows."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise InvalidInput(f"{text!r} is no fault: expected NAME[=VALUE][@KIND,...][/EVERY][#TIMES].")
    kinds = [kind for kind in (found["kinds"] or "").split(",") if kind]
    unknown = [kind for kind in kinds if kind not in set(PageKind)]
    if unknown:
        raise InvalidInput(f"{text!r}: {unknown[0]!r} is no kind of page; there are {', '.join(PageKind)}.")
    return Fault(
        name=found["name"],
        value=found["value"],
        kinds=frozenset(map(PageKind, kinds)),
        every=int(found["every"] or 1),
        times=int(found["times"]) if found["times"] else None,
    )
