"""Crawls for programs."""

from fastapi import APIRouter

from console.contract.pages import Cursor, Limit, Page, newest_page_of
from console.guards.access import needs
from console.request import CurrentSession
from console.schemas.fields import PathId
from console.schemas.monitoring import CrawlShown
from counterfoil.models import Role
from counterfoil.store.crawls import crawls_before, get_crawl_of

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
