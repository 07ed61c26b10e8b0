"""A service that reports but is not in the file is named, and so is one that exports at another interval."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reduse.errors import StackError
from reduse.monitoring import companies
from reduse.operation.differences import Differences, Interval, find
from reduse.operation.top import only_service
from reduse.store.client import StoreClient
from reduse.yaml_text import write_yaml
from tests.collector import servers
from tests.waiting import wait_until

COMPANY = companies.parse("""
company: Example
services:
  - {name: orders-api}
  - {name: billing, namespace: eu, export_interval: 60s}
  - {name: slow, export_interval: 10s}
  - {name: silent}
""")


def rule(record: str, value: float, **labels: str) -> dict[str, object]:
    return {"record": record, "expr": f"vector({value})", "labels": labels}


RULES = [
    *(rule("job_status:http_requests:rate", 1, job=job) for job in ("orders-api", "eu/billing", "stranger")),
    rule("job:export_interval_seconds:max", 1.2, job="orders-api"),
    rule("job:export_interval_seconds:max", 10, job="eu/billing"),
    rule("job:export_interval_seconds:max", 11, job="slow"),
    rule("reduse_user_requests_total", 1, service="orders-api", identity="user"),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StoreClient]:
    """It says that these services report."""
    groups = [{"name": "g", "interval": "1s", "rules": RULES}]
    (tmp_path / "rules.yaml").write_text(write_yaml({"groups": groups}))
    with (
        servers.prometheus(tmp_path, {"rule_files": ["rules.yaml"]}) as server,
        StoreClient(server.url) as client,
    ):
        wait_until(lambda: bool(client.query("reduse_user_requests_total")), "the rules")
        yield client


@pytest.mark.server
def test_strangers_and_other_intervals_are_found(store: StoreClient) -> None:
    found = find(store, COMPANY, time.time())
    assert found == Differences(["stranger"], [Interval("eu/billing", 60, 10)])


@pytest.mark.server
def test_the_only_service_whose_users_are_counted_is_taken(store: StoreClient) -> None:
    assert only_service(store, COMPANY, time.time()) == "orders-api"
    with pytest.raises(StackError, match="no service sends per-user data"):
        only_service(store, COMPANY, time.time() - 10_000_000)
    some = companies.parse("company: Example\nservices: [{name: a, users: true}, {name: b, users: true}]")
    with pytest.raises(StackError, match="choose one of a, b with --service"):
        only_service(store, some, time.time())


def test_they_are_a_line_each() -> None:
    found = Differences([f"s{number}" for number in range(22)], [Interval("eu/billing", 60, 10)])
    unknown, intervals = found.lines(Path("/a/watch.yaml"))
    assert unknown.startswith("reports but is not in watch.yaml: s0, s1")
    assert unknown.endswith("s19 and 2 more")
    assert intervals == "has another export interval than in watch.yaml: eu/billing every 10 s, not 60 s"
    assert Differences([], []).lines(Path("watch.yaml")) == []
