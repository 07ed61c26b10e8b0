"""The collector's files, and that of the Prometheus behind it, read as data."""

from pathlib import Path
from typing import Any

from reduse.yaml_text import read_yaml

FOLDER = Path(__file__).parents[2] / "collector-config"
BUILDER = FOLDER / "builder.yaml"
PROGRAM = FOLDER.parent / "collector" / "otelcol"
AGENT = FOLDER / "agent.yaml"
AGENT_DOCKER = FOLDER / "agent-docker.yaml"
COMPANY = FOLDER.parent / "company" / "generated" / "agent.yaml"
"""What the agent of the reference company reads by itself, laid over `agent.yaml`."""
GATEWAY = FOLDER / "gateway.yaml"
AGENT_KAFKA = FOLDER / "agent-kafka.yaml"
GATEWAY_KAFKA = FOLDER / "gateway-kafka.yaml"
PROMETHEUS = FOLDER.parent / "prometheus" / "prometheus.yml"


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = read_yaml(path.read_text(encoding="utf-8"))
    return document
