"""What three independent counters say of the same requests: RED, the processor, and the load generator."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.e2e.stack import Stack

SERVICES = ("shop-api", "crm-api", "mes-api")
# Longer than any part stands still on a busy machine.
STILL_SECONDS = 10


def red(service: str) -> str:
    """PromQL: requests that RED counted, over all instances of the service."""
    return f'sum(last_over_time(http_server_request_duration_seconds_count{{job="{service}"}}[1h]))'


def per_user(service: str) -> str:
    """PromQL: requests that the processor counted, over all users."""
    return f'sum(last_over_time(reduse_user_requests_total{{service="{service}"}}[1h]))'


def windows(service: str) -> str:
    """PromQL: requests as the sum of the one-second windows of every user, `other` and `anonymous`."""
    return f'sum(sum_over_time(reduse_user_rate_per_second{{service="{service}"}}[1h]))'


@dataclass(frozen=True)
class Counts:
    """The counts of every service at a moment when nothing moves."""

    red: Mapping[str, float]
    per_user: Mapping[str, float]
    windows: Mapping[str, float]


def settled_counts(stack: Stack) -> Counts:
    counters = (red, per_user, windows)
    queries = [promql(service) for promql in counters for service in SERVICES]
    values = iter(stack.settled(queries, STILL_SECONDS))
    return Counts(*({service: next(values) for service in SERVICES} for _ in counters))


def awaited_counts(stack: Stack, before: Counts, requests: dict[str, int]) -> Counts:
    """The growth since `before`, once it is `requests` everywhere or when patience ends."""
    grown: list[dict[str, float]] = []
    for promql, base in ((red, before.red), (per_user, before.per_user), (windows, before.windows)):
        grown.append(
            {
                service: stack.wait_for(promql(service), base[service] + requests[service]) - base[service]
                for service in SERVICES
            }
        )
    return Counts(*grown)
