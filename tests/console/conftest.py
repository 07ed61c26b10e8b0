"""A console on a live store, and Debian's chromium, which has no network."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.console.live_store import WATCH, LiveStore, live_store
from tests.server import Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = "chromium"
SECONDS = 120


@dataclass(frozen=True)
class LiveConsole:
    url: str
    store: LiveStore


def console_server(folder: Path, store_port: int, watch: Path, **variables: str) -> Server:
    """The program that the stack starts, on a port of its own."""
    server = Server([sys.executable, "-m", "reduse.console"], {}, folder / "console.log")
    server.environment |= {
        "REDUSE_CONSOLE_PORT": str(server.port),
        "REDUSE_PROMETHEUS_PORT": str(store_port),
        "REDUSE_STATE_DIR": str(folder),
        "REDUSE_WATCH": str(watch),
        **variables,
    }
    return server


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveConsole]:
    if shutil.which("prometheus") is None:
        pytest.skip("no prometheus on PATH: install the package")
    folder = tmp_path_factory.mktemp("console")
    with live_store(folder) as store, console_server(folder, store.port, WATCH) as server:
        yield LiveConsole(server.url, store)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """For one file: as long as playwright is there an event loop runs, within which other tests can run none."""
    from playwright.sync_api import expect, sync_playwright

    program = shutil.which(CHROMIUM)
    if program is None:
        pytest.skip("no chromium on PATH: install the package")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        expect.set_options(timeout=SECONDS * 1000)
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


Open = Callable[..., "Page"]


@pytest.fixture
def open_page(browser: "Browser", live: LiveConsole) -> Iterator[Open]:
    """Opens a page of the console in a browser of its own; nothing may be wrong on its console at the end."""
    complaints: list[str] = []
    with ExitStack() as opened:

        def opens(
            path: str = "/#/", *, width: int = 1280, language: str = "en-GB", dark: bool = False, url: str = live.url
        ) -> "Page":
            context = browser.new_context(
                viewport={"width": width, "height": 800}, locale=language, color_scheme="dark" if dark else "light"
            )
            opened.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(SECONDS * 1000)
            page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(url + path)
            return page

        yield opens
    assert complaints == []
