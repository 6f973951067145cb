"""Waits until a page's scripts have shown what they have to show, and no longer."""

from contextlib import suppress

from playwright.async_api import Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from crawlers.browser.requests import Ready

# Once what was waited for is there, the rest of it may take so long; a page that never falls quiet is taken as it is.
_QUIET_SECONDS = 5


async def settle(page: Page, ready: Ready) -> None:
    """Return when the page is ready, or has had its time; what it lacks then is for its reader to say."""
    with suppress(PlaywrightTimeout):
        if ready.selectors:
            selector = "css=" + ", ".join(ready.selectors)
            await page.wait_for_selector(selector, state="attached", timeout=ready.seconds * 1000)
        else:
            await page.wait_for_load_state("networkidle", timeout=min(ready.seconds, _QUIET_SECONDS) * 1000)
