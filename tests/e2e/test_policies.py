"""Policies of the reference company, from its file to what is counted, tried and recommended under them."""

import json
from contextlib import suppress

import pytest

from tests.e2e.stack import Stack
from tests.waiting import wait_until

pytestmark = [pytest.mark.server, pytest.mark.e2e]

COUNTED = 'sum(reduse_policy_requests_total{{service="mes-api",policy="{}"}})'
SERVED = 'sum(http_server_request_duration_seconds_count{{job="mes-api",http_route=~"{}",http_request_method=~"{}"}})'
ROUTES = {"price": ("/partner/price", "POST"), "jobs": ("/partner/jobs.*", "POST|GET")}
LIMITS = {"price": "120/minute", "jobs": "10000/hour"}
LOAD_SECONDS, LOAD_RATE = 20, 40


def test_what_partners_ask_is_counted_by_policy_and_their_limits_are_tried(stack: Stack) -> None:
    queries = [
        query
        for policy, (route, method) in ROUTES.items()
        for query in (COUNTED.format(policy), SERVED.format(route, method))
    ]
    before = stack.settled(queries)
    stack.start_load(LOAD_SECONDS, LOAD_RATE).finish()

    def grown() -> list[float]:
        return [now - then for then, now in zip(before, stack.values(queries), strict=True)]

    def agree() -> bool:
        price, price_served, jobs, jobs_served = grown()
        return price == price_served > 0 and jobs == jobs_served > 0

    # Requests come another way than users, and one of the two may be behind.
    with suppress(TimeoutError):
        wait_until(agree, "equal counts")
    stack.settled(queries)
    price, price_served, jobs, jobs_served = grown()
    assert (price, jobs) == (price_served, jobs_served)
    assert min(price, jobs) > 0
    for policy, limit in LIMITS.items():
        tried = f'count(reduse_rate_limit_rejected_total{{service="mes-api",policy="{policy}",limit="{limit}"}})'
        assert stack.prometheus.scalar(tried)


def test_commands_know_the_policies(stack: Stack) -> None:
    options = ["recommend", "--service", "mes-api", "--window", "5m"]
    found = json.loads(stack.reduse(*options, "--policies", "--json").stdout)
    assert found["policies"].keys() == LIMITS.keys()
    assert "POST /partner/price" in [route for group in found["proposed"] for route in group["routes"]]
    # Status 3: no limit that is tried is mild enough.
    judged = stack.reduse(*options, "--policy", "jobs", "--json")
    assert judged.returncode in (0, 3), judged.stderr
    assert [effect["limit"] for effect in json.loads(judged.stdout)["ladder"]] == ["10000/hour"]
    shown = stack.reduse("top", "--service", "mes-api", "--once").stdout
    assert "Policies of mes-api" in shown
    findings = json.loads(stack.reduse("watch", "check", "--json").stdout)
    assert [each for each in findings if "polic" in each["told"]] == []
