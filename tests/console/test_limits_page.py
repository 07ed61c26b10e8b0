"""The explorer's numbers are the command's."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from reduse.recommendation.observation import Observation
from reduse.recommendation.reading import HistoryReader
from reduse.store.client import StoreClient
from tests.console.conftest import Open, console_server
from tests.console.live_store import WATCH
from tests.recommendation.conftest import Known
from tests.recommendation.conftest import known as known  # noqa: PLC0414 - a fixture

pytestmark = [pytest.mark.server]

SERVICE = "two"
DAY = 86_400


@pytest.fixture(scope="module")
def limits_url(known: Known, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A console whose store has known traffic, and no history beside it."""
    with console_server(tmp_path_factory.mktemp("limits"), known.port, WATCH) as server:
        yield server.url


def observed(known: Known) -> Observation:
    with StoreClient(known.url) as client:
        return HistoryReader(client).observe(SERVICE, window=DAY, end=known.end + 60)


def figures(page: Page) -> list[str]:
    """What stands in large, after the answer has come."""
    expect(page.locator(".outcome")).to_have_attribute("aria-busy", "false")
    return page.locator(".outcome .figure:not([hidden]) .value").all_inner_texts()


def test_without_a_history_the_numbers_are_those_of_the_ladder_and_it_says_so(
    open_page: Open, limits_url: str, known: Known
) -> None:
    seen = observed(known)
    page = open_page(f"/#/limits/{SERVICE}?limit=5&seconds={DAY}", url=limits_url)
    expect(page.locator(".outcome")).to_contain_text("There is no history to replay here")
    effect = next(each for each in seen.ladder if each.limit == 5)
    share, touched, peak = figures(page)
    assert float(share.partition("\u202f")[0]) == pytest.approx(100 * seen.rejected_share(effect), abs=0.006)
    assert (touched, peak) == (f"{effect.touched:,}", f"{effect.peak}/s")
    expect(page.locator("tr.chosen th")).to_have_text("5/s")
    expect(page.locator(".outcome .more").first).to_have_text(f"{effect.rejected:,} of {seen.requests:,}")


def test_a_slider_asks_again_and_the_address_keeps_the_question(open_page: Open, limits_url: str, known: Known) -> None:
    page = open_page(f"/#/limits/{SERVICE}?limit=5&seconds={DAY}", url=limits_url)
    expect(page.locator("tr.chosen th")).to_have_text("5/s")
    page.get_by_role("button", name="20/s").click()
    expect(page.locator("tr.chosen th")).to_have_text("20/s")
    page.get_by_role("button", name="minute").click()
    expect(page.locator("#limit")).to_have_value("1200")
    expect(page).to_have_url(re.compile("limit=1200&period=minute"))
    page.reload()
    expect(page.locator("#limit")).to_have_value("1200")


def test_where_nothing_was_tried_it_says_what_is_missing(open_page: Open, limits_url: str) -> None:
    page = open_page("/#/limits/nowhere", url=limits_url)
    expect(page.locator(".outcome")).to_contain_text("There is no answer for this limit.")
    expect(page.locator(".outcome .note")).to_contain_text("is the name right")
