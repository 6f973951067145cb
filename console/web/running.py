"""What is under way: an owner's open runs, in a line each."""

from dataclasses import dataclass

import sqlalchemy as sa

from console.outcomes import outcome_of
from console.session import RequestSession
from console.translation import gettext as _
from console.translation import ngettext
from counterfoil.models import CrawlState, Run, RunKind
from counterfoil.store.history import crawl_ends, open_runs
from counterfoil.store.monitors import monitor_names

_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningRun:
    """An open run: what it is called, and how many of its crawls have ended."""

    run: Run
    name: str
    words: str
    done: int
    all: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The open runs, newest first, and how many there are in words."""

    runs: tuple[RunningRun, ...]
    words: str


def running_runs(connection: sa.Connection, session: RequestSession) -> Running:
    """What is under way for the owner."""
    found = open_runs(connection, session.owner.id, _MOST)
    ends = crawl_ends(connection, session.owner.id, [run.id for run in found])
    names = monitor_names(connection, session.owner.id, {run.monitor_id for run in found if run.monitor_id})
    shown = tuple(
        RunningRun(
            run=run,
            name=names.get(run.monitor_id or 0, kind_words(run.kind)),
            words=outcome_of(run, ends[run.id]).words,
            done=sum(end.state is CrawlState.FINISHED for end in ends[run.id]),
            all=len(ends[run.id]),
        )
        for run in found
    )
    words = ngettext("%(num)d run is under way", "%(num)d runs are under way", len(shown)) % {"num": len(shown)}
    return Running(runs=shown, words=words if shown else _("Nothing is under way."))


def kind_words(kind: RunKind) -> str:
    """What a run without a monitor is called."""
    return {
        RunKind.SEARCH: _("A monitor that was removed"),
        RunKind.LISTINGS: _("Check of addresses"),
        RunKind.IMPORT: _("Import of saved pages"),
        RunKind.CAPTURE: _("Captures"),
    }[kind]
