"""Missing rows are explained: by what fires about the monitoring itself, and by a Prometheus that stores nothing."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from reduse.operation.causes import LINES, NEWEST, SILENT_SECONDS, Alert, Causes, find
from reduse.settings.stack import Settings
from reduse.stack.packages import ALERTMANAGER
from reduse.store.client import StoreClient
from reduse.yaml_text import write_yaml
from tests.collector import servers
from tests.ports import free_port
from tests.server import Server
from tests.waiting import PATIENCE_SECONDS, wait_until


def alert(name: str, severity: str = "warning") -> Alert:
    return Alert(name, severity, f"{name} fires", {"alertname": name, "severity": severity})


def test_at_most_so_many_lines_and_how_many_more() -> None:
    told = Causes([alert(f"A{number}") for number in range(LINES + 3)], silence=None).lines()
    assert told[0] == "A0 (warning): A0 fires"
    assert told[LINES:] == ["3 more alerts fire: see Alertmanager."]


def test_a_store_that_stores_nothing_is_told_first() -> None:
    assert Causes([alert("A")], silence=75.4).lines()[0].startswith("The store has not stored anything for 75 s")
    assert "in the last hour" in Causes([], silence=float("inf")).lines()[0]


def rule(name: str, severity: str) -> dict[str, Any]:
    return {
        "alert": name,
        "expr": "vector(1)",
        "labels": {"severity": severity},
        "annotations": {"summary": f"{name} fires"},
    }


GROUPS = [
    {"name": "monitoring", "interval": "1s", "rules": [rule("QueueFills", "warning"), rule("Watchdog", "none")]},
    {"name": "rows", "interval": "1s", "rules": [rule("SignalMissing", "critical")]},
    {"name": "users", "interval": "1s", "rules": [rule("Unfair", "warning"), rule("Gone", "critical")]},
]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """It evaluates these rules, and scrapes itself."""
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "rules.yaml").write_text(write_yaml({"groups": GROUPS}))
    configuration = {
        "rule_files": ["rules.yaml"],
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "prometheus", "file_sd_configs": [{"files": [f"{folder}/targets.json"]}]}],
    }
    with servers.prometheus(folder, configuration) as server:
        (folder / "targets.json").write_text(f'[{{"targets": ["127.0.0.1:{server.port}"]}}]')
        with StoreClient(f"http://127.0.0.1:{server.port}") as client:
            wait_until(lambda: client.scalar("max(up)") == 1, "the first scrape")
            wait_until(lambda: len(client.get("/api/v1/alerts")["alerts"]) == 5, "the alerts")
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("alertmanager")
    (folder / "alertmanager.yml").write_text("route: {receiver: team}\nreceivers: [{name: team}]\n")
    command = [
        *[str(ALERTMANAGER), f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder}"],
        *["--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="],
    ]
    with Server(command, {}, folder / "log") as server:
        yield Settings(alertmanager_port=server.port)


@pytest.mark.server
def test_what_fires_about_the_monitoring_or_is_critical_explains(prometheus: str, alertmanager: Settings) -> None:
    with StoreClient(prometheus) as client:
        found = find(client, alertmanager, time.time())
    assert found.lines() == ["Gone (critical): Gone fires", "QueueFills (warning): QueueFills fires"]
    assert found.silence is None


@pytest.mark.server
def test_what_alertmanager_was_told_without_prometheus_explains_too(prometheus: str, alertmanager: Settings) -> None:
    told = {
        "labels": {"alertname": "StoreNotTaking", "severity": "critical"},
        "annotations": {"summary": "Nothing is stored"},
    }
    url = f"http://127.0.0.1:{alertmanager.alertmanager_port}/api/v2/alerts"
    httpx.post(
        url, json=[told, told | {"labels": {"alertname": "Other", "severity": "warning"}}], timeout=PATIENCE_SECONDS
    ).raise_for_status()
    nowhere = f"http://127.0.0.1:{free_port()}"
    with StoreClient(nowhere) as client:
        assert find(client, alertmanager, time.time()).lines() == ["StoreNotTaking (critical): Nothing is stored"]


@pytest.mark.server
def test_the_age_of_the_newest_sample_is_that_of_the_last_scrape(prometheus: str) -> None:
    nobody = Settings(alertmanager_port=free_port())
    with StoreClient(prometheus) as client:
        now = time.time()
        later = now + SILENT_SECONDS + 20
        assert (client.scalar(NEWEST, now) or 0) < SILENT_SECONDS
        assert find(client, nobody, later).silence == pytest.approx(SILENT_SECONDS + 20, abs=10)
        # Longer than a sample counts as the present one.
        assert find(client, nobody, now + 1800).silence == pytest.approx(1800, abs=10)
        assert find(client, nobody, now + 2 * 86400).silence == float("inf")
