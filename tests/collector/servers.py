"""Collectors and the Prometheus that they write into, as servers on ports of their own."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reduse.yaml_text import write_yaml
from tests.collector.configuration import FOLDER
from tests.ports import free_port
from tests.server import Server


def prometheus(
    folder: Path, configuration: Mapping[str, Any], *, binary: str = "prometheus", **variables: str
) -> Server:
    """One that takes remote writes; its configuration, data and log are put into `folder`."""
    path = folder / "prometheus.yml"
    path.write_text(write_yaml(dict(configuration)), encoding="utf-8")
    command = [
        binary,
        f"--config.file={path}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        "--web.listen-address=127.0.0.1:{port}",
        "--web.enable-remote-write-receiver",
        "--log.level=warn",
    ]
    return Server(command, variables, folder / "prometheus.log")


def victoriametrics(folder: Path, *, binary: str) -> Server:
    """One that takes remote writes; its data and log are put into `folder`."""
    command = [
        binary,
        f"-storageDataPath={folder / 'victoriametrics'}",
        "-httpListenAddr=127.0.0.1:{port}",
        "-search.latencyOffset=0s",
        "-dedup.minScrapeInterval=1ms",
        "-loggerLevel=WARN",
    ]
    return Server(command, {}, folder / "victoriametrics.log")


def is_victoriametrics(program: str) -> bool:
    return Path(program).name.startswith("victoria-metrics")


def collector(binary: Path, name: str, folder: Path, **variables: str) -> Server:
    """The collector of `collector-config/NAME.yaml`; its port is that of OTLP/gRPC."""
    command = [
        str(binary),
        f"--config={FOLDER / name}.yaml",
        "--set=receivers.otlp.protocols.grpc.endpoint=127.0.0.1:{port}",
    ]
    return Server(command, variables, folder / f"{name}-{time.monotonic_ns()}.log")


def gateway(binary: Path, folder: Path, prometheus_url: str, **variables: str) -> Server:
    own = {
        "REDUSE_PROMETHEUS_URL": prometheus_url,
        # A test's outage is nobody's incident.
        "REDUSE_ALERTMANAGER_URL": "",
        "REDUSE_GATEWAY_HEALTH_ENDPOINT": f"127.0.0.1:{free_port()}",
        "REDUSE_GATEWAY_METRICS_PORT": str(free_port()),
    }
    return collector(binary, "gateway", folder, **(own | variables))
