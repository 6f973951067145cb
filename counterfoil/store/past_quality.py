"""How well earlier crawls of a marketplace could see: what the newest one is compared with."""

import sqlalchemy as sa

from counterfoil.models import Crawl, CrawlQuality, FinishReason
from counterfoil.store.crawls import quality_of
from counterfoil.store.tables import crawls


def past_quality(connection: sa.Connection, crawl: Crawl, most: int = 5) -> list[CrawlQuality]:
    """The quality of the last crawls of the same owner, marketplace and kind that came to their end, newest first.

    Those that were degraded do not count: what is bad for long would become usual.
    """
    ended = sa.and_(
        crawls.c.owner_id == crawl.owner_id,
        crawls.c.marketplace == crawl.marketplace,
        crawls.c.spider == crawl.spider,
        crawls.c.id < crawl.id,
        crawls.c.reason.in_((FinishReason.FINISHED, FinishReason.LIMIT)),
        crawls.c.degraded.is_(None),
    )
    newest = sa.select(crawls.c.quality).where(ended).order_by(crawls.c.id.desc()).limit(most)
    return [quality for quality in map(quality_of, connection.scalars(newest)) if quality.listings]
