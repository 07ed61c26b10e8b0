"""docker-compose.yml runs: with this machine's programs as images, twelve rows are live and counts are exact."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from reduse.operation import check
from reduse.settings.stack import Settings
from reduse.stack import collector
from reduse.store.client import QueryError, StoreClient
from reduse.yaml_text import write_yaml
from tests.deploy.composition import FILE
from tests.deploy.stand_in.engine import Engine, running_engine
from tests.deploy.stand_in.images import import_images, overlay
from tests.deploy.test_compose import ONCE, PUBLISHED
from tests.ports import free_port
from tests.reference import ROWS
from tests.waiting import wait_until

pytestmark = [pytest.mark.server, pytest.mark.e2e, pytest.mark.extended, pytest.mark.timeout(600)]

REQUESTS = 30


@dataclass(frozen=True)
class Composed:
    """The running services."""

    engine: Engine
    ports: dict[str, int]
    prometheus: StoreClient
    project: list[str]
    environment: dict[str, str]

    def compose(self, *command: str) -> str:
        finished = subprocess.run(
            [*self.project, *command],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stdout
        return finished.stdout


@pytest.fixture(scope="module")
def composed() -> Iterator[Composed]:
    binary = collector.find(Settings())
    if binary is None:
        pytest.fail("no collector: `./reduse up` builds it")
    # Short, because a socket's path has a limit of 107 bytes.
    with tempfile.TemporaryDirectory(prefix="reduse-dk-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with running_engine(folder) as engine:
            import_images(engine, binary)
            over = folder / "overlay.yml"
            over.write_text(write_yaml(overlay(engine, binary)))
            ports = {service: free_port() for service in PUBLISHED}
            environment = {key: value for key, value in os.environ.items() if not key.startswith("REDUSE_")} | {
                "DOCKER_HOST": f"unix://{engine.socket}",
                "DOCKER_API_VERSION": engine.run("version", "--format", "{{.Server.APIVersion}}").strip(),
                **{setting: str(ports[service]) for service, (setting, _) in PUBLISHED.items()},
            }
            project = ["docker-compose", "--project-name", "reduse", "--file", str(FILE), "--file", str(over)]
            with StoreClient(f"http://127.0.0.1:{ports['prometheus']}") as prometheus:
                running = Composed(engine, ports, prometheus, project, environment)
                try:
                    up(running)
                    yield running
                finally:
                    running.compose("down", "--volumes", "--timeout", "10")


def up(composed: Composed) -> None:
    try:
        composed.compose("up", "--detach", "--no-build")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{composed.compose('logs', '--tail', '15')}") from None


def failing_rows(composed: Composed) -> list[str]:
    try:
        return [f"{row.row}" for row in check.check(composed.prometheus, time.time(), ROWS) if not row.passed]
    except QueryError as error:
        return [str(error)]


def test_all_twelve_rows_are_live(composed: Composed) -> None:
    try:
        wait_until(lambda: failing_rows(composed) == [], "twelve live rows")
    except TimeoutError:
        raise AssertionError(f"{failing_rows(composed)}\n{composed.compose('logs', '--tail', '15')}") from None


def test_row_8_is_of_the_container(composed: Composed) -> None:
    usage = 'sum(container_cpu_usage_nanoseconds_total{job="mes-api"})'
    wait_until(lambda: (composed.prometheus.scalar(usage) or 0) > 0, "the container's CPU time")


def test_the_disk_of_the_queue_is_seen(composed: Composed) -> None:
    disk = 'sum(system_filesystem_usage_bytes{job="host",mountpoint="/var/lib/reduse/queue",state="used"})'
    wait_until(lambda: (composed.prometheus.scalar(disk) or 0) > 0, "the disk's use")


@pytest.mark.parametrize(("call", "status"), [("json", "200"), ("archive?path=/run/reduse/shop_db_superuser", "403")])
def test_the_agent_sees_containers_but_not_their_files(composed: Composed, call: str, status: str) -> None:
    database = composed.compose("ps", "--quiet", "shop-db").strip()
    url = f"http://docker-socket-proxy:2375/v1.41/containers/{database}/{call}"
    asked = f"import httpx; print(httpx.get({url!r}).status_code)"
    assert composed.compose("exec", "-T", "agent", sys.executable, "-c", asked).strip() == status


def test_what_was_asked_is_what_was_counted(composed: Composed) -> None:
    counted = 'sum(http_server_request_duration_seconds_count{job="shop-api",http_route="/products"})'
    users = 'sum(reduse_user_requests_total{service="shop-api"})'
    for _ in range(REQUESTS):
        httpx.get(f"http://127.0.0.1:{composed.ports['shop-api']}/products").raise_for_status()
    wait_until(lambda: composed.prometheus.scalar(counted) == REQUESTS, "exact counts")
    # The health checks are requests too: of all of them, RED and the processor say the same at some moment.
    everything = 'sum(http_server_request_duration_seconds_count{job="shop-api"})'
    wait_until(lambda: composed.prometheus.scalar(everything) == composed.prometheus.scalar(users), "equal counts")


def test_every_part_that_can_tell_is_healthy_and_none_was_started_twice(composed: Composed) -> None:
    for line in composed.engine.run("ps", "--all", "--format", "{{.Names}}\t{{.Status}}").splitlines():
        name, status = line.split("\t")
        part = name.removeprefix("reduse_").rpartition("_")[0]
        if part in ONCE:
            assert status.startswith("Exited (0)"), line
        else:
            assert status.startswith("Up"), line
            assert "unhealthy" not in status, line
        restarts = composed.engine.run("inspect", "--format", "{{.RestartCount}}", name).strip()
        assert restarts == "0", name


def test_a_second_up_changes_no_secret(composed: Composed) -> None:
    read = ("run", "--rm", "--no-deps", "--entrypoint", "sha256sum", "databases", "/state/secrets/shop_db_superuser")
    before = composed.compose(*read)
    composed.compose("up", "--detach", "--no-build")
    assert composed.compose(*read).splitlines()[-1] == before.splitlines()[-1]


def test_the_load_reaches_every_service(composed: Composed) -> None:
    composed.compose("--profile", "load", "up", "--detach", "--no-build", "load")
    try:
        asked = 'count(group by (job) (http_server_request_duration_seconds_count{http_route=~".*/(orders|jobs).*"}))'
        wait_until(lambda: composed.prometheus.scalar(asked) == 3, "load on three services")
    finally:
        composed.compose("--profile", "load", "stop", "load")


def store_alerts(composed: Composed) -> list[str]:
    """Who says that the store takes nothing."""
    url = f"http://127.0.0.1:{composed.ports['alertmanager']}/api/v2/alerts"
    answer = httpx.get(url, params={"filter": 'alertname="StoreNotTaking"'}).raise_for_status()
    return [alert["labels"].get("source", "prometheus") for alert in answer.json()]


def test_the_gateway_tells_alertmanager_that_prometheus_is_away_and_nothing_is_lost(composed: Composed) -> None:
    # Which nobody else asks for.
    refused = 'sum(http_server_request_duration_seconds_count{job="shop-api",http_response_status_code="405"})'

    def counted() -> float | None:
        try:
            return composed.prometheus.scalar(refused)
        except QueryError:
            return None

    wait_until(lambda: failing_rows(composed) == [], "twelve live rows")
    composed.compose("stop", "prometheus")
    try:
        for _ in range(REQUESTS):
            assert httpx.put(f"http://127.0.0.1:{composed.ports['shop-api']}/products").status_code == 405
        wait_until(lambda: "gateway" in store_alerts(composed), "the notice of the gateway", 120)
    finally:
        composed.compose("start", "prometheus")
    wait_until(lambda: counted() == REQUESTS, "the requests of the outage")
    wait_until(lambda: "gateway" not in store_alerts(composed), "the end of the notice")


def test_every_part_ends_by_itself_when_asked_to(composed: Composed) -> None:
    composed.compose("stop")
    names = composed.engine.run("ps", "--all", "--format", "{{.Names}}").split()
    codes = {name: composed.engine.run("inspect", "--format", "{{.State.ExitCode}}", name).strip() for name in names}
    failed = {name: code for name, code in codes.items() if code != "0"}
    assert failed == {}, "\n".join(composed.engine.run("logs", "--tail", "15", name) for name in failed)
