"""HTTP Archives (HAR 1.2) as browsers' developer tools save them."""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from crawlers.archives.dates import read_time
from crawlers.archives.limits import Budget
from crawlers.archives.saved import SavedResponse


def read_har(data: bytes, saved_at: datetime, budget: Budget) -> Iterator[SavedResponse]:
    """The responses of a HAR file. Raises UnreadableArchive."""
    for number, entry in enumerate(_entries(data, budget), 1):
        budget.enter()
        try:
            response = _response(entry, saved_at, budget)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            budget.warn(f"entry {number} is skipped: it is no HAR entry ({type(error).__name__}: {error}).")
            continue
        if response is not None:
            yield response


def _entries(data: bytes, budget: Budget) -> list[Any]:
    try:
        entries = json.loads(data)["log"]["entries"]
    except (ValueError, KeyError, TypeError) as error:
        raise budget.refuse(f"is no HAR file: it has no log with entries ({error}).") from error
    except RecursionError as error:
        raise budget.refuse("is nested too deep.") from error
    if not isinstance(entries, list):
        raise budget.refuse("is no HAR file: its entries are no list.")
    return entries


def _response(entry: Mapping[str, Any], saved_at: datetime, budget: Budget) -> SavedResponse | None:
    url, answer = str(entry["request"]["url"]), entry["response"]
    content = answer.get("content") or {}
    text = content.get("text")
    # Redirects, answers out of a cache and what a browser did not keep have no content.
    if not isinstance(text, str) or not text:
        return None
    if not budget.fits(len(text) * 3 // 4 if content.get("encoding") == "base64" else len(text), url[:200]):
        return None
    # Half a surrogate pair is no character: a browser writes one where it has cut a text.
    body = base64.b64decode(text) if content.get("encoding") == "base64" else text.encode("utf-8", "replace")
    budget.unpack(len(body))
    headers = {str(one["name"]).lower(): str(one["value"]) for one in answer.get("headers") or []}
    headers.setdefault("content-type", str(content.get("mimeType") or ""))
    if content.get("encoding") != "base64":
        # What stands in a HAR as text was decoded by the browser.
        headers["content-type"] = headers["content-type"].partition(";")[0] + "; charset=utf-8"
    return SavedResponse(
        url=url,
        status=int(answer.get("status") or 0),
        headers=headers,
        body=body,
        captured_at=read_time(str(entry.get("startedDateTime") or ""), saved_at),
    )
