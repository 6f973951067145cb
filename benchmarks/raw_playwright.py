"""The peer of the benchmark of browser pages: Playwright by hand, some pages side by side, none of them guarded.

Started by `benchmarks.browser_market` as a process of its own: `python -m benchmarks.raw_playwright URL PAGES OUTPUT`.
"""

import asyncio
import sys
from pathlib import Path
from urllib.parse import urljoin

from parsel import Selector
from playwright.async_api import BrowserContext, async_playwright

from counterfoil.chromium import find_chromium
from counterfoil.settings import load_settings


async def crawl(url: str, pages: int, output: Path) -> None:
    """All pages of results, then all listings, so many at once; their HTML goes nowhere, their titles into a file."""
    async with async_playwright() as playwright:
        settings = load_settings()
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(settings),
            chromium_sandbox=settings.browser_sandbox,
            args=["--disable-gpu", "--blink-settings=imagesEnabled=false"],
        )
        context = await browser.new_context()
        links: list[str] = []
        following: str | None = url
        while following:
            shown = Selector(text=await _content(context, following, "article.card, .no-listings"))
            links += [urljoin(url, link) for link in shown.css("a.card-link::attr(href)").getall()]
            link = shown.css("nav.pagination a[rel=next]::attr(href)").get()
            following = urljoin(url, link) if link else None
        places = asyncio.Semaphore(pages)

        async def title(link: str) -> str:
            async with places:
                html = await _content(context, link, "article.listing")
            return Selector(text=html).css("h1::text").get("")

        titles = await asyncio.gather(*map(title, dict.fromkeys(links)))
        output.write_text("\n".join(titles), encoding="utf-8")
        await browser.close()


async def _content(context: BrowserContext, url: str, ready: str) -> str:
    page = await context.new_page()
    try:
        await page.goto(url, wait_until="domcontentloaded")
        await page.wait_for_selector(ready, state="attached")
        return await page.content()
    finally:
        await page.close()


if __name__ == "__main__":
    asyncio.run(crawl(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
