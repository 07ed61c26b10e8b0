"""What the console answers, to whom, and with which headers."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from reduse.console.application import Console, application
from reduse.console.entrance import Entrance
from reduse.console.explorer import Question
from reduse.console.headers import HEADERS
from reduse.store.client import StoreClient
from tests.ports import free_port
from tests.reference import COMPANY, ROWS

BASE = "http://127.0.0.1:8090"
TOKEN = "s0123"


class Echo:
    """Answers with the question."""

    def answer(self, question: Question, now: float) -> Mapping[str, object]:
        assert now > 0
        return {"service": question.service, "limit": str(question.limit), "burst": question.burst}


class Browser:
    """Asks the application of this process; remembers cookies, follows nothing."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._cookies = httpx.Cookies()

    def get(self, path: str, **given: Any) -> httpx.Response:
        return asyncio.run(self._ask("GET", path, **given))

    def post(self, path: str, **given: Any) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, **given))

    async def _ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        app = application(self._console)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url=BASE, cookies=self._cookies) as client:
                answer = await client.request(method, path, **given)
                self._cookies = client.cookies
                return answer


def browser(entrance: Entrance | None = None) -> Iterator[Browser]:
    with StoreClient(f"http://127.0.0.1:{free_port()}") as store:
        yield Browser(Console(COMPANY, store, Echo(), entrance))


@pytest.fixture
def console() -> Iterator[Browser]:
    yield from browser()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Browser]:
    yield from browser(Entrance(TOKEN, 8090, str(tmp_path / "console_token")))


@pytest.mark.parametrize("path", ["/", "/api/definition", "/static/main.js", "/runbooks/HostDiskFilling", "/nothing"])
def test_every_answer_has_the_headers(console: Browser, path: str) -> None:
    answer = console.get(path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("host", ["127.0.0.1:8090", "localhost:8090", "[::1]:8090", "127.0.0.1"])
def test_it_is_called_by_names_of_this_machine(console: Browser, host: str) -> None:
    assert console.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example:8090", "127.0.0.1.evil.example", "", "[", "[::1", "[x]:1"])
def test_another_name_that_leads_here_is_refused(console: Browser, host: str) -> None:
    assert console.get("/api/definition", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_pages_of_other_sites_may_not_ask(console: Browser, site: str) -> None:
    assert console.get("/api/definition", headers={"sec-fetch-site": site}).status_code == 403
    # A link to the page is none of that.
    assert console.get("/", headers={"sec-fetch-site": site}).status_code == 200


def test_the_definition_has_every_row_in_its_order(console: Browser) -> None:
    found: dict[str, Any] = console.get("/api/definition").json()
    assert [row["row"] for row in found["rows"]] == [row.name for row in ROWS]
    shown = [panel["row"] for board in found["boards"] for part in board["sections"] for panel in part["panels"]]
    assert [name for name in shown if name] == [row.name for row in ROWS]
    assert found["rows"][0]["title"] == {"en": "RPS", "ru": "RPS: запросов в секунду"}


@pytest.mark.parametrize(
    ("topic", "status"),
    [("nothing", 404), ("panels?board=nothing&section=0&seconds=900", 404), ("users", 404), ("x" * 1000, 404)],
)
def test_a_topic_that_there_is_not_is_refused(console: Browser, topic: str, status: int) -> None:
    answer = console.get("/api/stream", params={"topic": topic})
    assert answer.status_code == status
    assert answer.json()["error"]


def test_a_question_is_read_and_answered(console: Browser) -> None:
    given = {"service": "mes-api", "seconds": "3600", "limit": "60", "period": "minute", "burst": "20"}
    answer = console.get("/api/explore", params=given)
    assert answer.json() == {"service": "mes-api", "limit": "60/minute", "burst": 20.0}


@pytest.mark.parametrize(
    "wrong", [{"limit": "0"}, {"limit": "x"}, {"period": "year"}, {"seconds": "5"}, {"service": ""}, {"burst": "nan"}]
)
def test_a_wrong_question_is_refused_with_what_is_wrong(console: Browser, wrong: dict[str, str]) -> None:
    given = {"service": "mes-api", "seconds": "3600", "limit": "60", "period": "minute"} | wrong
    answer = console.get("/api/explore", params=given)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_runbook_is_a_page_whose_links_lead_to_other_runbooks(console: Browser) -> None:
    page = console.get("/runbooks/HostDiskFilling")
    assert page.status_code == 200
    assert '<a href="/runbooks/CollectorQueueFilling">' in page.text
    assert ".md" not in page.text.replace("title=", "")
    assert console.get("/runbooks/..%2fsecrets").status_code == 404


def test_without_the_token_there_is_only_the_form(guarded: Browser) -> None:
    assert guarded.get("/").headers["location"] == "/enter"
    assert guarded.get("/runbooks/A").headers["location"] == "/enter?to=%2Frunbooks%2FA"
    for path in ("/api/definition", "/api/stream?topic=state", "/api/explore"):
        assert guarded.get(path).status_code == 401
    form = guarded.get("/enter")
    assert form.status_code == 200
    assert "console_token" in form.text
    assert TOKEN not in form.text
    assert guarded.get("/healthz").status_code == 200


def test_a_wrong_token_is_told_so(guarded: Browser) -> None:
    for body in (b"token=wrong", b"", b"token=", b"\xff\xfe"):
        answer = guarded.post("/enter", content=body)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
    assert guarded.post("/enter", content=b"x" * 10_000).status_code == 413


def test_the_token_opens_the_page_by_a_cookie_that_scripts_and_other_sites_do_not_get(guarded: Browser) -> None:
    entered = guarded.post("/enter", content=f"token={TOKEN}".encode())
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert TOKEN not in cookie
    assert guarded.get("/").status_code == 200
    assert guarded.get("/api/definition").status_code == 200


@pytest.mark.parametrize(
    ("to", "page"),
    [("/runbooks/A", "/runbooks/A"), ("//evil.example", "/"), ("/\\evil.example", "/"), ("http://evil.example", "/")],
)
def test_whoever_enters_gets_to_the_page_that_was_wanted_and_to_no_other_site(
    guarded: Browser, to: str, page: str
) -> None:
    answer = guarded.post("/enter", params={"to": to}, content=f"token={TOKEN}".encode())
    assert answer.headers["location"] == page


def test_a_script_shows_the_token_in_a_header(guarded: Browser) -> None:
    assert guarded.get("/api/definition", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert guarded.get("/api/definition", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert guarded.get("/api/definition", headers={"authorization": f"Basic {TOKEN}"}).status_code == 401
