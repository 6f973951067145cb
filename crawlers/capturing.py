"""Keeps captured pages: their files in the evidence store, then the row that names them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from counterfoil.evidence import EvidenceStore
from counterfoil.evidence.warc import Exchange, sha256_of, write_warc
from counterfoil.models import CaptureFile, CaptureMeans, CaptureRole
from counterfoil.store.absences import record_absence
from counterfoil.store.captures import Captured, WantedCapture, fail_capture, record_capture
from counterfoil.version import VERSION
from crawlers.pipelines import RecordingPipeline

# Not found, and gone for good (RFC 9110, 15.5).
GONE = frozenset({404, 410})
_MEDIA_TYPES = {
    CaptureRole.SCREENSHOT: "image/png",
    CaptureRole.PAGE: "text/html; charset=utf-8",
    CaptureRole.WARC: "application/warc",
}


@dataclass(kw_only=True)
class CapturedPage:
    """A page as it was captured; `page` is its HTML as the browser had it, None where there was no browser.

    `robots_override` is why it was asked for whatever robots.txt says of it; None where that was obeyed.
    """

    wanted: WantedCapture
    means: CaptureMeans
    status: int
    final_url: str
    captured_at: datetime
    screenshot: bytes | None = None
    page: bytes | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    robots_override: str | None = None
    remarks: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class FailedCapture:
    """A page that could not be captured, and why; it does not count where the crawl itself was stopped."""

    wanted: WantedCapture
    detail: str
    counts: bool = True


class CapturePipeline(RecordingPipeline):
    """Writes what came of captures, and waits until it is committed."""

    async def process_item(self, item: Any) -> Any:
        """Write one item."""
        recorder = self.spider.recorder
        if recorder is None:
            return item
        if isinstance(item, CapturedPage):
            captured = await self._until_done(recorder.do(partial(_keep, recorder.crawl.evidence, item)))
            await self._until_done(
                recorder.write(partial(record_capture, capture_id=item.wanted.id, captured=captured))
            )
            if captured.status in GONE:
                await self._until_done(recorder.write(partial(_note_absence, item=item)))
        elif isinstance(item, FailedCapture) and item.counts:
            await self._until_done(
                recorder.write(partial(fail_capture, capture_id=item.wanted.id, detail=item.detail[:2_000]))
            )
        return item


def _note_absence(connection: sa.Connection, item: CapturedPage) -> None:
    why = f"{item.final_url}: answered {item.status}"
    record_absence(connection, item.wanted.marketplace, item.wanted.listing_key, why, item.captured_at)


def _keep(evidence: EvidenceStore, item: CapturedPage) -> Captured:
    return Captured(
        means=item.means,
        status=item.status,
        final_url=item.final_url,
        captured_at=item.captured_at,
        detail="; ".join(item.remarks) or None,
        files=tuple(_store(evidence, role, data) for role, data in _files(item)),
    )


def _files(item: CapturedPage) -> Iterator[tuple[CaptureRole, bytes]]:
    """The files, the WARC last: it names the others, so that none can be exchanged for another without it."""
    about = {
        "software": f"Counterfoil/{VERSION}",
        "format": "WARC File Format 1.1",
        "captured-from": item.wanted.url,
        "captured-at": item.captured_at.isoformat(),
        "captured-by": item.means,
        "robots": "obeyed" if item.robots_override is None else f"overridden: {item.robots_override}",
    }
    for role, data in ((CaptureRole.SCREENSHOT, item.screenshot), (CaptureRole.PAGE, item.page)):
        if data is not None:
            about[f"{role}-sha256"] = sha256_of(data)
            yield role, data
    yield CaptureRole.WARC, write_warc(item.exchanges, about)


def _store(evidence: EvidenceStore, role: CaptureRole, data: bytes) -> CaptureFile:
    return CaptureFile(role=role, sha256=evidence.put_capture(data), size=len(data), media_type=_MEDIA_TYPES[role])
