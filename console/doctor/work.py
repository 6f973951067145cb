"""Checks of the work: which parts run, and whether anything waits that nobody does."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from console.doctor.findings import Finding, hint, ok, together, wrong
from console.doctor.place import Place, ago
from counterfoil.clock import now
from counterfoil.store.backlog import (
    Waiting,
    abandoned_crawls,
    abandoned_inspections,
    overdue_monitors,
    waiting_crawls,
    waiting_inspections,
)
from counterfoil.store.parts import Part, living_parts
from counterfoil.version import VERSION

# Longer than a lease and a restart take: somebody should have taken it over by then.
_ABANDONED = timedelta(minutes=10)
_OVERDUE = timedelta(minutes=10)
_LONG = timedelta(hours=1)
_START = "start it: counterfoil up"
_ROLES = {"schedule": "fires monitors", "crawl": "crawls", "judge": "judges", "deliver": "delivers to the index"}


def check_service(place: Place) -> Finding:
    """The parts of the service run, all of one version."""
    with place.tables() as connection:
        parts = living_parts(connection, now())
    if not parts:
        return hint("no part of the service runs", _START)
    versions = sorted({part.version for part in parts})
    problems = [hint(f"nobody {_ROLES[role]}", _START) for role in _ROLES if not _does(parts, role)]
    if len(versions) > 1:
        problems.append(wrong(f"parts of {len(versions)} versions run: {', '.join(versions)}", "stop the older ones"))
    elif versions != [VERSION]:
        problems.append(hint(f"version {versions[0]} runs, this command is {VERSION}", "restart the service"))
    named = ", ".join(f"{part.role} on {part.host}" for part in parts)
    return together(problems, f"version {versions[0]}: {named}")


def check_monitors(place: Place) -> Finding:
    """Monitors are fired when they are due."""
    moment = now()
    with place.tables() as connection:
        overdue = overdue_monitors(connection, moment)
    if overdue.since is not None and moment - overdue.since > _OVERDUE:
        text = f"{overdue.count} monitors are due and not fired, the first for {ago(overdue.since, moment)}"
        return wrong(text, "does `schedule` run (service)?")
    return ok("none is overdue")


def check_crawls(place: Place) -> Finding:
    """Crawls are claimed, and those of workers that died are taken over."""
    moment = now()
    with place.tables() as connection:
        abandoned, waiting = abandoned_crawls(connection, moment), waiting_crawls(connection, moment)
        problems = _judge("crawls", "crawl", "worker", abandoned, waiting, living_parts(connection, moment), moment)
    return together(problems, f"{waiting.count} wait, none for long")


def check_inspections(place: Place) -> Finding:
    """What was crawled is judged."""
    moment = now()
    with place.tables() as connection:
        abandoned, waiting = abandoned_inspections(connection, moment), waiting_inspections(connection)
        problems = _judge("inspections", "judge", "judge", abandoned, waiting, living_parts(connection, moment), moment)
    return together(problems, f"{waiting.count} wait, none for long")


def _judge(
    things: str, role: str, who: str, abandoned: Waiting, waiting: Waiting, parts: Sequence[Part], moment: datetime
) -> list[Finding]:
    remedy = f"does `work --role {role}` run (service)?"
    problems = []
    if abandoned.since is not None and moment - abandoned.since > _ABANDONED:
        text = f"{abandoned.count} {things} belong to a {who} that went silent {ago(abandoned.since, moment)} ago"
        problems.append(wrong(f"{text}, and nobody takes them over", remedy))
    if waiting.since is not None and moment - waiting.since > _LONG:
        text = f"{waiting.count} {things} wait, the oldest for {ago(waiting.since, moment)}"
        # With somebody at work it is a queue, which may be as long as politeness makes it.
        problems.append(hint(text) if _does(parts, role) else wrong(text, remedy))
    return problems


def _does(parts: Sequence[Part], role: str) -> bool:
    return any(role in part.role for part in parts)
