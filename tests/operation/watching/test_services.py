"""Services held against a real Prometheus: what each lacks is said, and who is not in the file."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reduse.operation.watching import services
from reduse.operation.watching.discovery import FoundService, of_store
from reduse.operation.watching.finding import Finding, State
from reduse.operation.watching.services import Seen
from reduse.store.client import StoreClient
from reduse.watch.reading import parse
from tests.collector.servers import prometheus
from tests.waiting import wait_until

PAGE = """\
reduse_export_interval_seconds{job="orders"} 1.001
reduse_export_interval_seconds{job="shop/mailer"} 59.9
reduse_export_interval_seconds{job="reduse-processor"} 1
reduse_export_interval_seconds{job="orders-db"} 5
reduse_postgresql_up{job="orders-db"} 1
reduse_rabbitmq_up{job="broker"} 0
http_server_request_duration_seconds_count{job="orders"} 7
http_server_request_duration_seconds_bucket{job="orders",le="0.5"} 7
http_server_request_duration_seconds_bucket{job="orders",le="+Inf"} 7
http_server_request_duration_seconds_bucket{job="orders",instance="new",le="0.3"} 7
http_server_request_duration_seconds_bucket{job="orders",instance="new",le="0.5"} 7
http_server_request_duration_seconds_bucket{job="orders",instance="new",le="+Inf"} 7
reduse_user_requests_total{service="orders",identity="user"} 7
reduse_rate_limit_rejected_total{service="orders",limit="50"} 0
reduse_rate_limit_rejected_total{service="orders",policy="price",limit="60/minute"} 0
reduse_policy_requests_total{service="orders",policy="price"} 7
"""
SEEN = Seen(
    {"orders": 1.001, "shop/mailer": 59.9, "reduse-processor": 1, "orders-db": 5},
    {"orders": frozenset({0.5, float("inf")})},
    frozenset({"orders"}),
    frozenset({"orders"}),
    {"orders": frozenset({50.0})},
    frozenset({"orders-db", "broker"}),
    {"orders": frozenset({"price"})},
    {("orders", "price"): frozenset({"60/minute"})},
)


def found(entry: str, seen: Seen = SEEN) -> list[Finding]:
    return list(services.judge(parse(f"company: x\nservices: [{entry}]"), seen))


def missing(entry: str, seen: Seen = SEEN) -> list[str]:
    return [finding.told for finding in found(entry, seen) if finding.state is State.MISSING]


def test_a_service_that_reports_as_the_file_has_it_is_well() -> None:
    entry = (
        "{name: orders, users: true, limits: [{requests_per_second: 50}], "
        "objectives: [{goal: latency, target: 99%, threshold: 500ms}]}"
    )
    assert [finding.state for finding in found(entry)] == [State.OK, State.NOTE]


def test_a_service_that_does_not_report_is_said() -> None:
    assert missing("{name: invoices}") == ["does not report"]
    assert found("{name: mailer}")[0].cure == "its job is shop/mailer: give its `namespace`"


def test_another_export_interval_is_said() -> None:
    assert missing("{name: mailer, namespace: shop, export_interval: 1m}") == []
    (finding,) = [each for each in found("{name: mailer, namespace: shop}") if each.state is State.MISSING]
    assert finding.told == "exports each 59.9s, and not each 1s"
    assert "OTEL_METRIC_EXPORT_INTERVAL=1000" in finding.cure


def test_a_threshold_that_is_not_a_bound_of_all_instances_is_said() -> None:
    entry = "{name: orders, objectives: [{goal: latency, target: 99%, threshold: 300ms}], duration_bounds: [300ms]}"
    (finding,) = [each for each in found(entry) if each.state is State.MISSING]
    assert finding.told == "not all of its instances have the bound 300ms of response times"
    assert "REDUSE_DURATION_BOUNDS=0.3" in finding.cure


def test_native_histograms_know_every_threshold() -> None:
    entry = "{name: orders, objectives: [{goal: latency, target: 99%, threshold: 250ms}]}"
    assert missing(entry, Seen({"orders": 1}, {}, frozenset({"orders"}))) == []


def test_users_and_limits_are_compared() -> None:
    uncounted = Seen({"orders": 1}, {}, frozenset({"orders"}))
    assert missing("{name: orders, users: true}", uncounted) == ["no user of it has been counted"]
    assert "its users are counted" in [finding.told for finding in found("{name: orders}")]
    entry = "{name: orders, users: true, limits: [{requests_per_second: 7}]}"
    assert missing(entry) == ["the processor does not try a limit of 7 requests a second"]


PRICE = "{name: price, routes: [POST /price], limits: [{requests: 60, per: minute}]}"


def test_policies_that_are_counted_as_the_file_has_them_are_well() -> None:
    assert missing(f"{{name: orders, users: true, policies: [{PRICE}]}}") == []


def test_policies_that_the_service_does_not_have_are_said_with_the_line_that_it_needs() -> None:
    uncounted = Seen({"orders": 1}, {}, frozenset({"orders"}), frozenset({"orders"}))
    (finding,) = [
        each
        for each in found(f"{{name: orders, users: true, policies: [{PRICE}]}}", uncounted)
        if each.state is State.MISSING
    ]
    assert finding.told == "no request has been counted under its policies"
    assert finding.cure == "set REDUSE_USER_POLICIES='price=POST /price' for it"


def test_a_policy_without_requests_is_a_note_and_a_limit_that_is_not_tried_is_missing() -> None:
    entry = (
        "{name: orders, users: true, policies: [{name: price, routes: [POST /price], "
        "limits: [{requests: 7, per: hour}]}, {name: jobs, routes: [GET /jobs]}]}"
    )
    assert missing(entry) == ["the processor does not try a limit of 7/hour under the policy price"]
    assert "no request has been counted under the policy jobs" in [
        finding.told for finding in found(entry) if finding.state is State.NOTE
    ]


def test_who_reports_and_is_not_in_the_file_is_named() -> None:
    (finding,) = [each for each in found("{name: orders}") if each.of == "shop/mailer"]
    assert (finding.state, finding.told.partition(":")[0]) == (State.NOTE, "reports but is not in the file")


@pytest.mark.server
def test_the_store_is_asked_for_all_of_it(tmp_path: Path) -> None:
    with serving(PAGE) as port:
        configuration = {
            "scrape_configs": [
                {
                    "job_name": "page",
                    "honor_labels": True,
                    "scrape_interval": "1s",
                    "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
                }
            ]
        }
        with prometheus(tmp_path, configuration) as server, StoreClient(server.url) as store:
            wait_until(lambda: services.look(store) == SEEN, "the samples of the page")
            assert of_store(store, ["orders"]) == [FoundService("mailer", "shop", users=False, interval=59.9)]


@contextmanager
def serving(page: str) -> Iterator[int]:
    """A page of metrics on a port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *arguments: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
