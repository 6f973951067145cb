"""What an archive holds: responses as a browser or crawler once received them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedResponse:
    """One saved response: `body` without transfer and content encoding, `headers` by lower-case name.

    `captured_at` is aware; it is when the archive says that it was saved, else the file's own time.
    """

    url: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(repr=False)
    captured_at: datetime

    @property
    def media_type(self) -> str:
        """The declared media type, without parameters; empty where none is declared."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()
