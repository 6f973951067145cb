"""Saves pages for the tests, in every form that a person's browser or archiver saves them."""

import base64
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

Responses = Sequence[tuple[str, str, bytes]]
DATE = "2024-03-05T10:20:30Z"


def warc(responses: Responses, *, gzip: bool = True, headers: Mapping[str, str] | None = None) -> bytes:
    """(address, media type, body) as a WARC file."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=gzip)
    out_info = writer.create_warcinfo_record("x.warc.gz", {"software": "tests"})
    writer.write_record(out_info)
    for url, media_type, body in responses:
        fields = [("Content-Type", media_type), ("Content-Length", str(len(body))), *(headers or {}).items()]
        http = StatusAndHeaders("200 OK", fields, protocol="HTTP/1.1")
        record = writer.create_warc_record(
            url, "response", payload=io.BytesIO(body), http_headers=http, warc_headers_dict={"WARC-Date": DATE}
        )
        writer.write_record(record)
    return out.getvalue()


def wacz(responses: Responses) -> bytes:
    """The same as a WACZ."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("datapackage.json", "{}")
        archive.writestr("archive/data.warc.gz", warc(responses))
    return out.getvalue()


def har(responses: Responses) -> bytes:
    """The same as a HAR: text as text, everything else in base64."""
    entries = [
        {
            "startedDateTime": DATE,
            "request": {"method": "GET", "url": url},
            "response": {
                "status": 200,
                "headers": [{"name": "Content-Type", "value": media_type}],
                "content": _content(media_type, body),
            },
        }
        for url, media_type, body in responses
    ]
    return json.dumps({"log": {"version": "1.2", "entries": entries}}).encode()


def mhtml(responses: Responses) -> bytes:
    """The same as Chromium's MHTML: the first is the page."""
    message = EmailMessage()
    message["From"] = "<Saved by Blink>"
    message["Snapshot-Content-Location"] = responses[0][0]
    message["Subject"] = "a page"
    message["Date"] = "Tue, 5 Mar 2024 10:20:30 -0000"
    message.make_related()
    for url, media_type, body in responses:
        main, _, sub = media_type.partition("/")
        part = EmailMessage()
        part.set_content(body, maintype=main, subtype=sub)
        part["Content-Location"] = url
        message.attach(part)
    return message.as_bytes()


def html(responses: Responses) -> bytes:
    """The first response as a browser saves it, its address in a comment."""
    url, _, body = responses[0]
    return f"<!-- saved from url=({len(url):04}){url} -->\n".encode() + body


def single_file(responses: Responses) -> bytes:
    """The first response as SingleFile saves it: the pictures put in where they are shown."""
    url, _, body = responses[0]
    for address, media_type, picture in responses[1:]:
        data = f"data:{media_type};base64,{base64.b64encode(picture).decode()}"
        body = body.replace(f'src="{address}"'.encode(), f'src="{data}"'.encode())
    saved = "Tue Mar 05 2024 11:20:30 GMT+0100 (CET)"
    return (
        f"<!DOCTYPE html> <html><!--\n Page saved with SingleFile \n url: {url} \n saved date: {saved}\n-->".encode()
        + body
    )


FORMS = {
    "page.warc.gz": warc,
    "page.warc": lambda responses: warc(responses, gzip=False),
    "page.wacz": wacz,
    "page.har": har,
    "page.mhtml": mhtml,
    "page.html": html,
    "single.html": single_file,
}


def save(folder: Path, name: str, responses: Responses) -> Path:
    """Save responses in the form of one of the names in FORMS."""
    path = folder / name
    path.write_bytes(FORMS[name](responses))
    return path


def _content(media_type: str, body: bytes) -> dict[str, str]:
    if media_type.startswith("text/") or media_type.endswith("json"):
        return {"mimeType": media_type, "text": body.decode()}
    return {"mimeType": media_type, "encoding": "base64", "text": base64.b64encode(body).decode()}
