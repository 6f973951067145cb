"""Text and addresses as shops leave them in their data: markup, entities, addresses without a scheme or with two."""

import html
import re

from crawlers.addresses import web_address

_TAGS = re.compile(r"<(?:/?[a-zA-Z][^>]{0,500}|!--.{0,2000}?--)>", re.DOTALL)
_BREAKS = re.compile(r"<(?:br|/?li|/tr)\b[^>]{0,100}>", re.IGNORECASE)
_PARAGRAPHS = re.compile(r"</?(?:p|div|h\d|ul|ol|table)\b[^>]{0,100}>", re.IGNORECASE)
_LONGEST = 200_000
_HOST = re.compile(r"^(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/|$)", re.IGNORECASE)


def plain(said: str | None) -> str | None:
    """Text without markup and entities, its spaces single and its paragraphs apart; None where nothing is left."""
    if said is None:
        return None
    text = said[:_LONGEST]
    if "<" in text:
        text = _without_tags(text)
    if "&" in text:
        text = html.unescape(text)
        if "<" in text and ">" in text:
            text = _without_tags(text)
    lines = "\n".join(" ".join(line.split()) for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() or None


def _without_tags(text: str) -> str:
    return _TAGS.sub("", _BREAKS.sub("\n", _PARAGRAPHS.sub("\n\n", text)))


def bare(text: str | None) -> str:
    """Letters and digits alone, without case: what two spellings of one name have in common."""
    return re.sub(r"[\W_]+", "", (text or "").casefold())


def one_line(said: str | None) -> str | None:
    """Plain text in one line."""
    text = plain(said)
    return " ".join(text.split()) if text else None


def fixed_address(said: str | None, base: str | None) -> str | None:
    """The web address that a value means, with the slips repaired that shops make; None where it is none.

    Without a base a relative address stays as it is: it says what the page says.
    """
    if not said or len(said) > 2_000:
        return None
    link = html.unescape(said.strip())
    link = re.sub(r"^(https?:)+(?=https?:)", "", link)
    if not link or link.startswith(("javascript:", "data:", "mailto:", "tel:", "#")) or any(map(str.isspace, link)):
        link = re.sub(r"\s", "%20", link) if link.startswith(("http", "/", "./")) else ""
    if not link:
        return None
    if link.startswith("//"):
        link = "https:" + link
    elif (
        base is None
        and _HOST.match(link)
        and not re.match(r"^[^/]+\.(?:html?|php|aspx?|jsp|jpe?g|png|webp|gif)$", link)
    ):
        link = "https://" + link
    if base is None and not link.startswith(("http://", "https://")):
        return link if "/" in link else None
    return web_address(base or link, link)
