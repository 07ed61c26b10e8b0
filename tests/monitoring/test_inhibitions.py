"""What is not told because it follows from something else: asked of an Alertmanager."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from reduse.monitoring import companies
from reduse.monitoring.alertmanager import document
from reduse.monitoring.inhibitions import inhibitions
from reduse.monitoring.origin import Origin
from reduse.stack.packages import ALERTMANAGER
from reduse.watch.company import Company
from tests.server import Server
from tests.waiting import PATIENCE_SECONDS, wait_until
from tests.watch import strategies

# Two services share a database; names that a regular expression would take for each other.
COMPANY = companies.parse(
    """
    company: Test
    services:
      - {name: shop.api, uses: [orders], consumes: [{broker: hare, queue: "a.b"}]}
      - {name: shop-api, uses: [stock], consumes: [{broker: hare, vhost: eu, queue: "a-b"}]}
      - {name: crm, uses: [orders]}
      - {name: one, consumes: [{broker: hare, queue: shared}]}
      - {name: two, consumes: [{broker: hare, queue: shared}]}
    databases:
      - {name: orders, endpoint: "h:1", password_file: f}
      - {name: stock, endpoint: "h:2", password_file: f}
    brokers: [{name: hare, management_url: "http://h:1", password_file: f}]
    """
)

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Running:
    url: str

    def silenced(self, reason: Labels, *others: Labels) -> list[bool]:
        """Whether each of the others is inhibited while `reason` fires."""
        self._post([reason, *others], "2100-01-01T00:00:00Z")
        try:
            states: dict[str, bool] = {}

            def known() -> bool:
                told = httpx.get(f"{self.url}/api/v2/alerts", timeout=PATIENCE_SECONDS).raise_for_status().json()
                found = {each["labels"]["number"]: each["status"] for each in told}
                states.update({number: bool(status["inhibitedBy"]) for number, status in found.items()})
                # It is asked once the alert has been through the pipeline.
                return len(found) == len(others) + 1 and all(
                    status["state"] != "unprocessed" for status in found.values()
                )

            wait_until(known, "the alerts")
            return [states[str(number)] for number in range(1, len(others) + 1)]
        finally:
            self._post([reason, *others], "2000-01-01T00:00:01Z")
            wait_until(
                lambda: (
                    httpx.get(f"{self.url}/api/v2/alerts", timeout=PATIENCE_SECONDS).raise_for_status().json() == []
                ),
                "that they end",
            )

    def _post(self, alerts: list[Labels], until: str) -> None:
        told = [
            {"labels": {**labels, "number": str(number)}, "startsAt": "2000-01-01T00:00:00Z", "endsAt": until}
            for number, labels in enumerate(alerts)
        ]
        httpx.post(f"{self.url}/api/v2/alerts", json=told, timeout=PATIENCE_SECONDS).raise_for_status()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("alertmanager")
    # Alerts go through at once.
    text = document(COMPANY, Origin("watch.yaml")).replace("group_wait: 10s", "group_wait: 0s")
    (folder / "alertmanager.yml").write_text(text.replace("group_wait: 5s", "group_wait: 0s"), encoding="utf-8")
    command = [
        *[str(ALERTMANAGER), f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder}"],
        *["--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="],
    ]
    with Server(command, {}, folder / "log") as server:
        yield Running(f"http://127.0.0.1:{server.port}")


def alert(name: str, severity: str = "warning", **labels: str) -> Labels:
    return {"alertname": name, "severity": severity, **labels}


def missing(job: str, signal: str) -> Labels:
    return alert("SignalMissing", "critical", job=job, signal=signal, row=f"{job}.{signal}", service=job.upper())


@pytest.mark.server
def test_a_database_that_is_away_explains_its_services_and_their_queues(running: Running) -> None:
    assert running.silenced(
        alert("DatabaseUnreadable", "critical", job="orders", instance="h:1"),
        alert("ErrorBudgetBurning", "critical", job="shop.api"),
        alert("LatencyBudgetBurning", job="crm"),
        alert("QueueGrowing", job="hare", vhost="/", queue="a.b"),
        # Another service, database and queue, whose names look alike.
        alert("ErrorBudgetBurning", "critical", job="shop-api"),
        alert("QueueGrowing", job="hare", vhost="/", queue="a-b"),
        alert("QueueGrowing", job="hare", vhost="eu", queue="a.b"),
        alert("CpuSaturated", job="crm"),
    ) == [True, True, True, False, False, False, False]


@pytest.mark.server
def test_that_it_cannot_be_read_is_told_instead_of_its_rows(running: Running) -> None:
    assert running.silenced(
        alert("DatabaseUnreadable", "critical", job="orders", instance="h:1"),
        missing("orders", "connections"),
        missing("stock", "connections"),
    ) == [True, False]


@pytest.mark.server
def test_what_is_wrong_with_the_monitorings_role_alone_explains_nothing(running: Running) -> None:
    assert running.silenced(
        alert("DatabaseUnreadable", "warning", job="orders", instance="h:1"),
        alert("ErrorBudgetBurning", "critical", job="shop.api"),
        missing("orders", "connections"),
    ) == [False, False]


@pytest.mark.server
def test_a_service_that_is_away_explains_its_queue_and_no_other(running: Running) -> None:
    assert running.silenced(
        missing("shop-api", "requests"),
        alert("ConsumersGone", "critical", job="hare", vhost="eu", queue="a-b"),
        alert("QueueGrowing", job="hare", vhost="eu", queue="a-b"),
        alert("ConsumersGone", "critical", job="hare", vhost="/", queue="a-b"),
        alert("ConsumersGone", "critical", job="hare", vhost="/", queue="a.b"),
    ) == [True, True, False, False]


@pytest.mark.server
def test_missing_users_are_no_service_that_is_away(running: Running) -> None:
    gone = alert("ConsumersGone", "critical", job="hare", vhost="eu", queue="a-b")
    assert running.silenced(missing("shop-api", "users"), gone) == [False]


@pytest.mark.server
def test_one_of_two_consumers_explains_nothing(running: Running) -> None:
    gone = alert("ConsumersGone", "critical", job="hare", vhost="/", queue="shared")
    assert running.silenced(missing("one", "requests"), gone) == [False]


@pytest.mark.server
def test_of_two_alerts_of_one_thing_the_worse_is_enough_and_of_two_things_both_are_told(running: Running) -> None:
    assert running.silenced(
        alert("LatencyBudgetBurning", "critical", job="crm", objective="fast"),
        alert("LatencyBudgetBurning", "warning", job="crm", objective="fast"),
        alert("LatencyBudgetBurning", "warning", job="crm", objective="faster"),
    ) == [True, False]


@pytest.mark.server
def test_a_processor_that_is_down_explains_the_rows_of_users_alone(running: Running) -> None:
    assert running.silenced(
        alert("MonitoringPartDown", "critical", job="reduse-processor"),
        missing("crm", "users"),
        missing("crm", "requests"),
        alert("ProcessorLate", job="crm"),
    ) == [True, False, True]


def test_no_inhibition_knows_a_number_of_a_row() -> None:
    for company in (COMPANY, strategies.many(20, 5)):
        assert not [entry for entry in inhibitions(company) if "row=" in str(entry)]


def test_a_company_without_links_has_only_what_is_of_every_company() -> None:
    empty = Company.model_validate({"company": "Empty"})
    assert inhibitions(strategies.ONE_SERVICE) == inhibitions(empty)


def test_links_of_many_services_are_said_once_for_each_database(tmp_path: Path) -> None:
    several = inhibitions(strategies.many(200, 50))
    about = [entry for entry in several if any("DatabaseSlow" in each for each in entry["target_matchers"])]
    assert len(about) == 50
