"""Bring the whole stack up, from nothing to live rows; leave nothing half-started behind."""

import functools
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console

from reduse import web_client
from reduse.errors import StackError
from reduse.operation import certificates
from reduse.settings import passthrough
from reduse.settings.stack import Settings
from reduse.stack import (
    alertmanager,
    broker,
    collector,
    company_files,
    company_processes,
    compiled,
    credentials,
    databases,
    folders,
    grafana,
    identity,
    least_privilege,
    leftovers,
    live,
    packages,
    ports,
    rendered,
    requirements,
    security,
)
from reduse.stack.console import address as console_address
from reduse.stack.installation import Installation
from reduse.stack.kafka import elsewhere, elsewhere_topics, jars, topics
from reduse.stack.kafka import server as kafka
from reduse.stack.part import LOAD, SERVICES, STORES, Part
from reduse.stack.parts import all_parts
from reduse.stack.staying import check_parts
from reduse.stack.steps import Steps
from reduse.stack.store.chosen import chosen
from reduse.stack.supervision import Supervisor
from reduse.stack.waiting import Check, wait

READY_SECONDS = 60
BUILD_BYTES = 4 * 2**30
RUN_BYTES = 2**30


def prepare(settings: Settings, steps: Steps, wanted: Mapping[str, Path]) -> Path:
    """Install the Debian packages `wanted` and build the collector, where missing; return the collector."""
    folders.check_root(settings)
    missing = packages.missing(wanted)
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
        work["Building the collector (some minutes, once)"] = functools.partial(collector.build, settings)
    if building := chosen(settings).building():
        folders.check_room("REDUSE_CACHE_DIR", settings.cache, BUILD_BYTES)
        work |= building
    if work:
        steps.together(work)
    if settings.starts_kafka:
        prepare_kafka(settings, steps)
    return binary or collector.cached_path(settings)


def prepare_kafka(settings: Settings, steps: Steps) -> Path:
    """Fetch the jars of Kafka, where they are missing, and return their folder; the packages for it are installed."""
    found = jars.find(settings)
    if found is None:
        folders.check_room("REDUSE_CACHE_DIR", settings.cache, jars.BYTES)
        found = steps.run("Fetching Kafka (45 MB, once)", lambda: jars.fetch(settings))
    kafka.check_java(settings)
    return found


def prepare_tests(settings: Settings, steps: Steps) -> None:
    """Install what only the tests need, where it is missing."""
    if missing := packages.missing(packages.TEST_PACKAGES):
        steps.run(
            f"Installing Debian packages: {', '.join(missing)}",
            lambda: packages.install(missing, settings.log_dir / "packages.log"),
        )


def prepare_collector(settings: Settings, steps: Steps) -> Path:
    """Build the collector, where it is missing."""
    folders.check_root(settings)
    binary = collector.find(settings)
    if binary is None:
        folders.check_room("REDUSE_CACHE_DIR", settings.cache, BUILD_BYTES)
        steps.run("Building the collector (some minutes, once)", lambda: collector.build(settings))
    return binary or collector.cached_path(settings)


def up(installation: Installation, console: Console, *, load: bool) -> Supervisor:
    """Start everything and return when all that can be expected is live; on any failure, stop what was started."""
    settings = installation.settings
    supervisor = Supervisor(settings)
    if supervisor.pid() is not None:
        raise StackError("the stack is already running: see `./reduse status`, or stop it with `./reduse down`.")
    # Every mistake of the company's file at once, before anything is made.
    company_files.company(settings)
    store = chosen(settings)
    store.check()
    alertmanager.check(settings)
    passthrough.check(kafka=settings.kafka)
    # Handed on to the parts.
    web_client.check_authorities()
    if settings.starts_kafka:
        elsewhere.check_idle()
    elif settings.kafka:
        elsewhere.client(settings)
    wanted = requirements.required(installation)
    if left := supervisor.leftovers():
        console.print(f"{leftovers.told(left)} They are ended first.", highlight=False, soft_wrap=True)
        supervisor.stop()
    idle = store.idle_ports | (frozenset() if settings.starts_kafka else kafka.IDLE_PORTS)
    of_workers = settings.ports_of_workers() if settings.kafka else {}
    ports.check_free({name: port for name, port in installation.ports().items() if name not in idle} | of_workers)
    folders.make_state_folder(settings)
    if identity.privileged():
        folders.check_open_to_parts(installation)
    with Steps(console).shown() as steps:
        if settings.kafka and not settings.starts_kafka:
            steps.run(
                f"Topics of Kafka at {settings.kafka_brokers}",
                lambda: elsewhere_topics.ensure(settings, elsewhere.client(settings)),
            )
        binary = prepare(settings, steps, wanted)
        steps.run("Secrets and configuration", lambda: configure(installation))
        if identity.privileged():
            steps.run("Compiling the processor (half a minute, once)", lambda: compiled.provide(settings))
        parts = all_parts(installation, binary, load=load)
        set_up = list(company_processes.set_up_commands(installation))
        collectors = [part for part in parts if part.name in ("agent", "gateway")]
        steps.run("Checking the collector's files", lambda: collector.validate(collectors, settings))
        steps.run(f"Checking the files of {store.title}", store.check_written)
        steps.run("Checking Alertmanager's file", lambda: alertmanager.check_written(settings))
        since = time.time()
        try:
            steps.run(
                f"Starting {len(parts)} parts",
                lambda: start(*restricted(parts, set_up, settings), supervisor, installation),
            )
            steps.run(live.title(installation), lambda: live.wait_until_live(installation, supervisor, since))
        except BaseException:
            supervisor.stop()
            raise
    return supervisor


def configure(installation: Installation) -> None:
    """Write all that the parts read at their start. What is there already is kept, but for configuration."""
    settings = installation.settings
    least_privilege.make_folders(settings)
    settings.remembered_watch_file.write_text(str(settings.watch_file), encoding="utf-8")
    company_files.write(settings)
    credentials.create_all(installation, settings.log_dir / "setup.log")
    for server in installation.processes.brokers:
        broker.write_configuration(server, installation)
    if settings.security:
        certificates.ensure(settings.certificates_dir, hosts=(), now=datetime.now(UTC))
        security.write_store_credentials(settings)
    if settings.kafka and not settings.starts_kafka:
        elsewhere.write_password(settings)
    if settings.starts_kafka:
        if settings.security:
            credentials.create(settings.secrets_dir, security.KAFKA_PASSWORDS)
        kafka.write_configuration(settings, kafka.libraries(settings))
    chosen(settings).write_configuration()
    alertmanager.write_configuration(settings)
    rendered.keep(settings)
    grafana.write_configuration(settings)
    for database in installation.processes.databases:
        databases.initialise(database, installation)
        databases.forget_dead_server(database, settings)


def restricted(parts: list[Part], set_up: list[Part], settings: Settings) -> tuple[list[Part], list[Part]]:
    """Both with the identities of their parts: those of set-up commands are known with the others."""
    found = least_privilege.restricted([*parts, *set_up], settings)
    return found[: len(parts)], found[len(parts) :]


def start(parts: list[Part], set_up: list[Part], supervisor: Supervisor, installation: Installation) -> None:
    """Start the stores and the pipeline, bring the databases up to date, then start the services on them."""
    supervisor.start(parts)
    still_up = functools.partial(check_parts, supervisor, installation.settings)
    supervisor.start_parts([part for part in parts if part.stage == STORES])
    if installation.settings.starts_kafka:
        topics.ensure(installation.settings, security.kafka_client(installation.settings), still_up)
    supervisor.start_parts([part for part in parts if STORES < part.stage < SERVICES])
    for database in installation.processes.databases:
        databases.provision(database, installation, still_up)
    supervisor.start_parts([part for part in parts if part.stage == SERVICES])
    company_processes.set_up(set_up, installation)
    # Asked earlier, every service would answer 503 until then, and these answers would be its first data.
    for server in installation.processes.brokers:
        broker.wait_until_listening(server, installation, still_up)
    wait_until_ready(installation, still_up)
    supervisor.start_parts([part for part in parts if part.stage == LOAD])


def wait_until_ready(installation: Installation, still_up: Check) -> None:
    """Wait until each service reaches what it needs; the requests are also its first RED data."""
    wait_until_answering(
        f"http://127.0.0.1:{installation.settings.alertmanager_port}/-/ready", "alertmanager", still_up
    )
    wait_until_answering(f"{console_address(installation.settings).url}/healthz", "console", still_up)
    for service in installation.processes.services:
        if service.ready is not None:
            wait_until_answering(f"{installation.url(service.name)}{service.ready}", service.name, still_up)


def wait_until_answering(url: str, part: str, still_up: Check) -> None:
    """Wait until this URL of a part answers with 200."""

    def probe() -> str | None:
        try:
            response = web_client.ask_own(url, timeout=5)
        except httpx.HTTPError as error:
            return str(error)
        return None if response.status_code == httpx.codes.OK else f"{response.status_code} {response.text.strip()}"

    wait(probe, READY_SECONDS, lambda answer: f"{url} is not ready ({answer}): see `./reduse logs {part}`.", still_up)
