"""What tests with a real Chromium share: whether it is there, how root may run it, and which processes are browsers."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import uvicorn
from conftest import skip
from people import HOST
from playwright.sync_api import Browser, Page, sync_playwright
from servers import free_port

from console.app import create_app
from console.installation import Installation
from counterfoil.chromium import find_chromium
from counterfoil.settings import load_settings

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

# In a container the tests are root, and root's Chromium has no sandbox.
ALLOWED = {"COUNTERFOIL_BROWSER_SANDBOX": "false"}

# A file in the hands of a person: dropped onto an element.
DROP = """([selector, bytes]) => {
  const held = new DataTransfer();
  held.items.add(new File([new Uint8Array(bytes)], "dropped.png", { type: "image/png" }));
  const place = document.querySelector(selector);
  for (const kind of ["dragover", "drop"]) {
    place.dispatchEvent(new DragEvent(kind, { dataTransfer: held, bubbles: true, cancelable: true }));
  }
}"""
# A picture as another program leaves it in the clipboard; the page must have leave to write there.
PASTE = """async (bytes) => {
  const picture = new Blob([new Uint8Array(bytes)], { type: "image/png" });
  await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
}"""


def require_chromium() -> None:
    """Skip where there is no Chromium."""
    if find_chromium(load_settings({})) is None:
        skip("Chromium is not installed (make services)")


def browsers_of(folder: Path) -> list[psutil.Process]:
    """The processes of browsers whose temporary folder is below this one, however they came to be there."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(folder) in process.environ().get("TMPDIR", "") and "chrom" in process.name():
                found.append(process)
        except psutil.Error:
            continue
    return [process for process in found if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


@contextmanager
def serving_pages(installation: Installation) -> Iterator[str]:
    """The console in a real server of this process; its address."""
    port = free_port()
    config = uvicorn.Config(create_app(installation), host="127.0.0.1", port=port, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"{HOST}:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def a_chromium() -> Iterator[Browser]:
    """A browser of one's own, without a window."""
    require_chromium()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(load_settings({})), args=FLAGS)
        yield chromium
        chromium.close()


def shoot(page: Page, tmp_path: Path, name: str) -> None:
    """The page in light and dark, at a desk and on a telephone, to be looked at: COUNTERFOIL_TEST_SCREENSHOTS."""
    folder = Path(os.environ.get("COUNTERFOIL_TEST_SCREENSHOTS") or tmp_path / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    # A page that has just come is as wide as it likes until its style sheets are there.
    page.wait_for_load_state()
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        for light in ("light", "dark"):
            page.emulate_media(color_scheme=light)
            page.screenshot(path=folder / f"session-{name}-{width}-{light}.png", full_page=True)
