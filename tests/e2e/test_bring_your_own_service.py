"""The guide does what it says, word for word, in a fresh checkout with a real stack: and every request is counted."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.counts import per_user, red, windows
from tests.e2e.stack import Stack
from tests.examples.checkout import fresh_checkout
from tests.examples.guide import commands
from tests.examples.newcomer import Newcomer
from tests.ports import free_port

pytestmark = [pytest.mark.server, pytest.mark.e2e]

INSTALL_SECONDS = 150
ON_REUSED_CONNECTIONS = 200


@pytest.fixture
def newcomer(stack: Stack, tmp_path: Path) -> Iterator[Newcomer]:
    with fresh_checkout(stack) as (root, environment):
        yield Newcomer(root, {**environment, "PORT": str(free_port())}, tmp_path)


def sent_by_status(output: str) -> dict[str, int]:
    """What `sort | uniq -c` says of the status codes."""
    return {status: int(count) for count, status in re.findall(r"^ *(\d+) (\d{3})$", output, re.MULTILINE)}


def pseudonym(stack: Stack, user: str) -> str:
    return stack.reduse("hash-user", user).stdout.strip()


def assert_counted(stack: Stack, service: str, users: dict[str, int], anonymous: int = 0) -> None:
    """RED, the users' counter and each user's seconds have these requests, at rest, and not one more."""
    total = sum(users.values()) + anonymous
    expected = {count(service): total for count in (red, per_user, windows)}
    for name, requests in users.items():
        expected[windows_of(service, pseudonym(stack, name))] = requests
    if anonymous:
        expected[windows_of(service, "anonymous")] = anonymous
    assert {promql: stack.wait_for(promql, requests) for promql, requests in expected.items()} == expected
    assert stack.settled(list(expected)) == list(expected.values())


def windows_of(service: str, user: str) -> str:
    """PromQL: requests of one user, as the sum of the windows of one second."""
    return f'sum(sum_over_time(reduse_user_rate_per_second{{service="{service}",user="{user}"}}[1h]))'


def test_a_fastapi_service_is_watched_by_the_three_steps_alone(stack: Stack, newcomer: Newcomer) -> None:
    steps = [block for step in ("1. ", "2. ", "3. ") for block in commands(step)]
    send, top, hash_user, ask, count, recommend = commands("See the data")
    north, south = pseudonym(stack, "demo-key-north"), pseudonym(stack, "demo-key-south")
    with newcomer.terminal(*steps) as service:
        service.wait_for("Uvicorn running", INSTALL_SECONDS)
        with newcomer.terminal(send) as sender:
            newcomer.shown(top, lambda text: all(user in text for user in (north, south, "anonymous")))
            assert newcomer.run(hash_user) == f"{north}\n"
            by_status = [
                f'job_status:http_requests:rate{{job="billing", status="{status}"}} => ' for status in (200, 401)
            ]
            by_user = [
                f'service_user:user_requests:rate{{service="billing", user="{user}"}}' for user in (north, south)
            ]
            answer = newcomer.shown(ask, lambda text: all(line in text for line in (*by_status, *by_user)))
            assert re.search(r"quantile\{job=\"billing\", quantile=\"0\.95\"\} => 0\.\d+ ", answer)
            sent = sent_by_status(sender.finish())
        assert sent == {"200": 180, "401": 60}
        assert_counted(stack, "billing", {"demo-key-north": 120, "demo-key-south": 60}, anonymous=60)
        assert re.findall(r"=> (\d+) ", newcomer.run(count)) == ["240", "240"]
        assert "180 requests of identified users, 240 in all; 2 active users." in newcomer.run(recommend)
    assert_counted(stack, "billing", {"demo-key-north": 120, "demo-key-south": 60}, anonymous=60)


def test_a_flask_service_is_watched_behind_the_middleware(stack: Stack, newcomer: Newcomer) -> None:
    install, say, start, send, top = commands("Flask")
    users = [pseudonym(stack, user) for user in ("north", "south")]
    with newcomer.terminal(install, say, start) as service:
        service.wait_for("Uvicorn running", INSTALL_SECONDS)
        with newcomer.terminal(send) as sender:
            newcomer.shown(top, lambda text: all(user in text for user in users))
            assert sent_by_status(sender.finish()) == {"200": 120}
        with httpx.Client(
            base_url=f"http://127.0.0.1:{newcomer.environment['PORT']}", headers={"x-customer": "east"}
        ) as client:
            answers = [client.get("/tickets/7").status_code for _ in range(ON_REUSED_CONNECTIONS)]
        assert answers == [404] * ON_REUSED_CONNECTIONS
        assert_counted(stack, "helpdesk", {"north": 60, "south": 60, "east": ON_REUSED_CONNECTIONS})
    routes = stack.prometheus.query('http_server_request_duration_seconds_count{job="helpdesk"}')
    assert {sample.labels["http_route"]: sample.value for sample in routes} == {
        "/tickets": 120,
        "/tickets/<int:number>": ON_REUSED_CONNECTIONS,
    }
