"""Bring the whole stack up, from nothing to twelve live rows; leave nothing half-started behind."""

import functools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console

from reduse.errors import StackError
from reduse.operation import causes, certificates, check
from reduse.operation.query import PrometheusClient, QueryError
from reduse.settings import passthrough
from reduse.settings.stack import Settings
from reduse.stack import (
    alertmanager,
    broker,
    collector,
    credentials,
    databases,
    folders,
    grafana,
    leftovers,
    packages,
    partners,
    ports,
    prometheus,
    security,
)
from reduse.stack.parts import LOAD, SERVICES, Part, all_parts
from reduse.stack.staying import check_parts
from reduse.stack.steps import Steps
from reduse.stack.supervision import Supervisor
from reduse.stack.waiting import Check, wait

READY_SECONDS = 60
LIVE_SECONDS = 120
BUILD_BYTES = 4 * 2**30
RUN_BYTES = 2**30


def prepare(settings: Settings, steps: Steps) -> Path:
    """Install the Debian packages and build the collector, where missing; return the collector."""
    folders.check_root(settings)
    missing = packages.missing()
    binary = collector.find(settings)
    folders.check_room("REDUSE_STATE_DIR", settings.state_dir, RUN_BYTES)
    if binary is None:
        folders.check_room("REDUSE_CACHE_DIR", settings.cache, BUILD_BYTES)
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
    folders.check_root(settings)
    binary = collector.find(settings, recipe)
    if binary is None:
        folders.check_room("REDUSE_CACHE_DIR", settings.cache, BUILD_BYTES)
        what = "balancer" if recipe == collector.BALANCER else "collector"
        steps.run(f"Building the {what} (about five minutes, once)", lambda: collector.build(settings, recipe))
    return binary or collector.cached_path(settings, recipe)


def up(settings: Settings, console: Console, *, load: bool) -> Supervisor:
    """Start everything and return when all twelve rows are live; on any failure, stop what was started."""
    supervisor = Supervisor(settings)
    if supervisor.pid() is not None:
        raise StackError("the stack is already running: see `./reduse status`, or stop it with `./reduse down`.")
    alertmanager.check(settings)
    passthrough.check()
    if left := supervisor.leftovers():
        console.print(f"{leftovers.told(left)} They are ended first.", highlight=False, soft_wrap=True)
        supervisor.stop()
    ports.check_free(settings.ports())
    folders.make_state_folder(settings)
    databases.check_reachable(settings)
    with Steps(console).shown() as steps:
        binary = prepare(settings, steps)
        steps.run("Secrets, configuration and databases", lambda: configure(settings))
        parts = all_parts(settings, binary, load=load)
        collectors = [part for part in parts if part.name in ("agent", "gateway")]
        steps.run("Checking the collector's files", lambda: collector.validate(collectors, settings))
        steps.run("Checking Alertmanager's file", lambda: alertmanager.check_written(settings))
        try:
            steps.run(f"Starting {len(parts)} parts", lambda: start(parts, supervisor, settings))
            steps.run("Waiting for live data in all twelve rows", lambda: wait_until_live(settings, supervisor))
        except BaseException:
            supervisor.stop()
            raise
    return supervisor


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
        databases.forget_dead_server(database, settings)


def start(parts: list[Part], supervisor: Supervisor, settings: Settings) -> None:
    """Start the stores and the pipeline, bring the databases up to date, then start the services on them."""
    supervisor.start(parts)
    still_up = functools.partial(check_parts, supervisor, settings)
    supervisor.start_parts([part for part in parts if part.stage < SERVICES])
    for database in databases.DATABASES:
        databases.provision(database, settings, still_up)
    supervisor.start_parts([part for part in parts if part.stage == SERVICES])
    mes_api = next(part for part in parts if part.name == "mes-api")
    partners.load(settings, mes_api.environment, "See `./reduse logs mes-db`.")
    # Asked earlier, every service would answer 503 until then, and these answers would be its first data.
    broker.wait_until_listening(settings, still_up)
    wait_until_ready(settings, still_up)
    supervisor.start_parts([part for part in parts if part.stage == LOAD])


def wait_until_ready(settings: Settings, still_up: Check) -> None:
    """Wait until each service reaches its database and the broker; the requests are also its first RED data."""
    for part, port, path in (
        ("alertmanager", settings.alertmanager_port, "-/ready"),
        ("shop-api", settings.shop_api_port, "readyz"),
        ("crm-api", settings.crm_api_port, "readyz"),
        ("mes-api", settings.mes_api_port, "readyz"),
    ):
        wait_until_answering(f"http://127.0.0.1:{port}/{path}", part, still_up)


def wait_until_answering(url: str, part: str, still_up: Check) -> None:
    """Wait until this URL of a part answers with 200."""

    def probe() -> str | None:
        try:
            response = httpx.get(url, timeout=5)
        except httpx.HTTPError as error:
            return str(error)
        return None if response.status_code == httpx.codes.OK else f"{response.status_code} {response.text.strip()}"

    wait(probe, READY_SECONDS, lambda answer: f"{url} is not ready ({answer}): see `./reduse logs {part}`.", still_up)


def wait_until_live(settings: Settings, supervisor: Supervisor) -> None:
    """Wait until every row has fresh data in Prometheus, with every part still up."""
    still_up = functools.partial(check_parts, supervisor, settings)

    def probe() -> str | None:
        try:
            failing = [result for result in check.check(client, time.time()) if not result.passed]
        except QueryError as error:
            return str(error)
        return ", ".join(f"{result.row} ({result.title})" for result in failing) or None

    def failure(missing: str) -> str:
        down = [str(process["name"]) for process in supervisor.processes() if process["statename"] != "RUNNING"]
        lines = [
            f"no live data within {LIVE_SECONDS} s for {missing}. Parts not running: {', '.join(down) or 'none'}.",
            *(f"  | {line}" for line in causes.find(client, settings, time.time()).lines()),
            f"Logs: {settings.log_dir}",
        ]
        return "\n".join(lines)

    with PrometheusClient.of(settings) as client:
        wait(probe, LIVE_SECONDS, failure, still_up)
    still_up()
