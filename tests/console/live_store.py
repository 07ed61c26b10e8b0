"""A Prometheus whose rules make the samples of a small company, live, and an alert that a test can begin and end."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reduse.store.client import StoreClient
from reduse.yaml_text import write_yaml
from tests.collector import servers
from tests.waiting import wait_until

HERE = Path(__file__).parent
WATCH = HERE / "company.yaml"
SUMMARY = "The test has broken something"


def _series(record: str, expr: str, **labels: str) -> Mapping[str, Any]:
    return {"record": record, "expr": expr, "labels": labels}


RAW = "http_server_request_duration_seconds_count"
SAMPLES = [
    _series(RAW, "time()", job="shop-api", instance="a", http_response_status_code="200"),
    _series("http_server_request_duration_seconds_bucket", "time()", job="shop-api", instance="a", le="+Inf"),
    _series("job_status:http_requests:rate", "vector(12)", job="shop-api", status="200"),
    _series("job_status:http_requests:rate", "vector(0.5)", job="shop-api", status="503"),
    *(
        _series("job:http_request_duration_seconds:quantile", f"vector({value})", job="shop-api", quantile=quantile)
        for quantile, value in (("0.5", 0.02), ("0.95", 0.08), ("0.99", 0.2))
    ),
    _series("reduse_user_requests_total", "time()", service="mes-api", identity="user", job="reduse-processor"),
    *(
        _series(name, f"vector({value})", service="mes-api", user=user, instance="p")
        for user, value in (("60da5d93831e1a94", 6), ("9d88ca149ff35c25", 1.5), ("other", 2.5))
        for name in ("reduse_user_rate_per_second", "service_user:user_requests:rate", "reduse_user_concurrency")
    ),
    *(
        _series("reduse_rate_limit_users", "vector(1)", service="mes-api", limit=limit, burst="2", window="1s")
        for limit in ("1", "2", "5", "10")
    ),
]
ALERTS = [
    {
        "alert": "HostDiskFilling",
        "expr": 'up{job="switch"} == 0',
        "labels": {"severity": "critical"},
        "annotations": {
            "summary": SUMMARY,
            "description": "It is of no use, and ends soon.",
            "dashboard": "/d/reduse-pipeline",
        },
    },
    {"alert": "Watchdog", "expr": "vector(1)", "labels": {"severity": "none"}, "annotations": {"summary": "Alive"}},
]


@dataclass(frozen=True)
class LiveStore:
    url: str
    port: int
    switch: Path

    def alert(self, *, fires: bool) -> None:
        """A target that is not there makes it fire."""
        self.switch.write_text(json.dumps([{"targets": ["127.0.0.1:1"]}] if fires else []))


@contextmanager
def live_store(folder: Path) -> Iterator[LiveStore]:
    """Until the block ends."""
    groups = [
        {"name": "samples", "interval": "1s", "rules": SAMPLES},
        {"name": "alerts", "interval": "1s", "rules": ALERTS},
    ]
    (folder / "rules.yaml").write_text(write_yaml({"groups": groups}))
    switch, own = folder / "switch.json", folder / "own.json"
    switch.write_text("[]")
    configuration = {
        "rule_files": ["rules.yaml"],
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [
            {"job_name": name, "file_sd_configs": [{"files": [str(file)]}]}
            for name, file in (("switch", switch), ("prometheus", own))
        ],
    }
    with servers.prometheus(folder, configuration) as server, StoreClient(server.url) as client:
        own.write_text(f'[{{"targets": ["127.0.0.1:{server.port}"]}}]')
        wait_until(lambda: client.scalar("max(up)") == 1, "the first scrape")
        wait_until(lambda: bool(client.query(RAW)), "the first samples")
        yield LiveStore(server.url, server.port, switch)
