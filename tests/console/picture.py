"""Draws the pages of a running console as pictures: `python -m tests.console.picture URL FOLDER`.

Those in docs/images are of the reference company, a quarter of an hour after `./reduse up`.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import ViewportSize, sync_playwright

PAGES = {"console": "/#/", "console-limits": "/#/limits?limit=2&period=second&seconds=3600"}
SIZE: ViewportSize = {"width": 1280, "height": 860}
SETTLE_MS = 4000


def draw(url: str, folder: Path) -> None:
    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("no chromium on PATH: install the package.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, path in PAGES.items():
            page = browser.new_page(viewport=SIZE, locale="en-GB", color_scheme="light")
            page.goto(url + path)
            page.wait_for_timeout(SETTLE_MS)
            page.screenshot(path=folder / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    draw(sys.argv[1], Path(sys.argv[2]))
