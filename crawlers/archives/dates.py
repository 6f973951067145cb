"""Times as archives write them: RFC 3339, RFC 5322, and JavaScript's own."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from counterfoil.clock import now

# Nothing was saved off the web before there was one.
_WEB = 1990
_JAVASCRIPT = re.compile(r"^\w{3} (\w{3}) (\d{1,2}) (\d{4}) (\d\d:\d\d:\d\d) GMT([+-]\d{4})")


def read_time(text: str | None, otherwise: datetime) -> datetime:
    """A time as an aware UTC datetime; `otherwise` where it cannot be read, or lies in the future.

    A clock that was wrong must not make a listing look newer than all that is read of it later.
    """
    moment = _parsed((text or "").strip())
    try:
        moment = moment.astimezone(UTC) if moment else None
    except (OverflowError, ValueError):
        return otherwise
    return moment if moment and moment.year >= _WEB and moment <= now() else otherwise


def _parsed(text: str) -> datetime | None:
    found = _JAVASCRIPT.match(text)
    if found:
        month, day, *rest = found.groups()
        text = " ".join((day, month, *rest))
    for reader in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = reader(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
