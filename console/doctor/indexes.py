"""Checks of the suspect index and of the way to it."""

from contextlib import closing
from datetime import timedelta

from console.doctor.findings import Finding, hint, ok, together, wrong
from console.doctor.place import Place, ago
from console.output import size
from counterfoil.clock import now
from counterfoil.exceptions import IndexUnavailable
from counterfoil.store.backlog import parked_changes, waiting_changes
from indexer.base import IndexState
from indexer.opening import open_index

_OLD = timedelta(minutes=10)
# Reading this much takes a second or two, for which nothing can be delivered.
_LARGEST_READ = 200_000_000
_MADE_ANEW = "it is made from the database by the next start, or at once: counterfoil index rebuild"


def check_index(place: Place) -> Finding:
    """The suspect index answers, is of this version's making, and is not damaged."""
    with closing(open_index(place.settings)) as index:
        try:
            state = index.state()
            if state is not IndexState.READY:
                return hint(f"the suspect index is {state}", _MADE_ANEW)
            health = index.health()
            found = f"{health.engine}, {health.documents} suspects, {size(health.size)}"
            if health.engine == "embedded" and health.size > _LARGEST_READ:
                return ok(f"{found}; too large to be read to its end here: counterfoil index verify does")
            index.check()
        except IndexUnavailable as error:
            return wrong(str(error))
    return ok(found)


def check_outbox(place: Place) -> Finding:
    """What changes reaches the index within minutes."""
    moment = now()
    with place.tables() as connection:
        waiting, parked = waiting_changes(connection), parked_changes(connection)
    problems = []
    if waiting.since is not None and moment - waiting.since > _OLD:
        remedy = "is the index ok (above), and does `work --role deliver` run (service)?"
        text = f"{waiting.count} changes wait for the index, the oldest for {ago(waiting.since, moment)}"
        problems.append(wrong(text, remedy))
    if parked:
        problems.append(hint(f"{parked} suspects are refused by the index", "counterfoil index parked"))
    return together(problems, f"{waiting.count} changes on their way" if waiting.count else "nothing waits")
