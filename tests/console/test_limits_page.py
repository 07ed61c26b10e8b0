"""The explorer's numbers are the command's."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from reduse.history.names import HOUR, PartName
from reduse.history.numbers import first_number
from reduse.history.rows import WindowRows
from reduse.recommendation.observation import Observation
from reduse.recommendation.reading import HistoryReader
from reduse.store.client import StoreClient
from tests.console.conftest import Open, console_server
from tests.console.live_store import WATCH
from tests.history.windows import mark_whole, write_journal
from tests.ports import free_port
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


@dataclass(frozen=True)
class Recorded:
    """A console beside this history."""

    url: str
    folder: Path

    def what_if(self, *options: str) -> dict[str, Any]:
        """What the command says of it."""
        command = [sys.executable, "-m", "reduse.cli", "what-if", "--service", "mes-api", "--history", str(self.folder)]
        finished = subprocess.run([*command, *options, "--json"], capture_output=True, text=True, check=True)
        found: dict[str, Any] = json.loads(finished.stdout)
        return found


def window(second: int, number: int) -> WindowRows:
    """Seven users: the n-th sends n requests each second; the last one each seventh, and under a policy."""
    users = [user for user in range(1, 8) if user < 7 or second % 7 == 0]
    return WindowRows(
        "mes-api",
        second,
        number,
        ((2, 100), (0, 0), (0, 0)),
        ("", "price"),
        np.array(users, np.uint64),
        np.array([user == 7 for user in users], np.uint8),
        np.array(users, np.int64),
        np.zeros(len(users), np.int64),
        np.array(users, np.int64) * 20_000,
    )


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Of twenty minutes that ended some time ago; the store is away."""
    state = tmp_path_factory.mktemp("recorded")
    folder = state / "data" / "processor" / "history"
    folder.mkdir(parents=True)
    begin = int(time.time()) - 1800
    found = [window(begin + n, first_number(begin) + n) for n in range(1200)]
    for hour, of_it in groupby(found, key=lambda each: each.second // HOUR * HOUR):
        write_journal(folder, str(PartName("processor-a", hour, 0)), list(of_it))
    mark_whole(folder, "processor-a")
    with console_server(state, free_port(), WATCH) as server:
        yield Recorded(server.url, folder)


def pairs(words: list[str]) -> dict[str, str]:
    """Options with their values."""
    return dict(zip(words[::2], words[1::2], strict=True))


@pytest.mark.parametrize(
    ("asked", "options"),
    [
        ("limit=3&period=second", ["--limit", "3/second"]),
        ("limit=90&period=minute&burst=5", ["--limit", "90/minute", "--burst", "5"]),
        ("limit=2&period=second&kind=moving-window", ["--limit", "2/second", "--limiter", "moving-window"]),
        ("limit=60&period=minute&kind=fixed-window", ["--limit", "60/minute", "--limiter", "fixed-window"]),
        ("limit=1&period=second&instances=3", ["--limit", "1/second", "--instances", "3"]),
        ("limit=20&period=minute&policy=price", ["--limit", "20/minute", "--policy", "price"]),
        ("limit=120&period=minute&costs=price%3D5", ["--limit", "120/minute", "--cost", "price=5"]),
        (
            "limit=90&period=minute&kind=moving-window&policy=price&costs=price%3D2.5",
            ["--limit", "90/minute", "--limiter", "moving-window", "--policy", "price", "--cost", "price=2.5"],
        ),
    ],
)
def test_the_numbers_of_the_history_are_those_of_the_command(
    open_page: Open, recorded: Recorded, asked: str, options: list[str]
) -> None:
    wanted = recorded.what_if(*options, "--window", "1h")
    (effect,) = wanted["limits"]
    page = open_page(f"/#/limits/mes-api?{asked}&seconds=3600", url=recorded.url)
    share, touched, peak, saved = figures(page)
    assert effect["rejected_requests"] > 0
    assert float(share.partition("\u202f")[0]) == pytest.approx(100 * effect["rejected_share"], abs=0.006)
    assert touched == str(effect["touched_users"])
    assert peak == f"{effect['peak_left_per_second']:,}/s"
    assert saved.endswith(("s", "min"))
    rejected = f"{effect['rejected_requests']:,} of {wanted['requests']:,}"
    expect(page.locator(".outcome .more").first).to_have_text(rejected)
    worst = page.locator(".outcome tbody tr").first
    expect(worst.locator("th")).to_have_text(effect["users"][0]["user"])
    expect(worst.locator("td").nth(1)).to_have_text(f"{effect['users'][0]['rejected_requests']:,}")
    # What it says is the same in a terminal is that.
    words = page.locator(".command").inner_text().split()
    assert words[:4] == ["./reduse", "what-if", "--service", "mes-api"]
    assert pairs(words[4:]) == pairs([*options, "--window", "1h"])


def test_whoever_has_chosen_no_limit_begins_with_the_lowest_mild_one(open_page: Open, recorded: Recorded) -> None:
    page = open_page("/#/limits", url=recorded.url)
    expect(page.locator(".verdict")).to_contain_text("would have rejected nobody")
    expect(page.locator("#limit")).to_have_value("6")
    page.locator("#limit").fill("0.5")
    expect(page.locator(".verdict")).to_contain_text("would have touched")
    page.get_by_role("button", name="Use the lowest limit that is mild: 6/s").click()
    expect(page.locator("#limit")).to_have_value("6")


def test_policies_are_chosen_from_those_that_are_recorded(open_page: Open, recorded: Recorded) -> None:
    page = open_page("/#/limits/mes-api?limit=1&seconds=3600", url=recorded.url)
    expect(page.locator("#policy option")).to_have_text(["All requests of the service", "price"])
    page.locator("#policy").select_option("price")
    expect(page.locator(".outcome .more").nth(1)).to_contain_text("of 1 active")


def test_a_policy_has_a_field_for_the_cost_of_its_requests(open_page: Open, recorded: Recorded) -> None:
    page = open_page("/#/limits/mes-api?limit=10&seconds=3600", url=recorded.url)
    expect(page.locator(".verdict")).to_contain_text("would have rejected nobody")
    page.get_by_label("price", exact=True).fill("5")
    expect(page.locator(".verdict")).not_to_contain_text("would have rejected nobody")
    expect(page).to_have_url(re.compile("costs=price%3D5"))
    expect(page.locator(".command")).to_contain_text("--cost price=5")
    page.reload()
    expect(page.locator("#cost-price")).to_have_value("5")
    page.locator("#cost-price").fill("")
    expect(page.locator(".verdict")).to_contain_text("would have rejected nobody")
    expect(page.locator(".command")).not_to_contain_text("--cost")


def test_a_cost_that_is_none_has_no_answer(open_page: Open, recorded: Recorded) -> None:
    page = open_page("/#/limits/mes-api?limit=10&seconds=3600&costs=nothing%3D5", url=recorded.url)
    expect(page.locator(".outcome")).to_contain_text("There is no answer for this limit.")
    expect(page.locator(".outcome .note")).to_contain_text("under the policy nothing is recorded")


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
    assert (touched, peak) == (f"{effect.touched:,}", f"{effect.peak:,}/s")
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
