"""Keeps the robots.txt that a crawl has read: few enough for its memory, and none that could not be had for long."""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

# A listing's pictures may be on any hosts that its page names, a crawl's on thousands.
_MOST_ORIGINS = 64
# Parsed it takes about twenty times the memory of its text.
_MOST_BYTES = 4 * 1024 * 1024
# RFC 9309, 2.4: rules are not used for longer than 24 hours.
_KEPT_SECONDS = 24 * 3_600
# A host that did not answer may have been restarted; a crawl can take an hour.
_FAILED_SECONDS = 300


@dataclass(slots=True, eq=False)
class _Kept(Generic[T]):
    rules: asyncio.Future[T] | None = None
    until: float = math.inf
    size: int = 0


class RobotsCache(Generic[T]):
    """What `ask` has said about each origin; `ask` gives the rules and the bytes that they were read from."""

    def __init__(
        self, ask: Callable[[str], Awaitable[tuple[T, int]]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._kept: OrderedDict[str, _Kept[T]] = OrderedDict()

    async def get(self, origin: str) -> T:
        """The rules of an origin, asked for once by all who wait. Raises what asking raised."""
        kept = self._kept.get(origin)
        if kept is None or kept.rules is None or self._clock() >= kept.until:
            kept = self._kept[origin] = _Kept()
            kept.rules = asyncio.ensure_future(self._asked(origin, kept))
        self._kept.move_to_end(origin)
        # Shielded, so that one request that is given up does not take the answer from the others.
        return await asyncio.shield(kept.rules)

    async def _asked(self, origin: str, kept: _Kept[T]) -> T:
        seconds = _FAILED_SECONDS
        try:
            rules, kept.size = await self._ask(origin)
            seconds = _KEPT_SECONDS
        finally:
            kept.until = self._clock() + seconds
            self._forget_oldest()
        return rules

    def _forget_oldest(self) -> None:
        """Forget those that were not needed for longest; what is still being asked for stays."""
        answered = [origin for origin, kept in self._kept.items() if kept.until < math.inf]
        size = sum(kept.size for kept in self._kept.values())
        for origin in answered[:-1]:
            if len(self._kept) <= _MOST_ORIGINS and size <= _MOST_BYTES:
                return
            size -= self._kept.pop(origin).size
