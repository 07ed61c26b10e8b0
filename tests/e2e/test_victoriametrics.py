"""On VictoriaMetrics and vmalert, with security on, everything works as on Prometheus."""

import json
import ssl
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.counts import SERVICES, Counts, awaited_counts, settled_counts
from tests.e2e.stack import Stack, running_stack
from tests.reference import ROWS
from tests.waiting import PATIENCE_SECONDS

pytestmark = [pytest.mark.server, pytest.mark.e2e]

LOAD_SECONDS = 8
RATE = 30


@pytest.fixture(scope="module")
def victoria() -> Iterator[Stack]:
    with running_stack(REDUSE_STORE="victoriametrics", REDUSE_SECURITY="true") as running:
        yield running


def test_every_row_is_live_and_counts_are_exact(victoria: Stack) -> None:
    before = settled_counts(victoria)
    report = victoria.start_load(LOAD_SECONDS, RATE).finish()
    sent = {name: report[name] for name in SERVICES}
    assert awaited_counts(victoria, before, sent) == Counts(red=sent, per_user=sent, windows=sent)
    assert victoria.checked() == ([row.name for row in ROWS], 0)


def test_a_fault_is_found_and_its_alert_leads_back_to_vmalert(victoria: Stack) -> None:
    settings = victoria.settings
    for drill in ("poison-messages", "gateway-killed"):
        finished = victoria.reduse("drill", drill, "--speed=10", "--json", timeout=250)
        assert [result["passed"] for result in json.loads(finished.stdout)] == [True], drill
    alerts = (
        httpx.get(f"http://127.0.0.1:{settings.alertmanager_port}/api/v2/alerts", timeout=PATIENCE_SECONDS)
        .raise_for_status()
        .json()
    )
    watchdog = next(alert for alert in alerts if alert["labels"]["alertname"] == "Watchdog")
    assert watchdog["labels"] == {"alertname": "Watchdog", "severity": "none"}
    assert httpx.get(watchdog["generatorURL"], timeout=PATIENCE_SECONDS).status_code == httpx.codes.OK
    assert watchdog["generatorURL"].startswith(f"http://127.0.0.1:{settings.vmalert_port}/")


def test_nobody_reads_without_the_password(victoria: Stack) -> None:
    ours = victoria.settings.certificates_dir / "ca.crt"
    url = f"https://127.0.0.1:{victoria.settings.victoriametrics_port}/api/v1/query?query=up"
    with httpx.Client(verify=ssl.create_default_context(cafile=str(ours)), timeout=PATIENCE_SECONDS) as client:
        assert client.get(url).status_code == httpx.codes.UNAUTHORIZED
