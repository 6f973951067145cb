"""Crawls for programs."""

from fastapi import APIRouter

from console.contract.pages import Cursor, Limit, Page, newest_page_of
from console.guards.access import needs
from console.request import CurrentSession
from console.run_report import crawl_reports
from console.schemas.fields import PathId
from console.schemas.monitoring import (
    AskedShown,
    CoveredShown,
    CrawlEventShown,
    CrawlReportShown,
    CrawlShown,
    PageFailureShown,
)
from counterfoil.models import Role
from counterfoil.store.crawls import crawls_before, get_crawl_of
from counterfoil.store.runs import get_run

router = APIRouter(prefix="/api/v1/crawls", tags=["crawls"], dependencies=[needs(Role.VIEWER)])


@router.get("")
def list_crawls(session: CurrentSession, cursor: Cursor = None, limit: Limit = 50) -> Page[CrawlShown]:
    """The owner's crawls, newest first."""
    with session.read() as connection:
        return newest_page_of(
            "crawls",
            cursor,
            limit,
            lambda before, most: crawls_before(connection, session.owner.id, before, most),
            CrawlShown,
        )


@router.get("/{crawl_id}")
def get_crawl(session: CurrentSession, crawl_id: PathId) -> CrawlShown:
    """A crawl: what it counted, and why it ended."""
    with session.read() as connection:
        return CrawlShown.model_validate(get_crawl_of(connection, session.owner.id, crawl_id))


@router.get("/{crawl_id}/report")
def get_crawl_report(session: CurrentSession, crawl_id: PathId) -> CrawlReportShown:
    """A crawl for people: why it ended and what to do, what it asked and found, and how well it could see."""
    with session.read() as connection:
        crawl = get_crawl_of(connection, session.owner.id, crawl_id)
        run = get_run(connection, session.owner.id, crawl.run_id)
        (report,) = crawl_reports(connection, session, run, [crawl])
    quality = crawl.quality
    return CrawlReportShown(
        words=report.words,
        remedy=report.remedy,
        expected=report.expected,
        pages=quality.pages,
        parse_rate=quality.parse_rate,
        block_rate=quality.block_rate,
        coverage=[CoveredShown.model_validate(one) for one in report.coverage],
        asked=[AskedShown.model_validate(one) for one in report.asked],
        failures=[PageFailureShown.model_validate(one) for one in quality.failures],
        events=[
            CrawlEventShown(at=at, attempt=attempt, event=event, detail=detail)
            for at, attempt, event, detail in report.events
        ],
    )
