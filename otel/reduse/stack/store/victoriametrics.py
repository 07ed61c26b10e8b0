"""VictoriaMetrics, with vmalert for the rules, which it gets as MetricsQL has them."""

import functools
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from reduse.errors import SettingError, StackError
from reduse.monitoring import metricsql
from reduse.operation.access import AUTHORITY, PASSWORD, STORE_USER, OwnStore, remember
from reduse.settings.stack import Settings, retention_seconds
from reduse.stack import commands, programs, security
from reduse.stack.part import STORES, Part
from reduse.stack.store import building, rules
from reduse.stack.store.interface import Address, Change
from reduse.stack.store.prometheus import write_targets
from reduse.yaml_text import read_yaml, write_yaml

HOUR = 3600
DAY = 24 * HOUR
# Of its caches; by itself it takes three fifths of the machine.
CACHE_BYTES = 500_000_000


class VictoriaMetrics:
    """See `Store`."""

    title = "VictoriaMetrics"
    evaluates = "vmalert"
    idle_ports = frozenset({"REDUSE_PROMETHEUS_PORT"})

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def url(self) -> str:
        return f"{security.scheme(self._settings)}://127.0.0.1:{self._settings.victoriametrics_port}"

    @property
    def _vmalert_url(self) -> str:
        # It has no samples to show, and as Alertmanager it listens without TLS: only this machine reaches it.
        return f"http://127.0.0.1:{self._settings.vmalert_port}"

    @property
    def directory(self) -> Path:
        return self._settings.run_dir / "victoriametrics"

    @property
    def rules(self) -> Path:
        return self.directory / "rules"

    @property
    def addresses(self) -> Sequence[Address]:
        return [
            Address(self.title, f"{self.url}/vmui", self._settings.security),
            Address("vmalert", self._vmalert_url),
        ]

    def check(self) -> None:
        if retention_seconds(self._settings.retention) < DAY:
            raise SettingError(
                f"REDUSE_RETENTION={self._settings.retention}: VictoriaMetrics keeps samples for at least one day; "
                "set another value, or another REDUSE_STORE."
            )

    def packages(self) -> Mapping[str, Path]:
        return {}

    def building(self) -> Mapping[str, Callable[[], object]]:
        return {
            f"Building {program} (about a minute, once)": functools.partial(building.build, self._settings, program)
            for program in (building.STORE, building.VMALERT)
            if self._found(program) is None
        }

    def write_configuration(self) -> None:
        settings = self._settings
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        scrape = self.directory / "scrape.yml"
        shutil.copy(settings.root / "victoriametrics" / scrape.name, scrape)
        own = {"victoriametrics": settings.victoriametrics_port, "vmalert": settings.vmalert_port}
        write_targets(self.directory, settings, own)
        self.write_rules(rules.unchanged)
        if settings.security:
            configuration = read_yaml(scrape.read_text())
            itself = next(job for job in configuration["scrape_configs"] if job["job_name"] == "victoriametrics")
            itself.update(security.store_scrape(settings))
            scrape.write_text(write_yaml(configuration, sort_keys=False))
        remember(settings, OwnStore("victoriametrics", secure=settings.security))

    def write_rules(self, change: Change) -> None:
        # First shorter windows, then MetricsQL, which divides by them.
        rules.write(self._settings, self.rules, lambda text: metricsql.rules(change(text)))

    def check_written(self) -> None:
        checks = {
            building.VMALERT: ["-dryRun", "-rule=rules/*.yaml"],
            building.STORE: ["-dryRun", "-promscrape.config=scrape.yml"],
        }
        for program, arguments in checks.items():
            commands.run(
                [str(self._program(program)), *arguments],
                log=self._settings.log_dir / f"{program}-check.log",
                cure="Is it of another version than victoriametrics/go.mod says?",
                directory=self.directory,
            )

    def parts(self) -> Sequence[Part]:
        lines = {
            "victoriametrics": [str(self._program(building.STORE)), *self._store_flags()],
            "vmalert": [str(self._program(building.VMALERT)), *self._vmalert_flags()],
        }
        return [
            Part(
                name, STORES, command, directory=self.directory, owns=self._owned(name), reads=self._private_files(name)
            )
            for name, command in lines.items()
        ]

    def _owned(self, name: str) -> tuple[Path, ...]:
        return (self._settings.data_dir / name,) if name == "victoriametrics" else ()

    def _private_files(self, name: str) -> tuple[Path, ...]:
        """Those of its scrape file; the others are in the command."""
        secured = self._settings.security and name == "victoriametrics"
        return security.store_secrets(self._settings) if secured else ()

    def _program(self, name: str) -> Path:
        program = self._found(name)
        if program is None:
            raise StackError(f"{name} is not built: `./reduse up --store victoriametrics` builds it.")
        return program

    def _found(self, name: str) -> Path | None:
        named = {building.STORE: programs.victoriametrics, building.VMALERT: programs.vmalert}[name]
        return named(self._settings) or building.find(self._settings, name)

    def _store_flags(self) -> Sequence[str]:
        settings = self._settings
        return [
            f"-storageDataPath={settings.data_dir / 'victoriametrics'}",
            f"-retentionPeriod={math.ceil(retention_seconds(settings.retention) / HOUR)}h",
            f"-httpListenAddr=127.0.0.1:{settings.victoriametrics_port}",
            "-promscrape.config=scrape.yml",
            # What is asked for now is answered with what there is now.
            "-search.latencyOffset=0s",
            # A batch that is sent again is one and not two.
            "-dedup.minScrapeInterval=1ms",
            f"-memory.allowedBytes={CACHE_BYTES}",
            # /api/v1/rules and /api/v1/alerts are asked of the store, as of Prometheus.
            f"-vmalert.proxyURL={self._vmalert_url}",
            "-loggerLevel=WARN",
            *security.victoriametrics_flags(settings),
        ]

    def _vmalert_flags(self) -> Sequence[str]:
        settings = self._settings
        access = [
            flag
            for to in ("datasource", "remoteWrite", "remoteRead")
            for flag in (
                f"-{to}.url={self.url}",
                *(_secured(to, settings) if settings.security else ()),
            )
        ]
        return [
            "-rule=rules/*.yaml",
            f"-httpListenAddr=127.0.0.1:{settings.vmalert_port}",
            f"-external.url={self._vmalert_url}",
            f"-notifier.url=http://127.0.0.1:{settings.alertmanager_port}",
            *access,
            # As in prometheus.yml.
            "-evaluationInterval=5s",
            # It would ask for what was half a minute ago, and write what it recorded two seconds later.
            "-rule.evalDelay=0s",
            "-remoteWrite.flushInterval=200ms",
            # Alertmanager takes an alert for resolved after four times as long: groups of a second are too hasty.
            "-rule.resendDelay=15s",
            # Labels are those that the rules give.
            "-disableAlertgroupLabel",
            "-loggerLevel=WARN",
        ]


def _secured(to: str, settings: Settings) -> Sequence[str]:
    return [
        f"-{to}.tlsCAFile={settings.certificates_dir / AUTHORITY}",
        f"-{to}.basicAuth.username={STORE_USER}",
        f"-{to}.basicAuth.passwordFile={settings.secrets_dir / PASSWORD}",
    ]
