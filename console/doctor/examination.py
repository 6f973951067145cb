"""Runs the checks: all at once, each with its deadline; what breaks or hangs is a finding like any other."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from console.doctor.browser import check_browser
from console.doctor.clocks import check_clock
from console.doctor.configuration import check_marketplaces, check_settings
from console.doctor.database import check_database, check_integrity, check_log
from console.doctor.evidence import check_evidence
from console.doctor.findings import Finding, Level, NotLookedAt, hint, wrong
from console.doctor.folders import check_disk, check_folder
from console.doctor.indexes import check_index, check_outbox
from console.doctor.place import Place
from console.doctor.work import check_crawls, check_inspections, check_monitors, check_service
from counterfoil.exceptions import CounterfoilError

Check = Callable[[Place], Finding]

CHECKS: dict[str, Check] = {
    "settings": check_settings,
    "marketplaces": check_marketplaces,
    "folder": check_folder,
    "disk": check_disk,
    "clock": check_clock,
    "database": check_database,
    "integrity": check_integrity,
    "log": check_log,
    "evidence": check_evidence,
    "index": check_index,
    "outbox": check_outbox,
    "service": check_service,
    "monitors": check_monitors,
    "crawls": check_crawls,
    "inspections": check_inspections,
    "browser": check_browser,
}


@dataclass(slots=True)
class _Running:
    """A check at work in a thread of its own: one that hangs, in a system call that never ends, keeps nobody."""

    check: Check
    place: Place
    finding: Finding | None = None
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self.finding = _guarded(self.check, self.place)


def examine(place: Place, checks: Mapping[str, Check] | None = None) -> Iterator[tuple[str, Finding]]:
    """Each check's name and finding, in the order of the list; it takes little longer than one check may."""
    until = time.monotonic() + place.seconds
    running = {name: _Running(check, place) for name, check in (CHECKS if checks is None else checks).items()}
    for name, one in running.items():
        one.thread.join(max(0.0, until - time.monotonic()))
        yield (
            name,
            one.finding
            or wrong(
                f"no answer within {place.seconds:g} seconds", "a disk or server hangs; or give it longer: --seconds"
            ),
        )


def not_examined(error: CounterfoilError) -> Iterator[tuple[str, Finding]]:
    """What can be said where the settings cannot be read at all."""
    for name in CHECKS:
        settings = name == "settings"
        yield name, wrong(str(error)) if settings else hint("not looked at: the settings cannot be read")


def worst(findings: Sequence[Finding]) -> Level:
    """The level of the worst finding."""
    levels = {finding.level for finding in findings}
    return next((level for level in (Level.WRONG, Level.HINT) if level in levels), Level.OK)


def _guarded(check: Check, place: Place) -> Finding:
    try:
        return check(place)
    except NotLookedAt as error:
        return hint(str(error))
    except CounterfoilError as error:
        return wrong(str(error))
    except Exception as error:  # a check that breaks says so, and the others go on
        return wrong(f"the check itself failed: {type(error).__name__}: {error}", "report it as a fault of Counterfoil")
