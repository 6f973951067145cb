"""Where a suspect stands in the search that it was reached by: its neighbours there."""

from dataclasses import dataclass, replace

from console.session import RequestSession
from console.web.searching import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The addresses of the suspects before and after it, where there are."""

    previous: str | None
    next: str | None


def queue_of(session: RequestSession, asked: Asked, suspect_id: int) -> Queue:
    """Its neighbours on the page of the list where it stands, and beyond that page's end."""
    page = session.index.order(asked.query(session))
    ids = page.suspect_ids
    if suspect_id not in ids:
        # Decided, and so no longer what was searched for; whatever is first now is next.
        return Queue(previous=None, next=_address(asked, ids[0]) if ids else None)
    place = ids.index(suspect_id)
    previous = _address(asked, ids[place - 1]) if place else None
    if place + 1 < len(ids):
        return Queue(previous=previous, next=_address(asked, ids[place + 1]))
    return Queue(previous=previous, next=_beyond(session, asked, page.next_cursor))


def _beyond(session: RequestSession, asked: Asked, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    beyond = replace(asked, cursor=cursor)
    first = session.index.order(beyond.query(session)).suspect_ids[:1]
    return _address(beyond, first[0]) if first else None


def _address(asked: Asked, suspect_id: int) -> str:
    return asked.address(f"/suspects/{suspect_id}")
