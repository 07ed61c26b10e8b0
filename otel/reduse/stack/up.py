"""Bring the whole stack up, from nothing to twelve live rows; leave nothing half-started behind."""

import functools
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console

from reduse.stack import (
    alertmanager,
    broker,
    certificates,
    check,
    collector,
    credentials,
    databases,
    grafana,
    packages,
    partners,
    ports,
    prometheus,
    security,
)
from reduse.stack.errors import StackError
from reduse.stack.parts import LOAD, SERVICES, Part, all_parts
from reduse.stack.query import PrometheusClient, QueryError
from reduse.stack.settings import Settings
from reduse.stack.steps import Steps
from reduse.stack.supervision import Supervisor
from reduse.stack.waiting import wait

READY_SECONDS = 60
LIVE_SECONDS = 120
BUILD_BYTES = 4 * 2**30
RUN_BYTES = 2**30


def prepare(settings: Settings, steps: Steps) -> Path:
    """Install the Debian packages and build the collector, where missing; return the collector."""
    missing = packages.missing()
    binary = collector.find(settings)
    check_disk(settings, RUN_BYTES if binary else BUILD_BYTES)
    work: dict[str, Callable[[], object]] = {}
    if missing:
        work[f"Installing Debian packages: {', '.join(missing)}"] = functools.partial(
            packages.install, missing, settings.log_dir / "packages.log"
        )
    if binary is None:
        work["Building the collector (about five minutes, once)"] = functools.partial(collector.build, settings)
    if work:
        steps.together(work)
    return binary or collector.cached_path(settings)


def prepare_tests(settings: Settings, steps: Steps) -> None:
    """Install what only the tests need, where it is missing."""
    if missing := packages.missing(packages.TEST_PACKAGES):
        steps.run(
            f"Installing Debian packages: {', '.join(missing)}",
            lambda: packages.install(missing, settings.log_dir / "packages.log"),
        )


def prepare_collector(settings: Settings, steps: Steps, recipe: str) -> Path:
    """Build the collector of this recipe, where it is missing."""
    binary = collector.find(settings, recipe)
    if binary is None:
        check_disk(settings, BUILD_BYTES)
        what = "balancer" if recipe == collector.BALANCER else "collector"
        steps.run(f"Building the {what} (about five minutes, once)", lambda: collector.build(settings, recipe))
    return binary or collector.cached_path(settings, recipe)


def up(settings: Settings, console: Console, *, load: bool) -> Supervisor:
    """Start everything and return when all twelve rows are live; on any failure, stop what was started."""
    supervisor = Supervisor(settings)
    if supervisor.pid() is not None:
        raise StackError("the stack is already running: see `./reduse status`, or stop it with `./reduse down`.")
    ports.check_free(settings.ports())
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    databases.check_reachable(settings)
    with Steps(console).shown() as steps:
        binary = prepare(settings, steps)
        steps.run("Secrets, configuration and databases", lambda: configure(settings))
        parts = all_parts(settings, binary, load=load)
        collectors = [part for part in parts if part.name in ("agent", "gateway")]
        steps.run("Checking the collector's files", lambda: collector.validate(collectors, settings))
        try:
            steps.run(f"Starting {len(parts)} parts", lambda: start(parts, supervisor, settings))
            steps.run("Waiting for live data in all twelve rows", lambda: wait_until_live(settings, supervisor))
        except BaseException:
            supervisor.stop()
            raise
    return supervisor


def check_disk(settings: Settings, needed: int) -> None:
    free = shutil.disk_usage(settings.state_dir).free
    if free < needed:
        raise StackError(
            f"{settings.state_dir} has {free / 2**30:.1f} GiB free and needs {needed / 2**30:.0f}: "
            "free some disk, or set REDUSE_STATE_DIR to a larger one."
        )


def configure(settings: Settings) -> None:
    """Write all that the parts read at their start. What is there already is kept, but for configuration."""
    for folder in (settings.data_dir, settings.log_dir, settings.run_dir):
        folder.mkdir(parents=True, exist_ok=True)
    credentials.create(settings.secrets_dir, settings.partners)
    broker.write_configuration(settings)
    if settings.security:
        certificates.ensure(settings.certificates_dir, hosts=(), now=datetime.now(UTC))
        security.write_prometheus_credentials(settings)
    prometheus.write_configuration(settings)
    alertmanager.write_configuration(settings)
    grafana.write_configuration(settings)
    for database in databases.DATABASES:
        databases.initialise(database, settings)


def start(parts: list[Part], supervisor: Supervisor, settings: Settings) -> None:
    """Start the stores and the pipeline, bring the databases up to date, then start the services on them."""
    supervisor.start(parts)
    supervisor.start_parts([part for part in parts if part.stage < SERVICES])
    for database in databases.DATABASES:
        databases.provision(database, settings)
    supervisor.start_parts([part for part in parts if part.stage == SERVICES])
    mes_api = next(part for part in parts if part.name == "mes-api")
    partners.load(settings, mes_api.environment, "See `./reduse logs mes-db`.")
    # Asked earlier, every service would answer 503 until then, and these answers would be its first data.
    broker.wait_until_listening(settings)
    wait_until_ready(settings)
    supervisor.start_parts([part for part in parts if part.stage == LOAD])


def wait_until_ready(settings: Settings) -> None:
    """Wait until each service reaches its database and the broker; the requests are also its first RED data."""
    for name in ("shop_api", "crm_api", "mes_api"):
        wait_until_answering(
            f"http://127.0.0.1:{getattr(settings, name + '_port')}/readyz", part=name.replace("_", "-")
        )


def wait_until_answering(url: str, part: str) -> None:
    """Wait until this URL of a part answers with 200."""

    def probe() -> str | None:
        try:
            response = httpx.get(url, timeout=5)
        except httpx.HTTPError as error:
            return str(error)
        return None if response.status_code == httpx.codes.OK else f"{response.status_code} {response.text.strip()}"

    wait(probe, READY_SECONDS, lambda answer: f"{url} is not ready ({answer}): see `./reduse logs {part}`.")


def wait_until_live(settings: Settings, supervisor: Supervisor) -> None:
    """Wait until every row has fresh data in Prometheus."""

    def probe() -> str | None:
        if supervisor.pid() is None:
            raise StackError(f"the supervisor ended: see {settings.log_dir / 'supervisord.log'}")
        try:
            failing = [result for result in check.check(client, time.time()) if not result.passed]
        except QueryError as error:
            return str(error)
        return ", ".join(f"{result.row} ({result.title})" for result in failing) or None

    def failure(missing: str) -> str:
        down = [str(process["name"]) for process in supervisor.processes() if process["statename"] != "RUNNING"]
        return (
            f"no live data within {LIVE_SECONDS} s for {missing}. Parts not running: {', '.join(down) or 'none'}. "
            f"Logs: {settings.log_dir}"
        )

    with PrometheusClient.of(settings) as client:
        wait(probe, LIVE_SECONDS, failure)
