"""Prometheus: its files unchanged, with the addresses of this stack and the company's rules beside them."""

import json
import shutil
from pathlib import Path

import yaml

from reduse.operation import access
from reduse.settings import secret_files
from reduse.settings.stack import Settings
from reduse.stack import commands, company_files, programs, security


def write_configuration(settings: Settings) -> None:
    """Copy configuration and rules unchanged, and write the targets that `file_sd_configs` reads."""
    folder = directory(settings)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(settings.root / "prometheus", folder, ignore=shutil.ignore_patterns("tests"))
    for name, text in company_files.rules(settings).items():
        (folder / "rules" / name).write_text(text, encoding="utf-8")
    targets = folder / "targets"
    targets.mkdir(exist_ok=True)
    for job, address in addresses(settings).items():
        name = job.removeprefix("collector-").removeprefix("reduse-")
        (targets / f"{name}.json").write_text(json.dumps([{"targets": [address]}]))
    if settings.security:
        _secure(folder / "prometheus.yml", settings)


def addresses(settings: Settings) -> dict[str, str]:
    """Where each part of the pipeline says how it is, host:port by its job in prometheus.yml."""
    ports = {
        "alertmanager": settings.alertmanager_port,
        "collector-agent": settings.agent_metrics_port,
        "collector-gateway": settings.gateway_metrics_port,
        "reduse-processor": settings.processor_metrics_port,
        "prometheus": settings.prometheus_port,
    }
    return {job: f"127.0.0.1:{port}" for job, port in ports.items()}


def _secure(file: Path, settings: Settings) -> None:
    """Ask for a password, and scrape itself with it."""
    configuration = yaml.safe_load(file.read_text())
    itself = next(job for job in configuration["scrape_configs"] if job["job_name"] == "prometheus")
    itself.update(security.prometheus_scrape(settings))
    file.write_text(yaml.safe_dump(configuration, sort_keys=False))
    secret_files.write(access.web_configuration(settings), yaml.safe_dump(security.prometheus_web(settings)))


def check_written(settings: Settings) -> None:
    """Let Prometheus' own tool read what was written. Raises CommandError with what it says."""
    commands.run(
        [str(programs.promtool(settings)), "check", "config", "prometheus.yml"],
        log=settings.log_dir / "prometheus-check.log",
        cure=f"Is it of another version than {programs.prometheus(settings)}?",
        directory=directory(settings),
    )


def directory(settings: Settings) -> Path:
    return settings.run_dir / "prometheus"


def command(settings: Settings) -> list[str]:
    """To be run in `directory(settings)`: the names of rule files are patterns, and a folder's own are none then."""
    return [
        str(programs.prometheus(settings)),
        "--config.file=prometheus.yml",
        f"--storage.tsdb.path={settings.data_dir / 'prometheus'}",
        f"--storage.tsdb.retention.time={settings.retention}",
        f"--web.listen-address=127.0.0.1:{settings.prometheus_port}",
        *([f"--web.config.file={access.web_configuration(settings)}"] if settings.security else []),
        "--web.enable-remote-write-receiver",
        "--log.level=warn",
    ]
