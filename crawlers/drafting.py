"""Drafts what a declaration needs to know from a few addresses and pages: what a listing's address looks like."""

import re
from collections import Counter
from collections.abc import Sequence
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from crawlers.reading.listing import ReadListing

# Between the parts of a title, or left over at one of its ends.
_SEPARATOR = re.compile(r"(?:^|\s)[|–—·•:»-](?=\s|$)")
_LONGEST_TITLE = 100
_DIGITS = re.compile(r"\d{3,}")
_ENDING = re.compile(r"\.[a-z]{2,5}$")
# What every listing's page is asked to show, if one that was read did.
_TELLING = ("title", "price", "images", "seller")


def site_title(named: str, titles: Sequence[str]) -> str | None:
    """What a site calls itself: as it says, else the part that the titles of two of its pages share."""
    told = " ".join(named.split())
    if told:
        return told[:_LONGEST_TITLE]
    parts = [[part for part in map(str.strip, _SEPARATOR.split(" ".join(title.split()))) if part] for title in titles]
    shared = [part for part in parts[0] if all(part in others for others in parts[1:])] if len(parts) > 1 else []
    chosen = max(shared, key=len, default=None) or (" ".join(titles[0].split()) if titles else None)
    return chosen[:_LONGEST_TITLE] if chosen else None


def search_template(url: str, words: str) -> str | None:
    """The address of a page of results with `{query}` in the place of the words it was asked for; None without them."""
    parts = urlsplit(url)
    said = parse_qsl(parts.query, keep_blank_values=True)
    wanted = words.casefold()
    if not any(value.casefold() == wanted for _, value in said):
        path = re.sub(re.escape(quote(words)), "{query}", parts.path, flags=re.IGNORECASE)
        return parts._replace(path=path, fragment="").geturl() if "{query}" in path else None
    asked = urlencode([(name, "\0" if value.casefold() == wanted else value) for name, value in said])
    return parts._replace(query=asked.replace("%00", "{query}"), fragment="").geturl()


def listing_pattern(urls: Sequence[str]) -> str | None:
    """A pattern of the addresses of listings, with the group `id`; None where they have nothing in common.

    What is the same in all of them stays as it is; the id is what differs, the digits in it if they alone do.
    """
    parts = [urlsplit(url) for url in dict.fromkeys(urls)]
    shapes = Counter(len(one.path.split("/")) for one in parts)
    if not shapes:
        return None
    length = shapes.most_common(1)[0][0]
    alike = [one for one in parts if len(one.path.split("/")) == length]
    segments = list(zip(*(one.path.strip("/").split("/") for one in alike), strict=True))
    varying = [place for place, values in enumerate(segments) if _varies(values, len(alike))]
    if not varying:
        return _by_parameter(alike)
    place = next((one for one in reversed(varying) if all(map(_DIGITS.search, segments[one]))), varying[-1])
    written = [
        _id_in(values) if number == place else "[^/]+" if number in varying else re.escape(values[0])
        for number, values in enumerate(segments)
    ]
    end = "/?$" if not _ENDING.search(segments[-1][0]) else "$"
    return "^/" + "/".join(written) + end


def shown_fields(listing: ReadListing) -> list[str]:
    """The fields that a listing's page shows, of those that tell one from any other page."""
    return [name for name in _TELLING if getattr(listing, name)]


def _varies(values: Sequence[str], count: int) -> bool:
    # Of one address alone nobody knows what would differ: its digits, or its last part.
    return len(set(values)) > 1 or (count == 1 and bool(_DIGITS.search(values[0])))


def _id_in(values: Sequence[str]) -> str:
    """The pattern of the segment with the id."""
    if all(value.isdigit() for value in values):
        return r"(?P<id>\d+)"
    for before, after in ((r"[^/]*-", ""), (r"[^/]*-", r"\.[a-z]+"), ("", r"[-.][^/]*"), (r"[^/\d]*", r"(?:-[^/]*)?")):
        # Ids are long; the short numbers in a title are not taken for one.
        if all(re.fullmatch(rf"{before}\d{{3,}}{after}", value) for value in values):
            return rf"{before}(?P<id>\d{{3,}}){after}"
    endings = {found[0] if (found := _ENDING.search(value)) else "" for value in values}
    if len(endings) == 1 and (ending := endings.pop()):
        return rf"(?P<id>[^/]+){re.escape(ending)}"
    return "(?P<id>[^/]+)"


def _by_parameter(parts: Sequence[SplitResult]) -> str | None:
    """The pattern where the id is a parameter: the one that differs in all addresses, or has digits in the only one."""
    said = [dict(parse_qsl(one.query)) for one in parts]
    for name in said[0]:
        values = {one.get(name, "") for one in said}
        if "" not in values and len(values) == len(parts) and all(map(_DIGITS.search, values)):
            digits = r"\d+" if all(value.isdigit() for value in values) else "[^&]+"
            return rf"^{re.escape(parts[0].path)}\?(?:.*&)?{re.escape(name)}=(?P<id>{digits})"
    if len(parts) == 1 and parts[0].path.strip("/"):
        *above, _last = parts[0].path.strip("/").split("/")
        return "^/" + "".join(f"{re.escape(one)}/" for one in above) + "(?P<id>[^/]+)/?$"
    return None
