"""MHTML (RFC 2557), the single file that browsers save a page with its pictures into."""

import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from email.policy import compat32

from crawlers.archives.dates import read_time
from crawlers.archives.limits import Budget
from crawlers.archives.saved import SavedResponse

_MULTIPART = re.compile(rb"content-type:\s*multipart/", re.IGNORECASE)


def read_mhtml(data: bytes, saved_at: datetime, budget: Budget) -> Iterator[SavedResponse]:
    """The parts of an MHTML file that have an address. Raises UnreadableArchive."""
    # The parser looks for the end of every open part in each line: many within one another would take it hours.
    if len(_MULTIPART.findall(data)) > budget.limits.depth:
        raise budget.refuse(f"has more than {budget.limits.depth} nested parts.")
    message: Message[str, str] = message_from_bytes(data, policy=compat32)
    if not message.is_multipart():
        raise budget.refuse("is no MHTML file, or was cut off: it has no parts.")
    captured_at = read_time(_header(message, "Date"), saved_at)
    whole = _header(message, "Snapshot-Content-Location")
    for part in message.walk():
        if not part.is_multipart():
            budget.enter()
            response = _response(part, whole, captured_at, budget)
            whole = None if response is not None and response.media_type == "text/html" else whole
            if response is not None:
                yield response


def _response(
    part: "Message[str, str]", whole: str | None, captured_at: datetime, budget: Budget
) -> SavedResponse | None:
    media_type = part.get_content_type()
    # The first HTML part is the page; further ones are its frames.
    url = (whole if media_type == "text/html" else None) or _header(part, "Content-Location")
    if not url:
        return None
    body = part.get_payload(decode=True)
    if not isinstance(body, bytes) or not body:
        budget.warn(f"{url[:200]} is skipped: it has no readable content.")
        return None
    if not budget.fits(len(body), url[:200]):
        return None
    budget.unpack(len(body))
    charset = part.get_content_charset()
    content_type = f"{media_type}; charset={charset}" if charset else media_type
    return SavedResponse(url=url, headers={"content-type": content_type}, body=body, captured_at=captured_at)


def _header(part: "Message[str, str]", name: str) -> str | None:
    # Long addresses are folded over several lines; no address has a space in it.
    value = part.get(name)
    text = str(value) if value is not None else ""
    return ("".join(text.split()) if name.endswith("Location") else text.strip()) or None
