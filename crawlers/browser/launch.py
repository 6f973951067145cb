"""Starts Chromium so that it can reach nothing but through the filtering proxy, and leaves nothing behind.

The browser hangs on the pipe that drives it: when this process dies, however it dies, Playwright's driver and the
browser see the pipe close and end by themselves.
"""

import asyncio
import logging
import os
import sys
from contextlib import suppress
from typing import Any

from playwright.async_api import Browser, BrowserContext, Playwright, async_playwright
from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotSupported

from counterfoil.chromium import browser_obstacle, find_chromium
from counterfoil.egress import guard_from
from counterfoil.settings import Settings, load_settings
from crawlers.browser.memory import family, megabytes
from crawlers.browser.proxy import FilteringProxy
from crawlers.browser.workspace import Workspace

log = logging.getLogger(__name__)

# Chromium keeps a socket some 40 characters below, and the address of a socket has 107 at most (unix(7)).
_LONGEST_FOLDER = 65
_LAUNCH_SECONDS = 30
_WATCH_SECONDS = 1
# Of one page's script; what it keeps elsewhere is seen by the watch over the memory of all processes.
_HEAP_MEGABYTES = 512

_SWITCHES = (
    # What would go past the proxy: QUIC is UDP, WebRTC too, and names are looked up by the proxy alone.
    "--disable-quic",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    # Its older name.
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--dns-prefetch-disable",
    # What a browser does on its own account.
    *(
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-domain-reliability",
    ),
    *("--no-first-run", "--no-pings", "--no-default-browser-check", "--disable-crash-reporter", "--disable-breakpad"),
    # What no page needs to be read.
    *("--block-new-web-contents", "--deny-permission-prompts", "--disable-gpu", "--mute-audio"),
    f"--js-flags=--max-old-space-size={_HEAP_MEGABYTES}",
)
_WITHOUT_IMAGES = "--blink-settings=imagesEnabled=false"


class GuardedChromium:
    """The browser of one crawl: what scrapy-playwright calls a browser provider. Nothing starts before it is needed."""

    def __init__(self, crawler: Crawler, *, images: bool = False) -> None:
        self._crawler = crawler
        self._settings = load_settings()
        self._images = images
        self._workspace: Workspace | None = None
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._watch: asyncio.Task[None] | None = None
        self.proxy = make_proxy(self._settings, crawler)

    async def start(self) -> None:
        """Nothing yet: most crawls that may use a browser never come to need one."""

    async def launch_browser(self) -> Browser:
        """A browser behind the proxy; also another one, when the last has gone. Raises BrowserUnusable."""
        obstacle = browser_obstacle(self._settings)
        if obstacle is not None:
            raise BrowserUnusable(obstacle)
        if self._playwright is None:
            await self._start_driver()
        browser = await self._launch()
        self._watch = asyncio.ensure_future(self._mind_memory(browser))
        return browser

    async def launch_persistent_context(self, context_kwargs: dict[str, Any]) -> BrowserContext:
        """Not offered: a profile that lasts would tell sites who comes again."""
        raise NotSupported("this project's browser keeps no profile")

    async def close(self) -> None:
        """End the driver, the proxy, and what they kept on disk."""
        if self._watch is not None:
            self._watch.cancel()
        if self._playwright is not None:
            with suppress(Exception):  # a driver that has died already says so in many ways
                await self._playwright.stop()
        await self.proxy.close()
        if self._workspace is not None:
            self._workspace.remove()

    async def _start_driver(self) -> None:
        await self.proxy.start()
        self._workspace = Workspace()
        if len(str(self._workspace.folder)) > _LONGEST_FOLDER:
            raise BrowserUnusable(
                f"the folder for temporary files has too long a name (TMPDIR): {self._workspace.folder}"
            )
        with self._workspace.as_temporary_folder():
            self._playwright = await async_playwright().start()

    async def _launch(self) -> Browser:
        if self._playwright is None or self._workspace is None:
            raise BrowserUnusable("the browser was closed")
        images = () if self._images else (_WITHOUT_IMAGES,)
        try:
            return await self._playwright.chromium.launch(
                executable_path=find_chromium(self._settings),
                headless=True,
                chromium_sandbox=self._settings.browser_sandbox,
                # Without the bypass rule a browser asks loopback addresses directly.
                proxy={"server": f"http://127.0.0.1:{self.proxy.port}", "bypass": "<-loopback>"},
                args=[*_SWITCHES, *images],
                ignore_default_args=["--disable-popup-blocking"],
                env={**self._workspace.environment(os.environ)},
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
                timeout=_LAUNCH_SECONDS * 1000,
            )
        except Exception as error:
            raise BrowserUnusable(f"Chromium does not start: {_first_line(error)}") from error

    async def _mind_memory(self, browser: Browser) -> None:
        """Close a browser that has grown too large; whoever waits for a page of it gets a new one."""
        if sys.platform != "linux":
            return
        while browser.is_connected():
            await asyncio.sleep(_WATCH_SECONDS)
            used = await asyncio.to_thread(lambda: megabytes(family(os.getpid())))
            self._crawler.stats.max_value("browser/megabytes", used)
            if used > self._settings.browser_megabytes:
                log.warning("the browser takes %s MB: it is replaced by a new one", used)
                self._crawler.stats.inc_value("browser/replaced")
                await browser.close()


class BrowserUnusable(NotSupported):
    """There is no browser, or it may not or does not run here; the text says what to do."""


def make_proxy(settings: Settings, crawler: Crawler) -> FilteringProxy:
    """The proxy of a crawl's browser: what comes through it counts as what the crawl received."""

    def count(data: bytes) -> None:
        crawler.signals.send_catch_log(signals.bytes_received, data=data, request=None, spider=crawler.spider)

    return FilteringProxy(
        guard_from(settings), upstream=settings.proxy_address, count=count, seconds=settings.request_seconds
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
