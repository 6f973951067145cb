"""Makes a site's requests wait: all of them for a pause, or each for the delay that the site asks for.

Scrapy keeps one slot of waiting requests for each host; what is done here is done to that slot.
"""

from scrapy import Request
from scrapy.core.downloader import Downloader, Slot
from scrapy.crawler import Crawler
from scrapy.utils.asyncio import call_later

_LEAVE_DELAY = "autothrottle_dont_adjust_delay"


def space_out(crawler: Crawler, request: Request, seconds: float) -> None:
    """Let at least so many seconds pass between two requests to the host of this one."""
    downloader: Downloader = crawler.engine.downloader
    key = downloader.get_slot_key(request)
    least = max(seconds, crawler.settings.getfloat("DOWNLOAD_DELAY"))
    # AutoThrottle knows one least delay for all hosts, and would come back to it.
    request.meta[_LEAVE_DELAY] = True
    if downloader.per_slot_settings.get(key, {}).get("delay", 0) >= least:
        return
    # Also for a slot that is made anew, because nothing was asked of the host for a while. Scrapy would vary the delay
    # by half, downwards too: no jitter.
    downloader.per_slot_settings[key] = {"delay": least, "jitter": 0}
    slot = downloader.slots.get(key)
    if slot is not None:
        slot.delay, slot.jitter = least, 0


def pause(crawler: Crawler, request: Request, seconds: float) -> None:
    """Ask nothing of the host of this request for so many seconds, in place of any wait that is under way."""
    downloader: Downloader = crawler.engine.downloader
    slot: Slot | None = downloader.slots.get(downloader.get_slot_key(request))
    if slot is None:
        return
    # What waits goes on by itself when `latercall` has come; until then the downloader leaves the slot alone.
    if slot.latercall is not None:
        slot.latercall.cancel()
    slot.latercall = call_later(seconds, downloader._latercall, slot)
