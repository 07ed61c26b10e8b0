"""The pipeline for a company that it has never seen, from its file alone: every number is the company's own."""

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import httpx
import pytest

from reduse.monitoring.companies import load
from reduse.monitoring.dashboards.boards import boards as dashboards
from reduse.stack.drill.catalogue import drills
from reduse.store.client import QueryError
from tests.companies.harbour.running import ARCHIVE, CUSTOMER_HEADER, FILE, MAX_CONNECTIONS, Harbour, harbour
from tests.e2e.panels import empty_panels
from tests.e2e.stack import Stack, running_stack
from tests.waiting import PATIENCE_SECONDS, wait_until

pytestmark = [pytest.mark.server, pytest.mark.e2e]

QUIET_SECONDS = float(os.environ.get("TEST_QUIET_SECONDS", "60"))
"""How long nothing may be alerted; ten minutes when it matters: `TEST_QUIET_SECONDS=600`."""
SOON_SECONDS = 240.0
"""Longer than any alert here waits: 30 s, the way of a sample, and an evaluation."""
SPEED = 10
SERVICES = ("buchung.api", "eu/zoll-api", "kran_api", "kasse")
DEAD_LETTERS = {("/", "Unzustellbar 1"), ("zoll", "grab.alt")}


@dataclass(frozen=True)
class Watched:
    """The harbour, its services' addresses, and the pipeline that watches it."""

    harbour: Harbour
    services: dict[str, str]
    stack: Stack

    def get(self, service: str, path: str, times: int = 1, customer: str = "") -> list[int]:
        """The statuses of so many requests."""
        headers = {CUSTOMER_HEADER: customer} if customer else {}
        with httpx.Client(base_url=self.services[service], headers=headers, timeout=PATIENCE_SECONDS) as client:
            return [client.get(path).status_code for _ in range(times)]

    def query(self, promql: str) -> dict[tuple[str, ...], float]:
        """Values by the values of their labels, in the order of the labels' names."""
        return {
            tuple(text for _, text in sorted(sample.labels.items()) if text): sample.value
            for sample in self.stack.prometheus.query(promql)
        }

    def becomes(self, promql: str, expected: dict[tuple[str, ...], float]) -> None:
        """The query gives just this, soon; the failure shows what it gives instead."""
        try:
            wait_until(lambda: self.query(promql) == expected, promql)
        except TimeoutError:
            assert self.query(promql) == expected

    def live(self) -> bool:
        """Whether every service has sent its first requests' numbers."""
        for service in self.services:
            self.get(service, "/stücke/1", customer="reederei")
        jobs = self.query("count by (job) (job_status:http_requests:rate)")
        return {job for (job,) in jobs} >= set(self.services)

    def alerts(self) -> set[tuple[str, ...]]:
        """Those that fire: name, and the labels that say of what."""
        firing = self.stack.prometheus.query('ALERTS{alertstate="firing",severity!="none"}')
        told = ("job", "service", "vhost", "queue", "row", "objective", "window")
        return {
            (alert.labels["alertname"], *(alert.labels[label] for label in told if label in alert.labels))
            for alert in firing
        }


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with (
        harbour() as company,
        running_stack(REDUSE_WATCH=str(FILE), **company.environment) as stack,
        company.services(stack.settings.agent_http_port) as services,
    ):
        found = Watched(company, dict(services), stack)
        # What was not there yet while it started has been missing.
        wait_until(lambda: found.live() and found.alerts() == set(), "a quiet harbour", SOON_SECONDS)
        yield found


@pytest.mark.timeout(QUIET_SECONDS + 300)
def test_nothing_is_alerted_while_all_is_well_and_every_row_is_live(watched: Watched) -> None:
    """With traffic that the limits, objectives and queues stand: no false alert, and `check` passes."""
    until = time.monotonic() + QUIET_SECONDS
    seen = set[tuple[str, ...]]()
    while time.monotonic() < until:
        with ThreadPoolExecutor(len(SERVICES)) as threads:
            answers = threads.map(lambda name: watched.get(name, "/stücke/7", 4, "reederei"), SERVICES)
            assert {status for statuses in answers for status in statuses} == {200}
        seen |= watched.alerts()
        time.sleep(1)
    assert seen == set()
    checked = watched.stack.reduse("check", "--json")
    rows = json.loads(checked.stdout)["rows"]
    assert [row for row in rows if not row["passed"]] == []
    assert checked.returncode == 0
    assert {row["row"] for row in rows} >= {
        *(f"{service}.{signal}" for service in SERVICES for signal in ("requests", "latency", "cpu")),
        *("buchung.api.users", "kasse.users"),
        *(f"{database}.connections" for database in MAX_CONNECTIONS),
        *(f"{broker}.{signal}" for broker in ("broker-nord", "broker-süd") for signal in ("dead_letters",)),
        "broker-nord.messages_in_flight",
    }
    assert len(rows) > 12


def test_requests_and_users_are_those_that_were_sent(watched: Watched) -> None:
    """A customer who is refused is nobody's name."""
    requests = 'sum by (http_response_status_code) (http_server_request_duration_seconds_count{job="kasse"})'
    users = 'sum by (identity) (reduse_user_requests_total{service="kasse"})'
    # What was sent before has arrived.
    watched.stack.settled([f"sum({requests})", f"sum({users})"])
    before, before_users = watched.query(requests), watched.query(users)
    assert set(watched.get("kasse", "/stücke/1", 30, "moewe")) == {200}
    assert set(watched.get("kasse", "/stücke/1", 20, "gesperrt")) == {403}
    assert set(watched.get("kasse", "/langsam/1", 10)) == {200}
    watched.becomes(
        requests,
        {("200",): before.get(("200",), 0) + 40, ("403",): before.get(("403",), 0) + 20},
    )
    watched.becomes(
        f"{users} > 0",
        {
            **{key: value for key, value in before_users.items() if value},
            ("user",): before_users.get(("user",), 0) + 30,
            ("anonymous",): before_users.get(("anonymous",), 0) + 30,
        },
    )


def test_a_threshold_that_the_service_added_counts_what_is_slower(watched: Watched) -> None:
    """300 ms: between two bounds of the conventions, so only the added one tells 255 ms from 330."""
    route = 'job="buchung.api",http_route="/langsam/{milliseconds}"'

    def within(bound: str) -> float:
        return sum(watched.query(f'sum(http_server_request_duration_seconds_bucket{{{route},le="{bound}"}})').values())

    sent = 0

    def one_is_within() -> bool:
        # A busy machine makes some of them slower than the threshold.
        nonlocal sent
        assert watched.get("buchung.api", "/langsam/255") == [200]
        sent += 1
        return within("0.3") > 0

    wait_until(one_is_within, "a request within the threshold")
    counted = f"sum(http_server_request_duration_seconds_count{{{route}}})"
    watched.becomes(counted, {(): sent})
    quick = within("0.3")
    assert set(watched.get("buchung.api", "/langsam/330", 5)) == {200}
    watched.becomes(counted, {(): sent + 5})
    assert within("0.3") == quick
    assert within("0.25") == 0
    objectives = watched.query('group by (objective, threshold) (job_objective:budget:ratio{job="buchung.api"})')
    assert set(objectives) == {("availability",), ("quick", "0.3"), ("patient", "1")}


@pytest.mark.parametrize("name", MAX_CONNECTIONS)
def test_connections_are_those_of_pg_stat_activity(watched: Watched, name: str) -> None:
    server = watched.harbour.databases[name]
    count = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    maximum = f'job_instance:postgresql_connection_max:max{{job="{name}"}}'
    assert set(watched.query(maximum).values()) == {MAX_CONNECTIONS[name]}
    database = ARCHIVE[0] if name == "archiv-db" else "postgres"
    held = [server.connect(database) for _ in range(7)]
    try:

        def equal() -> bool:
            [(seen,)] = server.execute(count, database="postgres")
            # Without the one that asks.
            return set(watched.query(f'job_instance:postgresql_backends:sum{{job="{name}"}}').values()) == {seen - 1}

        wait_until(equal, f"connections of {name}")
    finally:
        for connection in held:
            connection.close()


def test_every_database_of_an_instance_is_there_whatever_its_name(watched: Watched) -> None:
    sizes = watched.query('group by (postgresql_database_name) (postgresql_db_size_bytes{job="archiv-db"})')
    assert {name for (name,) in sizes} >= {*ARCHIVE, "postgres"}


def test_dead_letters_are_told_apart_by_broker_vhost_and_queue(watched: Watched) -> None:
    """By an argument and by a policy, into queues of any name; and only these."""
    north = watched.harbour.brokers["broker-nord"]
    for vhost, queue in (("/", "buchung.eingang"), ("zoll", "anmeldungen")):
        with north.channel(vhost=vhost) as channel:
            for _ in range(3):
                channel.basic_publish("", queue, b"gift")
    letters = 'sum by (vhost, queue) (job_queue:rabbitmq_dead_letters:sum{job="broker-nord"})'
    watched.becomes(letters, {(queue, vhost): 3 for vhost, queue in DEAD_LETTERS})

    def with_messages() -> dict[tuple[str, str], int]:
        queues = north.get("/api/queues").json()
        return {(queue["vhost"], queue["name"]): queue["messages"] for queue in queues if queue.get("messages")}

    # A queue tells the broker its length each few seconds.
    wait_until(lambda: with_messages() == dict.fromkeys(DEAD_LETTERS, 3), "the letters, and no other message")
    arriving = {alert for alert in watched.alerts() if alert[0] == "DeadLettersArriving"}
    assert {alert[-2:] for alert in arriving} <= DEAD_LETTERS


def test_a_service_that_is_not_in_the_file_is_watched_and_named(watched: Watched) -> None:
    """It gets RED and a default objective; `check` says that the file does not know it."""
    with watched.harbour.stranger("lotsen-api", watched.stack.settings.agent_http_port) as address:
        statuses = [httpx.get(f"{address}/stücke/1", timeout=PATIENCE_SECONDS).status_code for _ in range(10)]
        assert statuses == [200] * 10
        rate = 'sum by (status) (job_status:http_requests:rate{job="lotsen-api"}) > 0'
        wait_until(lambda: set(watched.query(rate)) == {("200",)}, rate)
        objective = 'group by (objective) (job_objective:http_requests:rate5m{job="lotsen-api"})'
        wait_until(lambda: set(watched.query(objective)) == {("availability",)}, objective)
        assert "lotsen-api" in watched.stack.reduse("check").stdout


def test_every_panel_shows_data(watched: Watched) -> None:
    """Of every dashboard of this company, while its customers ask."""
    boards = dashboards(load(FILE))

    def empty() -> dict[str, list[tuple[str, str]]]:
        for service in SERVICES:
            watched.get(service, "/stücke/7", 4, "reederei")
            watched.get(service, "/kaputt/500")
        found = {board.name: empty_panels(watched.stack.prometheus, board) for board in boards}
        return {name: panels for name, panels in found.items() if panels}

    with suppress(TimeoutError):
        wait_until(lambda: not empty(), "data", SOON_SECONDS)
    assert empty() == {}


ONLY: dict[str, set[tuple[str, ...]]] = {
    "ConsumersGone": {("broker-süd", "/", "buchung.eingang")},
    "DatabaseConnectionsNearMaximum": {("archiv-db",)},
    "DatabaseSlow": {("buchung.api",)},
    "DeadLettersArriving": {("broker-nord", "zoll", "grab.alt")},
    "UserTakesUnfairShare": {("kasse",), ("buchung.api",)},
    "LimitWouldRefuse": {("buchung.api",)},
}
"""What alerts of these names are of; for labels that two parts share, another part's would be a false one."""


@pytest.mark.timeout(900)
def test_every_drill_is_detected_as_what_it_is_and_resolved(watched: Watched) -> None:
    """The company's own drills, of parts that the stack has not started, and those of every company."""
    before, seen = watched.alerts(), set[tuple[str, ...]]()
    with ThreadPoolExecutor(1) as threads:
        drilled = threads.submit(watched.stack.reduse, "drill", "--all", f"--speed={SPEED}", "--json", timeout=800)
        while not drilled.done():
            with suppress(QueryError):
                seen |= watched.alerts()
            time.sleep(1)
    finished = drilled.result()
    results = json.loads(finished.stdout)
    assert [result["drill"] for result in results] == [drill.name for drill in drills(watched.stack.installation)]
    failed = [result for result in results if not result["passed"]]
    assert failed == [], json.dumps(failed)
    assert finished.returncode == 0
    # What is still told of the tests before is true.
    assert {(name, *of) for name, *of in seen - before if name in ONLY and tuple(of) not in ONLY[name]} == set()
