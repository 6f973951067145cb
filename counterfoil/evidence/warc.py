"""WARC files (ISO 28500, version 1.1): the traffic of a captured page, written and verified with warcio.

A plain response is kept as it came; of what a browser has received only the unpacked body is known. Fields that no
longer say how a body is packed are kept under another name, so that no reader of the file unpacks it a second time.
"""

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.utils import Digester
from warcio.warcwriter import WARCWriter

# Of the connection, which has undone them; and of the body, which a browser has unpacked.
_FRAMING = frozenset({"transfer-encoding", "content-length"})
_PACKING = _FRAMING | {"content-encoding"}
_RENAMED = "X-Original-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and its response; `truncated` says why the body is not whole (WARC-Truncated).

    A body is `unpacked`, or as it came by the wire.
    """

    url: str
    at: datetime
    status: int
    reason: str = ""
    method: str = "GET"
    request_fields: tuple[tuple[str, str], ...] = ()
    request_body: bytes = b""
    response_fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    unpacked: bool = True
    truncated: str | None = None


def write_warc(exchanges: Iterable[Exchange], about: Mapping[str, str]) -> bytes:
    """A WARC file, each record compressed by itself: `about` first, then each response with its request."""
    out = io.BytesIO()
    writer = _Writer(out, gzip=True, warc_version="WARC/1.1")
    writer.write_record(writer.create_warcinfo_record("", dict(about)))
    for exchange in exchanges:
        writer.write_request_response_pair(_request(writer, exchange), _response(writer, exchange))
    return out.getvalue()


def read_warc(data: bytes) -> Iterator[tuple[str, str, int | None]]:
    """What is in a WARC file: type, address and status of each record, in its order."""
    for record in ArchiveIterator(io.BytesIO(data)):
        status = record.http_headers.get_statuscode() if record.rec_type == "response" else None
        address = record.rec_headers.get_header("WARC-Target-URI") or ""
        yield record.rec_type, address, int(status) if status and status.isdigit() else None


def read_about(data: bytes) -> dict[str, str]:
    """What a WARC file says of itself, in its first record."""
    for record in ArchiveIterator(io.BytesIO(data)):
        lines = record.content_stream().read().decode("utf-8", "replace").splitlines()
        return {name: value for name, _, value in (line.partition(": ") for line in lines)}
    return {}


def warc_problems(data: bytes) -> list[str]:
    """What is wrong with a WARC file: digests that do not fit, records without one or without a date, no records."""
    problems: list[str] = []
    records = 0
    try:
        for record in ArchiveIterator(io.BytesIO(data), check_digests=True):
            records += 1
            record.content_stream().read()
            where = f"record {records} ({record.rec_type})"
            problems += [f"{where}: {problem}" for problem in record.digest_checker.problems]
            fields = record.rec_headers
            if not fields.get_header("WARC-Block-Digest"):
                problems.append(f"{where} has no digest")
            if not _is_date(fields.get_header("WARC-Date")):
                problems.append(f"{where} has no date")
    except Exception as error:  # whatever the reader makes of damaged bytes
        problems.append(f"cannot be read after record {records}: {error}")
    return problems or ([] if records else ["holds no records"])


class _Writer(WARCWriter):  # type: ignore[misc] # has no types
    @staticmethod
    def _create_digester() -> Digester:
        return Digester("sha256")


def _request(writer: WARCWriter, exchange: Exchange) -> object:
    target = exchange.url.partition("://")[2].partition("/")
    head = StatusAndHeaders(
        f"{exchange.method} /{target[2].partition('#')[0]} HTTP/1.1",
        _fields(exchange.request_fields, frozenset()),
        is_http_request=True,
    )
    return writer.create_warc_record(
        exchange.url,
        "request",
        payload=io.BytesIO(exchange.request_body),
        length=len(exchange.request_body),
        warc_headers_dict={"WARC-Date": _date(exchange.at)},
        http_headers=head,
    )


def _response(writer: WARCWriter, exchange: Exchange) -> object:
    said = f"{exchange.status} {exchange.reason}".strip()
    fields = _fields(exchange.response_fields, _PACKING if exchange.unpacked else _FRAMING)
    fields.append(("Content-Length", str(len(exchange.body))))
    head = StatusAndHeaders(said, fields, protocol="HTTP/1.1")
    more = {"WARC-Truncated": exchange.truncated} if exchange.truncated else {}
    return writer.create_warc_record(
        exchange.url,
        "response",
        payload=io.BytesIO(exchange.body),
        length=len(exchange.body),
        warc_headers_dict={"WARC-Date": _date(exchange.at), **more},
        http_headers=head,
    )


def _fields(fields: Iterable[tuple[str, str]], renamed: frozenset[str]) -> list[tuple[str, str]]:
    """Header fields as they came, on one line each; those that no longer hold under another name."""
    kept = []
    for name, value in fields:
        kept_name = f"{_RENAMED}{name}" if name.lower() in renamed else name
        # HTTP/2 has fields such as `:authority`, and Chromium joins values that came several times by line ends.
        kept += [(kept_name, line.strip()) for line in value.splitlines() or [""] if not name.startswith(":")]
    return kept


def _date(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _is_date(text: str | None) -> bool:
    try:
        return bool(text) and datetime.fromisoformat(str(text)).tzinfo is not None
    except ValueError:
        return False


def sha256_of(data: bytes) -> str:
    """The name that a file with these bytes has in the evidence store."""
    return hashlib.sha256(data).hexdigest()
