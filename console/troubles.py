"""What failed or was not seen, and why: of the owner's monitors, captures and index; for admins also of the service."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from console.doctor.examination import examine
from console.doctor.findings import Finding, Level
from console.doctor.folders import check_disk
from console.doctor.indexes import check_outbox
from console.doctor.place import Place
from console.doctor.work import check_crawls, check_inspections, check_monitors, check_service
from console.installation import Installation
from console.monitoring import obstacle_of
from console.outcomes import Sight, degraded_remedy, outcome_of, remedy_for
from console.session import RequestSession
from console.translation import gettext as _
from console.translation import ngettext
from counterfoil.models import FinishReason, Monitor, MonitorState, Role, RunState
from counterfoil.store.history import CrawlEnd, crawl_ends, last_runs
from counterfoil.store.monitors import list_monitors
from counterfoil.store.overview import failed_captures, parked_of

_BAD = frozenset({Sight.DOUBTFUL, Sight.PART, Sight.NOTHING, Sight.SKIPPED})
_MOST_COUNTED = 1_000
# What the doctor looks at within milliseconds, and a person has to know at once.
_CHECKS = {
    "service": check_service,
    "monitors": check_monitors,
    "crawls": check_crawls,
    "inspections": check_inspections,
    "outbox": check_outbox,
    "disk": check_disk,
}
_EXAMINED_EVERY = 60.0
_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is not as it should be: what, why, what to do about it, and where to look."""

    sight: Sight
    what: str
    why: str
    remedy: str | None = None
    link: str | None = None


def troubles_of(connection: sa.Connection, session: RequestSession) -> Iterator[Trouble]:
    """What the owner's monitors did not see, the worst first; then what is wrong with captures and index."""
    found = [one for one in list_monitors(connection, session.owner.id) if one.state is MonitorState.ACTIVE]
    told = [*_of_runs(connection, session, found), *_of_markets(session, found)]
    yield from sorted(told, key=lambda one: _ORDER.index(one.sight))
    failed = failed_captures(connection, session.owner.id, _MOST_COUNTED)
    if failed:
        yield Trouble(
            sight=Sight.PART,
            what=_("Captures"),
            why=ngettext(
                "%(num)d page of a suspect could not be captured.",
                "%(num)d pages of suspects could not be captured.",
                failed,
            )
            % {"num": failed},
            remedy=_("The suspect's page says why. Save the page yourself where you need it as evidence."),
        )
    parked = parked_of(connection, session.owner.id, _MOST_COUNTED)
    if parked:
        yield Trouble(
            sight=Sight.PART,
            what=_("Search"),
            why=ngettext(
                "%(num)d suspect is refused by the index: the list does not show how it is now.",
                "%(num)d suspects are refused by the index: the list does not show how they are now.",
                parked,
            )
            % {"num": parked},
            remedy=_("An admin can see why, and have them sent again: counterfoil index parked --retry"),
        )


def service_troubles(session: RequestSession, examined: "Examined") -> list[Finding]:
    """What the doctor finds wrong with the installation; for its admins only."""
    if not session.actor.role.allows(Role.ADMIN):
        return []
    return [finding for finding in examined.findings(session.installation) if finding.level is not Level.OK]


class Examined:
    """The doctor's findings, not older than a minute: looking takes longer than a page may."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at = float("-inf")
        self._found: tuple[Finding, ...] = ()

    def findings(self, installation: Installation) -> tuple[Finding, ...]:
        """What was found last; looked for anew where that is too long ago and nobody else is looking."""
        if time.monotonic() - self._at > _EXAMINED_EVERY and self._lock.acquire(blocking=False):
            try:
                place = Place(settings=installation.settings, seconds=_SECONDS)
                self._found = tuple(finding for _name, finding in examine(place, _CHECKS))
                self._at = time.monotonic()
            finally:
                self._lock.release()
        return self._found


_ORDER = (Sight.NOTHING, Sight.PART, Sight.SKIPPED, Sight.DOUBTFUL)


def _of_runs(connection: sa.Connection, session: RequestSession, monitors: list[Monitor]) -> Iterator[Trouble]:
    """Monitors whose last run did not see everything."""
    last = {}
    for one in monitors:
        past = [run for run in last_runs(connection, session.owner.id, one.id, 2) if run.state is not RunState.OPEN]
        if past:
            last[one.id] = past[0]
    ends = crawl_ends(connection, session.owner.id, [run.id for run in last.values()])
    for one in monitors:
        run = last.get(one.id)
        outcome = outcome_of(run, ends[run.id]) if run is not None else None
        if run is not None and outcome is not None and outcome.sight in _BAD:
            yield Trouble(
                sight=outcome.sight,
                what=one.name,
                why=outcome.words,
                remedy=_remedy(ends[run.id], outcome.sight),
                link=f"/runs/{run.id}",
            )


def _remedy(ends: list[CrawlEnd], sight: Sight) -> str | None:
    if sight is Sight.DOUBTFUL:
        return degraded_remedy()
    if sight is Sight.SKIPPED:
        return _("Run it less often, or let its runs see less: an earlier run was still open.")
    good = (FinishReason.FINISHED, FinishReason.LIMIT)
    failed = [(end.reason, end.marketplace) for end in ends if end.reason and end.reason not in good]
    return remedy_for(*failed[0]) if failed else None


def _of_markets(session: RequestSession, monitors: list[Monitor]) -> Iterator[Trouble]:
    """Marketplaces that monitors are to watch and cannot, as the installation is set up."""
    watching: dict[str, list[Monitor]] = {}
    for one in monitors:
        for name in one.marketplaces:
            watching.setdefault(name, []).append(one)
    for name, watchers in watching.items():
        known = session.marketplaces.get(name)
        why = obstacle_of(session, known) if known else _("It is no longer declared.")
        if why:
            yield Trouble(
                sight=Sight.NOTHING,
                what=known.title if known else name,
                why=why,
                remedy=None if known else _("Put its declaration back, or take it out of the monitor."),
                link=f"/monitors/{watchers[0].id}",
            )
