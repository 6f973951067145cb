"""How runs and crawls ended, in words for people, each with what to do about it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from console.translation import gettext as _
from console.translation import ngettext
from counterfoil.models import CrawlState, FinishReason, Run, RunState
from counterfoil.store.history import CrawlEnd

_GOOD = frozenset({FinishReason.FINISHED, FinishReason.LIMIT})


class Sight(StrEnum):
    """How much a run saw: all, with a doubt, a part, nothing; it was not made, was cancelled, or is under way."""

    ALL = "all"
    DOUBTFUL = "doubtful"
    PART = "part"
    NOTHING = "nothing"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    RUNNING = "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """How much a run saw, and why, in a line."""

    sight: Sight
    words: str

    @property
    def short(self) -> str:
        """How much it saw, in a word or two."""
        return {
            Sight.ALL: _("saw all"),
            Sight.DOUBTFUL: _("may be incomplete"),
            Sight.PART: _("saw a part"),
            Sight.NOTHING: _("saw nothing"),
            Sight.SKIPPED: _("not made"),
            Sight.CANCELLED: _("cancelled"),
            Sight.RUNNING: _("under way"),
        }[self.sight]


def outcome_of(run: Run, ends: Sequence[CrawlEnd]) -> RunOutcome:
    """What came of a run and its crawls."""
    if run.state is RunState.SKIPPED:
        words = _("not made: an earlier run was still open, or there was nothing to search for")
        return RunOutcome(sight=Sight.SKIPPED, words=words)
    if run.state is RunState.OPEN:
        done = sum(end.state is CrawlState.FINISHED for end in ends)
        words = _("under way: %(done)d of %(all)d crawls have ended") % {"done": done, "all": len(ends)}
        return RunOutcome(sight=Sight.RUNNING, words=words)
    return RunOutcome(sight=_sight(ends), words=_told(ends))


def reason_words(reason: FinishReason) -> str:
    """Why a crawl ended, for people."""
    return {
        FinishReason.FINISHED: _("saw everything that it was to look for"),
        FinishReason.LIMIT: _("stopped at one of its limits"),
        FinishReason.BLOCKED: _("the site blocked it"),
        FinishReason.RATE_LIMITED: _("the site asked to slow down"),
        FinishReason.ROBOTS: _("robots.txt does not allow it"),
        FinishReason.SITE_DOWN: _("the site did not answer"),
        FinishReason.LAYOUT: _("the pages are not what they were: they could not be read"),
        FinishReason.DISK_FULL: _("the disk is full"),
        FinishReason.TIMEOUT: _("its time was over"),
        FinishReason.CANCELLED: _("a person cancelled it"),
        FinishReason.CRASHED: _("it crashed"),
    }[reason]


def remedy_for(reason: FinishReason, marketplace: str) -> str | None:
    """What to do about a crawl that ended so; None where there is nothing to do."""
    remedies = {
        FinishReason.LIMIT: _("Raise the monitor's limits, if more of this market is worth seeing."),
        FinishReason.BLOCKED: _(
            "Wait a day, and crawl it less often. Where it stays so, use its official API with your own keys, or save "
            "its pages yourself and bring them in: counterfoil import FILES --marketplace %(name)s"
        ),
        FinishReason.RATE_LIMITED: _(
            "Nothing: the next crawl waits as long as the site has asked for. Where it happens every time, run the "
            "monitor less often."
        ),
        FinishReason.ROBOTS: _(
            "Use another way: its official API, or saved pages. With its operator's permission an admin can override "
            "it: counterfoil marketplace robots %(name)s --override --reason TEXT"
        ),
        FinishReason.SITE_DOWN: _("Open the site in your browser. If it is there, run the monitor again later."),
        FinishReason.LAYOUT: _(
            "Look at the unread pages below. Where the site has changed, its declaration has to: "
            "counterfoil marketplace show %(name)s, then marketplace check with a saved page."
        ),
        FinishReason.DISK_FULL: _("Make room in the data folder, then run the monitor again. Nothing is torn."),
        FinishReason.TIMEOUT: _("Raise the seconds in the monitor's limits, or split its products over two monitors."),
        FinishReason.CRASHED: _("Look at the end of its log in the data folder, and report it as a fault."),
    }
    said = remedies.get(reason)
    return said % {"name": marketplace} if said else None


def fate_words() -> dict[str, str]:
    """What became of a page that could not be read, for people."""
    return {
        "layout": _("unread"),
        "blocked": _("blocked"),
        "rate_limited": _("slow down"),
        "robots": _("robots.txt"),
        "unreachable": _("no answer"),
        "refused": _("refused address"),
        "crashed": _("failed here"),
    }


def degraded_remedy() -> str:
    """What to do about a crawl that may have been blind to something."""
    return _("Compare the market's pages in your browser with what was read; the declaration may have to change.")


def _sight(ends: Sequence[CrawlEnd]) -> Sight:
    reasons = [end.reason for end in ends]
    if FinishReason.CANCELLED in reasons:
        return Sight.CANCELLED
    good = sum(reason in _GOOD for reason in reasons)
    if good < len(reasons):
        return Sight.PART if good else Sight.NOTHING
    return Sight.DOUBTFUL if any(end.degraded for end in ends) else Sight.ALL


def _told(ends: Sequence[CrawlEnd]) -> str:
    """How the crawls ended, each reason once, the failures with where and why."""
    told = []
    for reason, count in Counter(end.reason for end in ends if end.reason).items():
        words = ngettext("%(num)d crawl: %(why)s", "%(num)d crawls: %(why)s", count)
        told.append(words % {"num": count, "why": reason_words(reason)} + _where(ends, reason))
    blind = dict.fromkeys(f"{end.marketplace}: {end.degraded}" for end in ends if end.degraded)
    return "; ".join([*told, *(_("may be incomplete, %(what)s") % {"what": what} for what in blind)])


def _where(ends: Sequence[CrawlEnd], reason: FinishReason) -> str:
    if reason in _GOOD or reason is FinishReason.CANCELLED:
        return ""
    where = list(dict.fromkeys(end.marketplace for end in ends if end.reason is reason))
    return f" ({', '.join(where[:3])}{', …' if len(where) > 3 else ''})"
