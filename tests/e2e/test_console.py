"""The console of the running stack: a person who has read nothing finds the limit, and whom it touches."""

import json

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import browser as browser  # noqa: PLC0414 - a fixture
from tests.e2e.stack import Stack
from tests.reference import ROWS

pytestmark = [pytest.mark.server, pytest.mark.e2e]

LOAD_SECONDS = 90
RATE = 30
LIVE_MS = LOAD_SECONDS * 1000


def opened(browser: Browser, stack: Stack, complaints: list[str]) -> Page:
    page = browser.new_page(locale="en-GB")
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"http://127.0.0.1:{stack.settings.console_port}")
    return page


def test_by_clicking_alone_one_gets_from_up_to_which_limit_and_whom_it_touches(stack: Stack, browser: Browser) -> None:
    """The clicks are written down in docs/console.md."""
    complaints: list[str] = []
    load = stack.start_load(LOAD_SECONDS, RATE)
    try:
        page = opened(browser, stack, complaints)
        expect(page.locator(".figure").first).to_contain_text(f"{len(ROWS)} / {len(ROWS)}", timeout=LIVE_MS)
        expect(page.locator(".cards .state.good")).to_have_count(len(ROWS))
        page.get_by_role("link", name="Try a limit").click()
        expect(page.locator(".verdict")).to_contain_text("A limit of", timeout=LIVE_MS)
        page.locator("#limit").fill("0.2")
        expect(page.locator(".verdict")).to_contain_text("would have touched", timeout=LIVE_MS)
        user = page.locator(".outcome tbody th").first
        expect(user).to_be_visible()
        hashed = user.inner_text()
    finally:
        load.stop()
    said = json.loads(stack.reduse("what-if", "--service", "mes-api", "--limit", "0.2", "--json").stdout)
    assert hashed in [each["user"] for each in said["limits"][0]["users"]]
    assert complaints == []
    page.close()


def test_status_names_the_console(stack: Stack) -> None:
    parts = {part["name"]: part["state"] for part in json.loads(stack.reduse("status", "--json").stdout)}
    assert parts["console"] == "RUNNING"
