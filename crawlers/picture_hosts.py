"""Which hosts are asked for no more pictures in this crawl, because the last ones all failed alike."""

from urllib.parse import urlsplit

from crawlers.observations import Fate
from crawlers.outcome import PATIENCE

_WORDS = {
    Fate.BLOCKED: "were refused",
    Fate.RATE_LIMITED: "were answered with 429",
    Fate.UNREACHABLE: "did not come",
}


class HostPatience:
    """Counts, for each host, pictures in a row that failed for one reason.

    Pages that fail so often end a crawl; without pictures it goes on, for what the pages say. But a host that hangs
    would cost it minutes for each picture, and one that says no should not hear the same question a thousand times.
    """

    def __init__(self) -> None:
        self._streaks: dict[str, tuple[Fate, int]] = {}

    def note(self, url: str, fate: Fate) -> None:
        """A picture of this host came, or failed."""
        host = urlsplit(url).netloc
        last, count = self._streaks.get(host, (fate, 0))
        self._streaks[host] = (fate, count + 1 if fate is last else 1)

    def given_up(self, url: str) -> str | None:
        """Why this picture is not asked for; None if it is worth a try."""
        host = urlsplit(url).netloc
        fate, count = self._streaks.get(host, (Fate.READ, 0))
        if count < PATIENCE.get(fate, count + 1):
            return None
        # Without the count: the same words in every crawl, for the same failure.
        return f"was not asked for: pictures of {host} {_WORDS[fate]}, one after the other"
