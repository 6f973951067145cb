"""What official APIs add to an interface: keys, tokens that run out, and a listing's details for the asking."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from crawlers.apis.base import Ask, Interface, Record, UnexpectedAnswer, inside, text
from crawlers.reading.listing import ReadListing


class OfficialApi(Interface, Protocol):
    """An official API, asked with the operator's own keys.

    `statuses` are those beside 200 whose answers are read: some say with a 404 that nothing was found.
    """

    statuses: tuple[int, ...]

    def token_request(self) -> Ask | None:
        """The request for a token; None where the keys themselves are sent. It holds a secret: never log it."""

    def credentials(self, token: str | None) -> Mapping[str, str]:
        """The headers that prove who asks; secret."""

    def detail(self, record: Record) -> Ask | None:
        """The request for all of a listing, of which results show a part; None where they show all there is."""

    def read_detail(self, data: Any) -> Record:
        """What the answer to a `detail` says. Raises UnexpectedAnswer."""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """OAuth 2.0's grant for an application that asks for itself (RFC 6749, 4.4)."""

    url: str
    client_id: str
    client_secret: str
    scope: str | None = None
    in_header: bool = True

    def request(self) -> Ask:
        """The request for a token."""
        form = {"grant_type": "client_credentials"} | ({"scope": self.scope} if self.scope else {})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self.in_header:
            pair = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        else:
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        return Ask(url=self.url, method="POST", headers=headers, body=urlencode(form).encode())


def read_token(data: Any) -> str:
    """The token in an answer (RFC 6749, 5.1). Raises UnexpectedAnswer."""
    token = text(inside(data, "access_token"))
    if token is None or not token.isascii() or not token.isprintable():
        raise UnexpectedAnswer("the answer has no access_token")
    return token


def whole_listing(data: Any, read: Callable[[dict[str, Any]], ReadListing]) -> Record:
    """The record of a listing's details. Raises UnexpectedAnswer for what is no listing with a title."""
    if not isinstance(data, dict) or text(data.get("title")) is None:
        raise UnexpectedAnswer("the answer is no listing with a title")
    return Record(read=read(data), raw=data)
