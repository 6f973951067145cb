"""Takes down a page as a person would see it: a picture of all of it, and everything that it loads."""

import asyncio
import logging
from contextlib import suppress

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, Request, Response
from playwright.async_api import TimeoutError as PlaywrightTimeout

from counterfoil.clock import now
from counterfoil.evidence.warc import Exchange

log = logging.getLogger(__name__)

_MOST_EXCHANGES = 500
_MOST_BYTES = 64 * 1024 * 1024
# Chromium draws no texture higher than this.
_HIGHEST = 16_000
_WIDTH = 1280
_QUIET_SECONDS = 5
_SCREENSHOT_SECONDS = 20
# Pictures further down are often loaded only when a person comes near.
_SCROLL_DOWN = """async () => {
  for (let y = 0, step = 0; y < document.documentElement.scrollHeight && step < 25; y += innerHeight, step += 1) {
    scrollTo(0, y);
    await new Promise(done => setTimeout(done, 60));
  }
  scrollTo(0, 0);
}"""


class PageRecording:
    """What one page showed and loaded: `exchanges` in the order of their answers, `screenshot` a PNG or None."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.screenshot: bytes | None = None
        self.remarks: list[str] = []
        self._left = _MOST_BYTES
        self._under_way: set[asyncio.Task[None]] = set()

    async def attach(self, page: Page, _request: object) -> None:
        """Listen to what the page loads, from its first request on."""
        page.on("requestfinished", self._finished)

    async def take(self, page: Page) -> None:
        """Take the picture, and wait for the bodies of what was loaded."""
        with suppress(PlaywrightTimeout):
            await page.evaluate(_SCROLL_DOWN)
            await page.wait_for_load_state("networkidle", timeout=_QUIET_SECONDS * 1000)
        try:
            self.screenshot = await self._photograph(page)
        except PlaywrightError as error:
            self.remarks.append(f"no screenshot could be taken: {error.message.splitlines()[0][:200]}")
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _photograph(self, page: Page) -> bytes:
        height = int(await page.evaluate("document.documentElement.scrollHeight"))
        if height > _HIGHEST:
            self.remarks.append(f"the screenshot shows the first {_HIGHEST:,} of {height:,} pixels of height")
            await page.set_viewport_size({"width": _WIDTH, "height": _HIGHEST})
        return await page.screenshot(
            full_page=height <= _HIGHEST, type="png", animations="disabled", timeout=_SCREENSHOT_SECONDS * 1000
        )

    def _finished(self, request: Request) -> None:
        if len(self.exchanges) + len(self._under_way) >= _MOST_EXCHANGES:
            if "only the first" not in " ".join(self.remarks):
                self.remarks.append(f"only the first {_MOST_EXCHANGES} requests of the page were taken down")
            return
        task = asyncio.ensure_future(self._take_down(request))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _take_down(self, request: Request) -> None:
        response = await request.response()
        if response is None:
            return
        body, truncated = await self._body(response)
        self._left -= len(body)
        self.exchanges.append(
            Exchange(
                url=request.url,
                at=now(),
                status=response.status,
                reason=response.status_text,
                method=request.method,
                request_fields=tuple((await request.all_headers()).items()),
                request_body=request.post_data_buffer or b"",
                response_fields=tuple((await response.all_headers()).items()),
                body=body,
                truncated=truncated,
            )
        )

    async def _body(self, response: Response) -> tuple[bytes, str | None]:
        """The body, or why there is none, in a word that WARC knows (ISO 28500, 5.13)."""
        if 300 <= response.status < 400:
            return b"", None
        try:
            body = await response.body()
        except PlaywrightError:
            # Let go by the browser already: too large, or of a page that was left.
            return b"", "unspecified"
        return (body, None) if len(body) <= self._left else (b"", "length")
