"""The report of the running stack, opened by a browser that has no network."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.stack import Stack
from tests.reference import BOARDS
from tests.waiting import wait_until

pytestmark = [pytest.mark.server, pytest.mark.e2e]

LOAD_SECONDS = 120


def open_in_chromium(page: Path, *options: str) -> str:
    """What the browser makes of the page."""
    folder = page.parent / "browser"
    finished = subprocess.run(
        [
            *["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}"],
            *["--host-resolver-rules=MAP * ~NOTFOUND", "--window-size=1300,2000", *options, page.as_uri()],
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def panels_with_data(stack: Stack, page: Path) -> int:
    """Write the report; how many panels it has drawn."""
    finished = stack.reduse("report", "--window", "5m", "--output", str(page))
    assert finished.returncode == 0, finished.stderr
    return int(re.findall(r": (\d+) panels with data", finished.stdout)[0])


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on PATH: install the package")
def test_a_browser_without_network_shows_every_panel(stack: Stack, tmp_path: Path) -> None:
    page, picture = tmp_path / "report.html", tmp_path / "report.png"
    panels = sum(len(list(board.panels)) for board in BOARDS)
    wanted = panels - sum(panel.may_be_empty for board in BOARDS for panel in board.panels)
    load = stack.start_load(LOAD_SECONDS, 40)
    try:
        wait_until(lambda: panels_with_data(stack, page) >= wanted, "data in every panel", LOAD_SECONDS)
    finally:
        load.stop()
    drawn = panels_with_data(stack, page)

    shown = open_in_chromium(page, "--dump-dom")
    # Kafka is not in use.
    unused = [section for board in BOARDS for section in board.sections if section.folded]
    assert shown.count("<figure ") == panels - sum(len(section.panels) for section in unused)
    assert shown.count("<svg") == drawn
    for board in BOARDS:
        assert f'<h2 id="{board.name}">' in shown
    open_in_chromium(page, f"--screenshot={picture}")
    # A page of nothing is a few kilobytes.
    assert picture.stat().st_size > 50_000
