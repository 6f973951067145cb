"""Scrapy's settings, made from Counterfoil's.

Scrapy's defaults are made for a person at a desk; every one that is unsafe in a service is changed here. What belongs
to one crawl (delay, concurrency) is set by `crawlers.base` when the crawl is known.
"""

from counterfoil.settings import load_settings
from counterfoil.version import user_agent

_ours = load_settings()
_largest = _ours.response_megabytes * 1024 * 1024

BOT_NAME = "counterfoil"
SPIDER_MODULES = ["crawlers.spiders"]
COMMANDS_MODULE = "crawlers.commands"
SCRAPY_POET_PROVIDERS = {"crawlers.providers.DeclarationProvider": 100}

USER_AGENT = user_agent(_ours)
# Sites name a crawler by its product token alone (RFC 9309, 2.2.1).
ROBOTSTXT_USER_AGENT = "Counterfoil"
REFERRER_POLICY = "strict-origin-when-cross-origin"
COOKIES_ENABLED = True
# Scrapy's own reader of robots.txt fetches pages when robots.txt cannot be had; `crawlers.robots` takes its place.
ROBOTSTXT_OBEY = False

DOWNLOADER_MIDDLEWARES = {
    "crawlers.egress.EgressMiddleware": 40,
    "crawlers.robots.RobotsMiddleware": 100,
    "crawlers.providers.PageInjection": 543,
    # Nearer to the downloader than Scrapy's RetryMiddleware (550), which would ask again at once.
    "crawlers.retry_after.RetryAfterMiddleware": 555,
    # The same: a refused address is not asked again.
    "crawlers.egress.RefusedNameMiddleware": 560,
    # In the place of the one it is made of.
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "crawlers.unpacking.UnpackingMiddleware": 590,
    # The nearest: also what has waited for robots.txt meanwhile is not sent when the crawl is ending.
    "crawlers.stopping.StoppingMiddleware": 900,
}
ITEM_PIPELINES = {
    "crawlers.pipelines.ImagePipeline": 300,
    "crawlers.pipelines.StorePipeline": 800,
    "crawlers.capturing.CapturePipeline": 800,
}
EXTENSIONS = {"crawlers.extensions.Bookkeeping": 0, "crawlers.memory.LargeBodies": 0}
# Best ranked first, in case a limit cuts the rest off; Scrapy's default takes the last that was found.
SCHEDULER_MEMORY_QUEUE = "scrapy.squeues.FifoMemoryQueue"
# Scrapy makes so many asyncio tasks for each response, needed or not: a hundred cost more than reading the page.
CONCURRENT_ITEMS = 4
# The look for it reads every callback's source; the type checker finds the same mistake before.
WARN_ON_GENERATOR_RETURN_VALUE = False

# Of a body as it comes and, by HttpCompressionMiddleware, of what it unpacks to.
DOWNLOAD_MAXSIZE = _largest
DOWNLOAD_WARNSIZE = _largest
# From the start of a request to its last byte, however slowly they drip.
DOWNLOAD_TIMEOUT = _ours.request_seconds
DOWNLOAD_VERIFY_CERTIFICATES = True
DOWNLOAD_HANDLERS = {
    **dict.fromkeys(("http", "https"), "crawlers.downloads.StoppableDownloads"),
    **dict.fromkeys(("data", "file", "ftp", "s3")),
}
TWISTED_DNS_RESOLVER = "crawlers.resolver.GuardedResolver"
REDIRECT_MAX_TIMES = 5
METAREFRESH_ENABLED = False
RETRY_TIMES = 2
# Without 429: who is told to slow down does not ask again at once.
RETRY_HTTP_CODES = [500, 502, 503, 504, 522, 524, 408]

AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_MAX_DELAY = 60

TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
MEMUSAGE_ENABLED = True
MEMUSAGE_LIMIT_MB = 1_500
MEMUSAGE_CHECK_INTERVAL_SECONDS = 10
# HTTPCACHE and JOBDIR stay off: both read pickles, and JOBDIR loses requests when the process is killed. What a crawl
# has seen is in the database. CrawlLimits are kept by `crawlers.frontier` and `crawlers.extensions`, not by
# CLOSESPIDER_*, which would count pictures and robots.txt as pages.

FEED_EXPORT_ENCODING = "utf-8"
FEED_EXPORT_FIELDS = [
    *("listing_id", "url", "title", "price", "price_max", "currency", "availability", "condition"),
    *("seller_id", "seller_name", "seller_url", "ships_from", "category", "brand", "sku", "gtin"),
    *("images", "description", "attributes", "sightings"),
]

LOG_LEVEL = _ours.log_level
LOG_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
LOG_VERSIONS: list[str] = []
STATS_DUMP = False
