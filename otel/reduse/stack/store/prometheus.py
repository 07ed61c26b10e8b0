"""Prometheus: its files unchanged, with the addresses of this stack beside them."""

import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from reduse.operation.access import OwnStore, remember
from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack import commands, packages, programs, security
from reduse.stack.part import STORES, Part
from reduse.stack.store import rules
from reduse.stack.store.interface import Address, Change
from reduse.yaml_text import read_yaml, write_yaml

PROCESSORS = "reduse-processor"
# Before each start, also that of the supervisor after a crash; when it cannot be done, Prometheus starts all the same.
_WITHOUT_TORN_RECORDS = '"$0" -m reduse.stack.store.torn_log "$1"; shift; exec "$@"'


class Prometheus:
    """See `Store`."""

    title = "Prometheus"
    evaluates = "prometheus"
    idle_ports = frozenset({"REDUSE_VICTORIAMETRICS_PORT", "REDUSE_VMALERT_PORT"})

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def url(self) -> str:
        return f"{security.scheme(self._settings)}://127.0.0.1:{self._settings.prometheus_port}"

    @property
    def directory(self) -> Path:
        return self._settings.run_dir / "prometheus"

    @property
    def rules(self) -> Path:
        return self.directory / "rules"

    @property
    def addresses(self) -> Sequence[Address]:
        return [Address(self.title, f"{self.url}/graph", self._settings.security)]

    def check(self) -> None:
        """Nothing that the settings themselves have not looked at."""

    def packages(self) -> Mapping[str, Path]:
        settings = self._settings
        return {"prometheus": packages.first_lacking(programs.prometheus(settings), programs.promtool(settings))}

    def building(self) -> Mapping[str, Callable[[], object]]:
        return {}

    def write_configuration(self) -> None:
        """Copy configuration and rules unchanged, and write the targets that `file_sd_configs` reads."""
        settings = self._settings
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.copytree(settings.root / "prometheus", self.directory, ignore=shutil.ignore_patterns("tests", "rules"))
        self.write_rules(rules.unchanged)
        write_targets(self.directory, settings, {"prometheus": settings.prometheus_port})
        if settings.security:
            self._secure(self.directory / "prometheus.yml")
        remember(settings, OwnStore("prometheus", secure=settings.security))

    def write_rules(self, change: Change) -> None:
        rules.write(self._settings, self.rules, change)

    def _secure(self, file: Path) -> None:
        """Ask for a password, and scrape itself with it."""
        configuration = read_yaml(file.read_text())
        itself = next(job for job in configuration["scrape_configs"] if job["job_name"] == "prometheus")
        itself.update(security.store_scrape(self._settings))
        file.write_text(write_yaml(configuration, sort_keys=False))
        secret_files.write(self._web, write_yaml(security.prometheus_web(self._settings)))

    @property
    def _web(self) -> Path:
        """`--web.config.file`, where security is on."""
        return self.directory / "web.yml"

    def check_written(self) -> None:
        program = programs.promtool(self._settings)
        commands.run(
            [str(program), "check", "config", "prometheus.yml"],
            log=self._settings.log_dir / "prometheus-check.log",
            cure=f"Is it of another version than {programs.prometheus(self._settings)}?",
            directory=self.directory,
        )

    def parts(self) -> Sequence[Part]:
        settings = self._settings
        data = settings.data_dir / "prometheus"
        command = [
            *["/bin/sh", "-c", _WITHOUT_TORN_RECORDS, sys.executable, str(data)],
            str(programs.prometheus(settings)),
            "--config.file=prometheus.yml",
            f"--storage.tsdb.path={data}",
            f"--storage.tsdb.retention.time={settings.retention}",
            f"--web.listen-address=127.0.0.1:{settings.prometheus_port}",
            *([f"--web.config.file={self._web}"] if settings.security else []),
            "--web.enable-remote-write-receiver",
            "--log.level=warn",
        ]
        # In its folder: the names of rule files are patterns, and a folder's own are none then.
        return [
            Part(
                "prometheus",
                STORES,
                command,
                directory=self.directory,
                owns=(data,),
                reads=self._private_files() if settings.security else (),
            )
        ]

    def _private_files(self) -> tuple[Path, ...]:
        certificates = self._settings.certificates_dir
        own = (certificates / "prometheus.crt", certificates / "prometheus.key")
        return self._web, *own, *security.store_secrets(self._settings)


def write_targets(folder: Path, settings: Settings, own: Mapping[str, int]) -> None:
    """The files that `file_sd_configs` reads: where each part says how it is, and `own` ports of the store."""
    targets = folder / "targets"
    targets.mkdir(exist_ok=True)
    found = {job: [address] for job, address in addresses(settings, own).items()}
    found[PROCESSORS] += [f"127.0.0.1:{settings.worker_port(number)}" for number in range(2, settings.workers + 1)]
    for job, of_job in found.items():
        name = job.removeprefix("collector-").removeprefix("reduse-")
        (targets / f"{name}.json").write_text(json.dumps([{"targets": of_job}]))


def addresses(settings: Settings, own: Mapping[str, int]) -> dict[str, str]:
    """host:port of each part of the pipeline, by its job in prometheus.yml, and of the store's `own`."""
    ports = {
        "alertmanager": settings.alertmanager_port,
        "collector-agent": settings.agent_metrics_port,
        "collector-gateway": settings.gateway_metrics_port,
        PROCESSORS: settings.processor_metrics_port,
        **own,
    }
    return {job: f"127.0.0.1:{port}" for job, port in ports.items()}
