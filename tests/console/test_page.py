"""The page as a person uses it, in a browser."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.console.conftest import LiveConsole, Open
from tests.console.live_store import SUMMARY

pytestmark = [pytest.mark.server]

PAGES = ("/#/", "/#/users/mes-api", "/#/limits/mes-api", "/#/boards/reduse-red", "/#/alerts", "/#/pipeline")
SERIOUS = ("serious", "critical")


def settled(page: Page) -> Page:
    """When what it shows has come."""
    expect(page.locator("main h1")).to_be_visible()
    expect(page.locator(".figures, .alert, .state.good, canvas, .empty").first).to_be_visible()
    page.wait_for_timeout(500)
    return page


def test_rows_are_live_in_the_order_of_the_table_each_with_its_graph(open_page: Open) -> None:
    page = open_page()
    titles = page.locator(".cards .card h3")
    expect(titles).to_have_text(
        ["1. Shop API RPS", "2. Shop API Response time (latency)", "3. MES API RPS per user", re.compile("^4. Shop DB")]
    )
    states = page.locator(".cards .card .state")
    expect(states.nth(0)).to_have_text(re.compile(r"^Live, \d+\.\d\u202fs old$"))
    expect(states.nth(2)).to_have_class("state good")
    first = page.locator(".card").nth(0)
    expect(first.locator("canvas")).to_be_visible()
    expect(first.locator(".legend li")).to_have_text(["20012/s", "5030.5/s"])
    assert first.locator(".plot").get_attribute("aria-label") == "1. Shop API: RPS: 200 12/s, 503 0.5/s"


def test_a_row_without_data_says_so_and_why(open_page: Open) -> None:
    page = open_page()
    card = page.locator(".card").nth(3)
    expect(card.locator(".state")).to_have_text("No data")
    expect(card.locator(".mistake")).to_have_text(re.compile("^no sample"))
    card.scroll_into_view_if_needed()
    expect(card.locator(".empty")).to_contain_text("No sample in this time range")
    figure = page.locator(".figure").first
    expect(figure).to_contain_text("3 / 4")
    expect(figure).to_contain_text("1 row is missing or stale")


def test_the_graph_moves_on(open_page: Open) -> None:
    page = open_page()
    state = page.locator(".cards .card .state").nth(0)
    expect(state).to_contain_text("Live")
    with page.expect_response(lambda answer: "/api/stream" in answer.url):
        page.get_by_role("button", name="1 h").click()
    expect(page).to_have_url(re.compile("seconds=3600"))
    expect(page.locator(".cards .card canvas").first).to_be_visible()


def test_users_are_shown_with_the_limits_that_touch_them(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("link", name="Users", exact=True).click()
    rows = page.locator("tbody tr")
    expect(rows.nth(0)).to_contain_text("60da5d93831e1a94")
    expect(rows.nth(0).locator("td")).to_have_text([re.compile("6/s"), re.compile("60"), "6", "6.000", "5/s"])
    expect(rows.nth(1).locator("td").last).to_have_text("1/s")
    expect(rows.nth(2)).to_contain_text("All other users")
    rows.nth(0).get_by_role("link", name="5/s").click()
    expect(page.locator("#limit")).to_have_value("5")


def test_an_alert_appears_with_its_runbook_and_goes(open_page: Open, live: LiveConsole) -> None:
    page = open_page("/#/alerts")
    expect(page.get_by_text("No alert is firing or pending.")).to_be_visible()
    expect(page.get_by_text("Alerting works")).to_be_visible()
    live.store.alert(fires=True)
    try:
        expect(page.get_by_role("heading", name=SUMMARY)).to_be_visible()
        expect(page.locator(".tabs .badge")).to_have_text(re.compile("^1"))
        expect(page.locator(".alert .state")).to_have_text("firing, critical")
        page.get_by_role("link", name="Open the runbook").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("HostDiskFilling")
        page.get_by_role("link", name="Alerts").click()
        expect(page.get_by_role("heading", name=SUMMARY)).to_be_visible()
    finally:
        live.store.alert(fires=False)
    expect(page.get_by_text("No alert is firing or pending.")).to_be_visible()
    expect(page.locator(".tabs .badge")).to_have_count(0)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_no_serious_fault(open_page: Open, path: str, dark: bool) -> None:
    page = settled(open_page(path, dark=dark))
    found = Axe().run(page).response["violations"]
    serious = [(each["id"], [node["html"] for node in each["nodes"]]) for each in found if each["impact"] in SERIOUS]
    assert serious == []


@pytest.mark.parametrize("path", PAGES)
def test_a_narrow_phone_needs_no_scrolling_sideways(open_page: Open, path: str) -> None:
    """In the language with the longer words."""
    page = settled(open_page(path, width=360, language="ru"))
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_the_keyboard_reaches_pages_and_switches(open_page: Open) -> None:
    page = open_page()
    expect(page.locator(".tabs a")).to_have_count(6)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Users", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Users")
    expect(page.locator("main")).to_be_focused()


def test_the_keyboard_moves_a_slider(open_page: Open) -> None:
    page = open_page("/#/limits/mes-api?limit=5")
    slider = page.get_by_role("slider", name="Requests allowed for each user")
    slider.focus()
    before = float(page.locator("#limit").input_value())
    page.keyboard.press("End")
    expect(page.locator("#limit")).to_have_value("1000")
    page.keyboard.press("Home")
    assert float(page.locator("#limit").input_value()) < before


def test_it_is_dark_where_the_system_is_and_where_one_says_so(open_page: Open) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    assert open_page(dark=True).evaluate(ground) == "rgb(20, 24, 23)"
    page = open_page()
    assert page.evaluate(ground) == "rgb(245, 246, 244)"
    page.get_by_role("button", name="Use dark colours").click()
    assert page.evaluate(ground) == "rgb(20, 24, 23)"
    page.reload()
    expect(page.get_by_role("button", name="Use light colours")).to_be_visible()
    assert page.evaluate(ground) == "rgb(20, 24, 23)"


def test_it_speaks_the_browsers_language_and_the_one_that_is_chosen(open_page: Open) -> None:
    page = open_page(language="ru")
    expect(page.locator("main h1")).to_have_text("Проверочная компания")
    expect(page.locator(".card h3").first).to_have_text("1. Shop API Запросы")
    page.get_by_label("Язык").select_option("en")
    expect(page.locator("main h1")).to_have_text("Test company")
    assert page.evaluate("document.documentElement.lang") == "en"


def test_dashboards_are_in_the_language_of_the_page(open_page: Open) -> None:
    page = open_page("/#/boards/reduse-red", language="ru")
    expect(page.locator("main h1")).to_have_text("RED сервиса")
    expect(page.locator("main h2").first).to_have_text("Запросы, ошибки, время ответа")
    english = re.compile("^[^а-яА-Я]+$")
    for place in (".tabs a", "main h1", "main h2", ".card h3", ".card .about"):
        expect(page.locator(place).first).to_be_visible()
        expect(page.locator(place).filter(has_text=english)).to_have_count(0)


def test_the_frame_is_painted_before_any_number_has_come(open_page: Open) -> None:
    """What is shown first waits for no question to the store."""
    page = open_page()
    for unanswered in ("**/api/stream*", "**/api/explore*"):
        page.route(unanswered, lambda _: None)
    page.reload()
    expect(page.locator(".tabs a").first).to_be_visible()
    expect(page.locator("main h1")).to_be_visible()
    outside = page.evaluate("performance.getEntriesByType('resource').map((each) => new URL(each.name).origin)")
    assert set(outside) == {page.evaluate("location.origin")}
