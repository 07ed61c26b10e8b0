"""Somebody is told that nothing can be stored though the store is what cannot write: the real Prometheus, whose files
may not grow any more."""

import http.server
import json
import resource
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from reduse.store.client import StoreClient
from tests.collector import servers
from tests.collector.configuration import PROMETHEUS
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus on PATH: install the package"),
]

TOLD_SECONDS = 120.0
"""From the moment on at which nothing can be stored."""


class Outside(http.server.BaseHTTPRequestHandler):
    """The gateway, whose heartbeat is scraped here as nothing writes it, and an Alertmanager that remembers."""

    def __init__(self, alerts: set[str], *arguments: Any) -> None:
        self.alerts = alerts
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self._answer(f'reduse_gateway_heartbeat_seconds{{job="reduse-gateway"}} {time.time()}\n'.encode())

    def do_POST(self) -> None:
        for alert in json.loads(self.rfile.read(int(self.headers["Content-Length"]))):
            self.alerts.add(alert["labels"]["alertname"])
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def outside() -> Iterator[tuple[str, set[str]]]:
    """Its address, and the names of the alerts that it was told."""
    alerts: set[str] = set()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Outside, alerts)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}", alerts
        server.shutdown()
        thread.join()


def test_a_store_that_cannot_write_is_told_of_and_the_heartbeat_stops(tmp_path: Path) -> None:
    rules = PROMETHEUS.parent / "rules"
    with outside() as (address, alerts):
        configuration = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "5s"},
            "rule_files": [str(rules / f"{name}.yaml") for name in ("use", "pipeline", "alerts")],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [address]}]}]},
            "scrape_configs": [
                {"job_name": "prometheus", "static_configs": [{"targets": [address]}]},
                {"job_name": "outside", "honor_labels": True, "static_configs": [{"targets": [address]}]},
            ],
        }
        with servers.prometheus(tmp_path, configuration) as server, StoreClient(server.url) as prometheus:
            wait_until(lambda: "Watchdog" in alerts, "the watchdog")
            assert "StoreNotTaking" not in alerts
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
            wait_until(lambda: "StoreNotTaking" in alerts, "the alert", TOLD_SECONDS)
            firing = {alert["labels"]["alertname"] for alert in prometheus.get("/api/v1/alerts")["alerts"]}
            assert "StoreNotTaking" in firing
            assert "Watchdog" not in firing
