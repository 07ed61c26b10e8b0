"""Samples as processors write them, in a Prometheus of their own."""

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.ports import free_port
from tests.process import Process
from tests.recommendation.traffic import Traffic, distinct, rejected

REJECTED = "reduse_rate_limit_rejected_total"
TOUCHED = "reduse_rate_limit_users"
REQUESTS = "reduse_user_requests_total"
ACTIVE = "reduse_users_active"
UNDER_POLICY = "reduse_policy_requests_total"
POLICY_USERS = "reduse_policy_users"
DURATIONS = "http_server_request_duration_seconds"


class History:
    """Series by name, as OpenMetrics text."""

    def __init__(self) -> None:
        self._lines: defaultdict[str, list[str]] = defaultdict(list)
        self._silent = range(0)

    def processor(
        self,
        service: str,
        instance: str,
        traffic: Traffic,
        ladder: Sequence[float],
        *,
        burst: float = 2,
        requests: bool = True,
        lost_at: int | None = None,
        before: int = 0,
        silent: range = range(0),
    ) -> None:
        """All that a processor sends of a service.

        `lost_at`: the second in which it began again without its state. `before`: what all counters had counted before.
        `silent`: seconds without samples. `requests`: False for a further ladder of the same processor.
        """
        self._silent = silent
        seconds = traffic.seconds
        own = {"service": service, "job": "reduse-processor", "instance": instance}
        if requests:
            known = [sum(traffic.count(user, second) for user in traffic.users) for second in seconds]
            unknown = [traffic.unknown(second) for second in seconds]
            for identity, counts in (("user", known), ("anonymous", unknown), ("overflow", [0] * len(seconds))):
                self._counter(REQUESTS, own | {"identity": identity}, seconds, counts, lost_at, before)
            self._gauge(ACTIVE, own | {"window": "1h"}, seconds, distinct(traffic.users))
            self._gauge(ACTIVE, own | {"window": "1m"}, seconds, [10**6] * len(seconds))
        for limit in ladder:
            refused = rejected(traffic, limit, burst)
            labels = own | {"limit": f"{limit:g}", "burst": f"{burst:g}"}
            in_all = [sum(values) for values in zip(*refused.values(), strict=True)]
            self._counter(REJECTED, labels, seconds, in_all, lost_at, before)
            self._gauge(TOUCHED, labels | {"window": "1h"}, seconds, distinct(refused))
            self._gauge(TOUCHED, labels | {"window": "1s"}, seconds, [10**6] * len(seconds))

    def policy(
        self, service: str, instance: str, policy: str, traffic: Traffic, limits: Mapping[str, tuple[float, float]]
    ) -> None:
        """All that a processor sends of a policy.

        `limits`: requests a second and at once, by how each is written.
        """
        seconds = traffic.seconds
        own = {"service": service, "policy": policy, "job": "reduse-processor", "instance": instance}
        known = [sum(traffic.count(user, second) for user in traffic.users) for second in seconds]
        self._counter(UNDER_POLICY, own, seconds, known, None, 0)
        self._gauge(POLICY_USERS, own | {"window": "1h"}, seconds, distinct(traffic.users))
        self._gauge(POLICY_USERS, own | {"window": "1s"}, seconds, [10**6] * len(seconds))
        for limit, (rate, at_once) in limits.items():
            refused = rejected(traffic, rate, at_once / rate)
            labels = own | {"limit": limit, "burst": f"{at_once:g}"}
            in_all = [sum(values) for values in zip(*refused.values(), strict=True)]
            self._counter(REJECTED, labels, seconds, in_all, None, 0)
            self._gauge(TOUCHED, labels | {"window": "1h"}, seconds, distinct(refused))

    def route(self, job: str, method: str, route: str, traffic: Traffic, seconds_each: float) -> None:
        """RED of a route: what all users sent to it, and that each took so long."""
        own = {"job": job, "instance": "i", "http_request_method": method, "http_route": route}
        counts = [sum(traffic.count(user, second) for user in traffic.users) for second in traffic.seconds]
        self._counter(f"{DURATIONS}_count", own, traffic.seconds, counts, None, 0)
        micros = [round(count * seconds_each * 10**6) for count in counts]
        in_all, total = [], 0
        for each in micros:
            total += each
            in_all.append(total)
        shown = ",".join(f"{label}={json.dumps(value)}" for label, value in own.items())
        for second, value in zip(traffic.seconds, in_all, strict=True):
            self._lines[f"{DURATIONS}_sum"].append(f"{DURATIONS}_sum{{{shown}}} {value / 10**6} {second}\n")

    def text(self) -> str:
        families = (f"# TYPE {name} unknown\n" + "".join(lines) for name, lines in sorted(self._lines.items()))
        return "".join(families) + "# EOF\n"

    def _counter(
        self, name: str, labels: dict[str, str], seconds: range, counts: Sequence[int], lost_at: int | None, before: int
    ) -> None:
        values, value = [], before
        for second, count in zip(seconds, counts, strict=True):
            value = (0 if second == lost_at else value) + count
            values.append(value)
        self._gauge(name, labels, seconds, values)

    def _gauge(self, name: str, labels: dict[str, str], seconds: range, values: Sequence[int]) -> None:
        shown = ",".join(f"{label}={json.dumps(value)}" for label, value in labels.items())
        for second, value in zip(seconds, values, strict=True):
            if second not in self._silent:
                self._lines[name].append(f"{name}{{{shown}}} {value} {second}\n")


@contextmanager
def prometheus(history: History, folder: Path) -> Iterator[int]:
    """A Prometheus that has this history, until the block ends: the port it listens on."""
    text, configuration, log = folder / "history.txt", folder / "prometheus.yml", folder / "log"
    text.write_text(history.text(), encoding="utf-8")
    configuration.write_text("{}", encoding="utf-8")
    made = subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text), str(folder / "data")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    port = free_port()
    command = ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'data'}"]
    with Process([*command, f"--web.listen-address=127.0.0.1:{port}"], log, directory=folder) as process:
        process.wait_until(lambda: _ready(port))
        yield port


def _ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/-/ready").status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
